"""Every published example of docs/validation.md, by its case id, and the page itself."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SPEC = importlib.util.spec_from_file_location("validation", ROOT / "docs" / "validation.py")
validation = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(validation)
CASES = validation.cases()


@pytest.mark.parametrize("case", CASES, ids=[f"{c.id} {c.what}" for c in CASES])
def test_case(case):
    computed = float(case.compute())
    if case.status != "U":
        assert validation.inside(case, computed), f"computed {computed:.6g}, published {case.published:.6g}"


def test_validation_page_is_current():
    have = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    assert have == validation.page(), "docs/validation.md is out of date: python docs/validation.py"


def test_every_case_has_a_known_status_and_a_source():
    assert {c.status for c in CASES} <= set(validation.STATUS)
    assert all(c.source for c in CASES)


@pytest.mark.parametrize(
    ("tolerance", "computed", "good"),
    [(0.01, 10.1, True), (0.01, 10.2, False), ("±1", 11, True), ("±1", 11.1, False), ("0.5-2", 5, True)],
)
def test_tolerances(tolerance, computed, good):
    case = validation.Case("X", "", 10.0, tolerance, "V", float)
    assert validation.inside(case, computed) is good
