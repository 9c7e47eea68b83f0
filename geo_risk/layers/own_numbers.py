"""The user's own numbers in place of built-in ones: a CSV read as text, checked where it is used."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd

from ..errors import InputError
from .encoding import decode


def read_own(path: Path, key: str, header: str) -> pd.DataFrame:
    """
    The rows of the file a setting ``key`` names, all cells text, "" where empty; empty lines are left out at the
    end only. ``header`` says how its first line begins.

    Raises
    ------
    InputError
        If the file is missing, has no header, or a row has more cells than the header.
    """
    try:
        text = decode(path.read_bytes(), path.name)[0]
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read ({error.strerror}). Correct {key}.") from None
    rows = list(csv.reader(io.StringIO(text)))
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise InputError(f"{path.name}: is empty. Its first line names the columns: {header}")
    head = [cell.strip() for cell in rows[0]]
    for k, row in enumerate(rows[1:], start=2):
        if len(row) > len(head):
            raise InputError(
                f"{path.name} row {k}: {len(row)} cells under {len(head)} columns. Quote cells with commas."
            )
    cells = [[c.strip() for c in row] + [""] * (len(head) - len(row)) for row in rows[1:]]
    return pd.DataFrame(cells, columns=head, dtype=object)


def read_scenarios(path: Path) -> pd.DataFrame:
    """`read_own` of [risk] scenarios."""
    return read_own(path, "[risk] scenarios", "source_id, scenario, ...")
