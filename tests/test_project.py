"""The project itself: contracts, documentation, size, and what it must not say."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "geo_risk"


def tool(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_point_downwards():
    program = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr


def test_lint():
    tool("ruff", "check", ".")
    tool("ruff", "format", "--check", ".")


def test_types():
    tool("mypy")


def test_no_module_over_500_lines():
    long = {str(p): n for p in PACKAGE.rglob("*.py") if (n := len(p.read_text(encoding="utf-8").splitlines())) > 500}
    assert not long


def test_documentation_is_up_to_date():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    for page, text in (("settings.md", generate.settings_page()), ("tables.md", generate.tables_page())):
        have = (ROOT / "docs" / page).read_text(encoding="utf-8")
        assert have == text, f"docs/{page} is out of date: python docs/generate.py"


def test_links_in_the_documents_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert target.startswith("http") or (page.parent / target).exists(), f"{page.name}: {target}"


def test_help_is_quick():
    """The heavy libraries are not imported; best of three."""
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "geo_risk", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    heavy = ("pandas", "geopandas", "numpy", "shapely", "rasterio", "osmnx", "flask", "scipy")
    assert not [name for name in heavy if re.search(rf"\| +{name}\n", loaded.stderr)]

    def seconds() -> float:
        began = processor_seconds()
        subprocess.run([sys.executable, "-m", "geo_risk", "--help"], cwd=ROOT, check=True, capture_output=True)
        return processor_seconds() - began

    def processor_seconds() -> float:
        return sum(os.times()[2:4])  # of the children: the wall clock tells what else the machine does

    assert min(seconds() for _ in range(3)) < 0.5


@pytest.mark.parametrize("name", ["Region", "GeoRiskError", "demo", "init", "__version__"])
def test_public_names(name):
    import geo_risk

    assert name in geo_risk.__all__
    assert getattr(geo_risk, name)
    assert sorted(geo_risk.__all__) == sorted(["Region", "GeoRiskError", "demo", "init", "__version__"])
