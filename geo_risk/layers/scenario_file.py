"""The user's own frequencies, quantities and switches of the risk sum: read as text, checked where they are used."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd

from ..errors import InputError
from .encoding import decode


def read_scenarios(path: Path) -> pd.DataFrame:
    """
    The rows of [risk] scenarios, all cells text, "" where empty; empty lines are left out at the end only.

    Raises
    ------
    InputError
        If the file is missing, has no header, or a row has more cells than the header.
    """
    try:
        text = decode(path.read_bytes(), path.name)[0]
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read ({error.strerror}). Correct [risk] scenarios.") from None
    rows = list(csv.reader(io.StringIO(text)))
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise InputError(f"{path.name}: is empty. Its first line names the columns: source_id, scenario, ...")
    head = [cell.strip() for cell in rows[0]]
    for k, row in enumerate(rows[1:], start=2):
        if len(row) > len(head):
            raise InputError(
                f"{path.name} row {k}: {len(row)} cells under {len(head)} columns. Quote cells with commas."
            )
    cells = [[c.strip() for c in row] + [""] * (len(head) - len(row)) for row in rows[1:]]
    return pd.DataFrame(cells, columns=head, dtype=object)
