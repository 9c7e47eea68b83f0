"""Every notebook runs from top to bottom, and is stored without outputs."""

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook(path, built_page, monkeypatch):
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in notebook.cells)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *(p for p in sys.path if p)]))
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [o for o in outputs if o.output_type == "error"]
    page = outputs[-1]["data"]["text/html"]
    assert "L.map(" in page
    assert 'src="http' not in page


def test_there_are_notebooks():
    assert NOTEBOOKS
