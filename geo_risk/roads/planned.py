"""The plans that region.toml asks for, as steps of a run: new stations and hazmat parking lots on the published map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from ..errors import GeoRiskError, SettingsError
from ..manifest import Step
from ..pipeline.files import SHARED_CODE, tables, write_tables
from ..pipeline.publish import plan_tables
from ..region import Region
from ..siting.ground import Ground

_CODE = ("roads", "siting", "routing", "analysis", "standards", "pipeline", "answers.py", *SHARED_CODE)
_DATA = (".parquet", ".npz", ".tif")


def plan_steps(region: Region, before: Sequence[Step]) -> list[Step]:
    """A step for each plan asked for under [stations] and [parking]; it reads what the steps ``before`` write."""
    reads = tuple(path for step in before for path in step.writes if path.suffix in _DATA)
    reads += (region.build / "frame.json", region.build / "grid.json")
    makers = {"stations": _stations, "parking": _parking}
    steps = []
    for name, written in plan_tables(region).items():
        asked = getattr(region.settings, name)
        files = (region.folder / asked.candidates,) if asked.candidates else ()
        settings = [asdict(asked), asdict(region.settings.rescue), asdict(region.settings.hazmat)]
        run = partial(_made, region, name, makers[name])
        steps.append(Step(name, run, (*reads, *files), tables(region, *written), settings, _CODE))
    return steps


def _made(region: Region, name: str, make: Callable[[Region], None]) -> None:
    try:
        make(region)
    except SettingsError:
        raise
    except GeoRiskError as error:
        raise SettingsError(
            f"the plan under [{name}] cannot be made: {error} Or take [{name}] out of region.toml."
        ) from error


def _stations(region: Region) -> None:
    from .asked import Question
    from .stations import stations

    own = region.settings.stations
    asked = Question(own.add, own.minutes, own.kind, own.model, backup=own.backup)
    plan = stations(Ground(region), asked, _file(region, own.candidates))
    write_tables(region, stations_plan=plan.sites, coverage_after=plan.coverage)


def _parking(region: Region) -> None:
    from .asked import Wanted
    from .parking import parking

    own = region.settings.parking
    asked = Wanted(own.sites, own.bays, own.near)
    write_tables(region, parking_plan=parking(Ground(region), asked, _file(region, own.candidates)).sites)


def _file(region: Region, name: str) -> Path | None:
    return region.folder / name if name else None
