"""The setback rules of a region: the library, the user's own rows, what is switched on; and the report of own files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .. import store
from ..errors import SettingsError
from ..manifest import Step
from ..region import Region
from .dangers import as_of
from .files import SHARED_CODE

if TYPE_CHECKING:
    import pandas as pd

    from ..layers.quality import FileReport

CODE = ("pipeline/rules.py", "layers", "analysis", "standards", *SHARED_CODE)


def own_files(region: Region) -> tuple[tuple[Path, str | None], ...]:
    """
    The files of [setbacks] own_rules, each with the sheet or sublayer named behind a #.

    Raises
    ------
    SettingsError
        If one is not there.
    """
    out: list[tuple[Path, str | None]] = []
    for written in region.settings.setbacks.own_rules:
        file, _, part = written.rpartition("#")
        whole = (region.folder / written).exists() or not file
        path = region.folder / (written if whole else file)
        if not path.exists():
            raise SettingsError(f'[setbacks] own_rules: there is no file {path}. Write own_rules = ["inputs/FILE"].')
        out.append((path, None if whole else part))
    return tuple(out)


def own_rules_steps(region: Region) -> list[Step]:
    """The step that reports on the own rules; none where there are none."""
    files = tuple(path for path, _ in own_files(region))
    if not files:
        return []
    quality = region.build / "quality" / "own_rules.json"
    given = list(region.settings.setbacks.own_rules)
    return [Step("import own_rules", lambda: _report(region, quality), files, (quality,), given, CODE)]


def _report(region: Region, path: Path) -> None:
    from ..layers.quality import quality_json

    store.write_json(path, quality_json(own_rules(region)[1]))


def own_rules(region: Region) -> tuple[pd.DataFrame, list[FileReport]]:
    """The usable own rules and a report of each file; see `layers.own_rules.load_rules`."""
    from ..analysis.rule_sets import known_classes, rule_library
    from ..layers.own_rules import Classes, load_rules

    return load_rules(own_files(region), rule_library(), Classes.of(known_classes()))


def region_rules(region: Region) -> tuple[pd.DataFrame, int]:
    """
    Every rule of the library and of the region, with why it is not applied (schema: rules); own rows rejected.

    Rules are dated by the data date; where that is not known, dates decide nothing.
    """
    from ..analysis.rule_sets import rule_library, rules_for, with_own
    from ..schema import RESULTS

    settings, rules, rejected = region.settings.setbacks, rule_library(), 0
    if settings.own_rules:
        own, reports = own_rules(region)
        rules, rejected = with_own(rules, own), sum(r.rows_rejected for r in reports)
    found = rules_for(rules, standards=settings.standards, off=settings.off, day=as_of(region))
    return found.reindex(columns=list(RESULTS["rules"].names)), rejected


def rules_told(region: Region, *, classes: bool) -> pd.DataFrame:
    """
    The rules of a region by standard (schema: rule_sets), with ``attrs["rejected"]``: own rows that cannot be used.

    With ``classes`` instead what own rules may name: class, side (source, target), name_zh, shown (whether a layer can
    be it) and words.
    """
    from ..analysis.rule_sets import known_classes, rule_sets

    if classes:
        return known_classes()
    rules, rejected = region_rules(region)
    told = rule_sets(rules)
    told.attrs["rejected"] = rejected
    return told


def setback_rules(region: Region) -> pd.DataFrame:
    """The rules that apply in a region."""
    rules, _ = region_rules(region)
    return rules[rules["switched"] == ""]
