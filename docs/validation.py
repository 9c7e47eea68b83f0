"""Write docs/validation.md: every published case beside what the models compute; a test fails when it is out of date.

The cases are in docs/validation_cases/, one file a part, each with a list ``CASES`` of `Case` or of
plain tuples of the same order.
"""

from __future__ import annotations

import importlib.util
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
STATUS = {"V": "verified", "M": "recalled, confident", "U": "recalled, unsure: reported only"}


class Case(NamedTuple):
    """
    One published number and how to compute it.

    ``tolerance`` is relative (0.01), or "±1" in the case's unit, or a range of the ratio computed /
    published ("0.5-2", for field trials and criteria). ``status`` is V, M or U.
    """

    id: str
    what: str
    published: float
    tolerance: float | str
    status: str
    compute: Callable[[], float]
    source: str = ""


def cases() -> list[Case]:
    """All cases, file by file in the order of their names."""
    return [Case(*row) for path in sorted((HERE / "validation_cases").glob("*.py")) for row in _load(path).CASES]


def inside(case: Case, computed: float) -> bool:
    """Whether ``computed`` is as near to the published value as the case asks."""
    if isinstance(case.tolerance, str):
        if case.tolerance.startswith("±"):
            return abs(computed - case.published) <= float(case.tolerance[1:]) * (1 + 1e-9)
        low, high = map(float, re.fullmatch(r"([\d.]+)-([\d.]+)", case.tolerance).groups())
        return low <= computed / case.published <= high
    return math.isclose(computed, case.published, rel_tol=max(case.tolerance, 1e-12))


def page() -> str:
    """docs/validation.md."""
    rows = [(case, float(case.compute())) for case in cases()]
    gates = [inside(case, value) for case, value in rows if case.status != "U"]
    lines = [
        "# Models against published values",
        "",
        "Made by `docs/validation.py` from `docs/validation_cases/`. Each line is a test: a printed example, a field",
        "trial or another program's result, what geo_risk computes, and how near it must come. A tolerance such as",
        "0.5-2 is a range of computed / published, for field trials.",
        "",
        "Departure from the workbook of Britter & McQuaid: its lateral extent 2.5 (lb x2)^(1/3) counts as the whole",
        "width of a heavy plume, without the film of 8 lb about the source, as its own balance of mass has it (reason",
        "and evidence in [clouds](clouds.md)). Peer: half widths of nine jets 0.8 to 2.5 times those of slabx 1.0.7.",
        "Trial: Burro 8, case FF-2; the observed width is recalled: reported only.",
        "",
        "Status: " + ", ".join(f"{mark} = {meaning}" for mark, meaning in STATUS.items()) + ".",
        "",
        f"**{sum(gates)} of {len(gates)} cases inside their tolerance**; {len(rows) - len(gates)} more only reported.",
        "",
        "| case | quantity | published | computed | tolerance | status | inside | source |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case, value in rows:
        verdict = "yes" if inside(case, value) else "no"
        cells = (
            case.id,
            case.what,
            f"{case.published:.5g}",
            f"{value:.5g}",
            _tolerance(case),
            case.status,
            verdict,
            case.source,
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _tolerance(case: Case) -> str:
    if isinstance(case.tolerance, str):
        return case.tolerance
    return f"{case.tolerance * 100:g} %" if case.tolerance else "exact"


def _load(path: Path):
    spec = importlib.util.spec_from_file_location(f"validation_cases_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    (HERE / "validation.md").write_text(page(), encoding="utf-8", newline="\n")
