"""What the command line offers, as Python: ``geo_risk.Region("linlan").setbacks()``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import answers, documents, pipeline, region, siting, store
from .errors import InputError, RegionError, SettingsError
from .export import export_table
from .manifest import StepResult, run_steps
from .pipeline import history, roads
from .pipeline.history import Snapshot
from .pipeline.rules import rules_told
from .pipeline.verify import verify_findings
from .region import hour_of, lonlat_of
from .roads import plans
from .roads.planned import plan_steps

if TYPE_CHECKING:
    import flask
    import folium
    import geopandas as gpd
    import pandas as pd

    from .analysis.qra.report import Accident
    from .parallel import Progress
    from .pipeline.compare import Comparison
    from .roads.hazmat import HazmatRoutes
    from .roads.parking import ParkingPlan
    from .roads.rescue import Rescue
    from .roads.stations import StationPlan
    from .siting.answer import Siting
    from .siting.search import Sites

Report = Callable[[StepResult], None]


def _quiet(result: object) -> None:
    """Report nothing."""


class Region(region.Region):
    """A region folder and everything that can be asked of it; each command is one method."""

    def run(
        self,
        steps: Sequence[str] = (),
        *,
        workers: int | None = None,
        report: Report = _quiet,
        starting: Callable[[str], None] = _quiet,
    ) -> list[StepResult]:
        """
        Bring the results up to date: all steps, or the named ones and what they need.

        Raises
        ------
        GeoRiskError
            For anything wrong with settings or inputs; the previous results stay as they were.
        """
        of = partial(pipeline.steps, self.folder, workers=workers, plans=plan_steps)
        results = run_steps(self.folder, lambda build: of(build), only=steps, report=report, starting=starting)
        for cached in ("frame", "grid"):
            self.__dict__.pop(cached, None)
        return results

    def check(self, *, report: Report = _quiet) -> dict[str, Any]:
        """
        Import the inputs and return the quality report: rows read, kept, rejected and repaired, and what to do first.

        Raises
        ------
        GeoRiskError
            What makes inputs unusable, of all files at once (`errors.SeveralErrors` where there are several).
        """
        self.run(["quality"], report=report)
        return store.read_json(self.build / "quality.json")

    def setbacks(self, *, report: Report = _quiet) -> gpd.GeoDataFrame:
        """Findings between hazard sources, pipelines and what must be kept clear of them (schema: findings)."""
        self.run(["setbacks"], report=report)
        return self.table("findings")

    def verify(self, findings: str | Path | None = None, *, report: Report = _quiet) -> pd.DataFrame:
        """
        Setback findings worked out again by separate code: one row a difference, none if all agree.

        ``findings`` is a Parquet file of findings; the region's own where None.
        """
        self.run(["setbacks"], report=report)
        return verify_findings(self, findings)

    def siting_check(self, project: str | Path, **options: Any) -> Siting:
        """Whether a project may stand where it is drawn; ``options`` are those of `siting.siting_check`."""
        return siting.siting_check(self, project, **options)

    def siting_search(self, kind: str, **options: Any) -> Sites:
        """Where a project of a kind could stand; ``options`` are those of `siting.siting_search`."""
        return siting.siting_search(self, kind, **options)

    def rules(self, *, classes: bool = False) -> pd.DataFrame:
        """The setback rules by standard, or what own rules may name; see `pipeline.rules.rules_told`. Runs nothing."""
        return rules_told(self, classes=classes)

    def explain(self, place: str) -> dict[str, Any]:
        """Why a place has its colour: index, grade, and each source's share, summing to 100 %."""
        return answers.explain(self, *self.locate(place))

    def accident(
        self,
        source: str,
        *,
        scenario: str | None = None,
        wind: tuple[float, float] | None = None,
        at: str = "12:00",
        to: str | Path | None = None,
    ) -> Accident:
        """
        One accident: zones, people and places inside, neighbours it may reach, who comes and when.

        Parameters
        ----------
        source
            A risk source by its id or name; SOURCE@LON,LAT is the place of a pipeline nearest to that one, which
            else fails where most people are within reach.
        scenario
            One of the table ``scenarios``; the one that reaches farthest where not given.
        wind
            (direction it comes from [deg], speed [m/s]); the deadliest of the rose where not given.
        at
            Time of day, HH:MM, which says who is where.
        to
            Also write the zones there: .html is a map, other endings as in `export`.

        Raises
        ------
        InputError
            If source, scenario, wind or time make no sense.
        """
        if wind is not None and not (0 <= wind[0] <= 360 and 0 < wind[1] <= 60):
            raise InputError(
                f"wind {wind[0]:g},{wind[1]:g}: degrees within 0 to 360 and a speed above 0, at most 60 m/s."
            )
        name, _, place = source.rpartition("@")
        given = bool(name) and lonlat_of(place) is not None
        found = answers.accident(
            self,
            name if given else source,
            near=self.locate(place) if given else None,
            scenario=scenario,
            wind=wind,
            hour=hour_of(at),
        )
        if {"roads", "emergency_facilities"} <= set(self.settings.layers):
            place = found.told["at"]
            found.told["rescue"] = answers.rescue_told(self, place["x"], place["y"])
        if to is not None:
            answers.write_accident(self, found, str(to))
        return found

    def what_if(
        self,
        source: str,
        *,
        factor: float | None = None,
        quantity_t: float | None = None,
        to: str | Path | None = None,
    ) -> dict[str, Any]:
        """
        The individual risk if a source failed more or less often, held another quantity, or were gone.

        Parameters
        ----------
        source
            A risk source by its id or name.
        factor
            Of its frequencies; 0 removes it, which is also what happens where neither is given.
        quantity_t
            Stock in place of its own [t]; its scenarios are worked out anew, with the own numbers of [risk] scenarios.
        to
            Also write the difference (after minus before): .html is a map, .tif the surface.

        Raises
        ------
        InputError
            If the source, the factor or the quantity make no sense.
        """
        if to is not None and Path(to).suffix.lower() not in (".html", ".tif", ".tiff"):
            raise InputError(f"{to}: the difference is written as .html (a map) or .tif (a surface). Name such a file.")
        return answers.what_if(self, source, factor, quantity_t, to)

    def uncertainty(
        self,
        *,
        samples: int = 400,
        cell_m: float | None = None,
        seed: int = 1,
        to: str | Path | None = None,
        progress: Progress | None = None,
    ) -> gpd.GeoDataFrame:
        """
        Contours of the 5 %, 50 % and 95 % of the individual risk by Monte Carlo (``scope`` p05, p50, p95).

        Frequencies, weather and the set of probits vary; see `analysis.qra.uncertainty.lsir_percentiles`.
        Cells of ``cell_m`` [m]; where not given, the smallest of `answers.UNSURE_CELLS_M` of which samples times
        cells stay within `answers.UNSURE_DRAWS`.
        The surfaces, the contours and a map are written to folder ``to``, ``uncertainty`` of the region where
        not given: index.html, contours.geojson, lsir_p05.tif, lsir_p50.tif, lsir_p95.tif.

        Raises
        ------
        InputError
            If samples or cells are out of range, or ``to`` is a file.
        """
        if not 20 <= samples <= 10_000:
            raise InputError(f"samples {samples}: must be within 20 and 10000.")
        if cell_m is None:
            cell_m = answers.unsure_cell_m(self.grid, samples)
        if not self.grid.cell_m <= cell_m <= max(1000, self.grid.cell_m):
            raise InputError(f"cells of {cell_m:g} m: must be within {self.grid.cell_m:g} (the region's) and 1000 m.")
        folder = Path(to) if to is not None else self.folder / "uncertainty"
        if folder.is_file():
            raise InputError(f"{folder} is a file. Name a folder with --to.")
        return answers.uncertainty(self, samples, cell_m, seed, folder, progress)

    def robustness(self, *, samples: int | None = None, report: Report = _quiet) -> tuple[pd.DataFrame, pd.DataFrame]:
        """
        How sure the colours are: districts with grade and certainty, and what moves the least certain ones.

        With ``samples`` (a power of two) this once, the results and the site brought up to date; a later
        run takes the number of region.toml again.

        Raises
        ------
        SettingsError
            If ``samples`` is no power of two from 4 on.
        RegionError
            If the region has no districts, or sampling is off and no number is given.
        """
        samples = samples or self.settings.risk.robustness_samples
        if "districts" not in self.settings.layers or not samples:
            raise RegionError(
                f"{self.folder}: nothing to sample. It takes a [layers.districts] section and a number of samples: "
                "geo-risk robustness REGION --samples 64, or robustness_samples under [risk]."
            )
        if samples < 4 or samples & (samples - 1):
            raise SettingsError(f"samples = {samples}: must be a power of two from 4 on, such as 64.")
        run_steps(self.folder, partial(pipeline.steps, self.folder, samples=samples, plans=plan_steps), report=report)
        return self.table("districts"), self.table("sensitivity")

    def rescue(self, at: str, **options: Any) -> Rescue:
        """Who comes to a place, when and by which road; ``options`` are those of `roads.rescue.rescue`."""
        from .roads.rescue import rescue

        return rescue(self, at, **options)

    def hazmat(self, start: str, end: str, **options: Any) -> HazmatRoutes:
        """By which road dangerous goods should go; ``options`` are those of `roads.hazmat.hazmat`."""
        from .roads.hazmat import hazmat

        return hazmat(self, start, end, **options)

    def stations(self, **options: Any) -> StationPlan:
        """Where new stations serve best, and how many it takes; ``options`` are those of `roads.plans.stations`."""
        return plans.stations(self, **options)

    def parking(self, **options: Any) -> ParkingPlan:
        """Where hazmat parking lots serve best; ``options`` are those of `roads.plans.parking`."""
        return plans.parking(self, **options)

    def inspections(
        self,
        *,
        teams: int | None = None,
        days: int | None = None,
        start: str | None = None,
        bases: Sequence[str] = (),
        to: str | Path | None = None,
    ) -> gpd.GeoDataFrame:
        """
        When each enterprise is due for an inspection, and tours of teams (schema: inspections).

        Parameters
        ----------
        teams, days, bases
            In place of those under [inspections]; without teams there are no tours.
        start
            First day, YYYY-MM-DD; the data date where not given.
        to
            Also write the table there, as in `export`.

        Raises
        ------
        InputError
            If a number or the day makes no sense, or a base is not known.
        """
        self.run(["inspections"])
        found = answers.inspections(self, teams, days, start, tuple(bases))
        if to is not None:
            export_table(found, to, "inspections")
        return found

    def publish(
        self, *, profile: str | None = None, to: str | Path | None = None, single_file: bool = False
    ) -> list[Path]:
        """
        Write the static site of one profile (or those of region.toml), or one HTML file.

        Returns
        -------
        list of Path
            The pages to open.

        Raises
        ------
        SettingsError
            If there is no such profile, or a public map states neither sources nor date.
        """
        profiles = [profile] if profile else list(self.settings.publish.profiles)
        self.run()
        for name in profiles:
            pipeline.require_stated(self, name)
        if single_file:
            target = Path(to) if to else self.site / f"{self.folder.resolve().name}-{profiles[0]}.html"
            store.write_text(target, answers.single_file(self, profiles[0]))
            return [target]
        for name in profiles:
            if name not in self.settings.publish.profiles:
                pipeline.publish(self, name)
        pages = [self.site / name / "index.html" for name in profiles]
        if to is None:
            return pages
        return [
            pipeline.copy_site(page.parent, Path(to) / page.parent.name if len(pages) > 1 else Path(to))
            for page in pages
        ]

    def not_stated(self) -> list[str]:
        """Sentences on what a public map must state (approval number, sources, date) and region.toml does not."""
        return pipeline.not_stated(self)

    def lists(self, *, report: Report = _quiet, **options: Any) -> list[Path]:
        """Write the risk source list, the control list and the registers; ``options`` as in `documents.lists`."""
        self.run(report=report)
        return documents.lists(self, **options)

    def handbook(
        self, *enterprises: str, workers: int | None = None, report: Report = _quiet, **options: Any
    ) -> list[Path]:
        """
        Write the handbooks of the enterprises with these ids or names (all without any), their index first.

        ``options`` are those of `documents.handbooks`.
        """
        self.run(workers=workers, report=report)
        written = documents.handbooks(self, enterprises, workers=workers, **options)
        self.run(workers=workers, report=report)  # the map links them
        return written

    def sheet(self, *districts: str, report: Report = _quiet, **options: Any) -> list[Path]:
        """
        Write one page a district (every township without any), their index first.

        ``options`` are those of `documents.sheets`.
        """
        self.run(report=report)
        return documents.sheets(self, districts, **options)

    def explore(self, *layers: str, profile: str = "internal", max_features: int | None = None) -> folium.Map:
        """
        The map as a folium map for notebooks; it asks no outside address.

        ``layers`` are tables, input layers, surfaces or ids of map layers, shown on the base map; the whole map without
        any. At most ``max_features`` features are drawn (6,000 unless told), the highest grades first, and outlines
        are simplified where they are many; the map says what it left out and by how much outlines gave way [m].

        Raises
        ------
        InputError
            If the map has no such layer.
        """
        return answers.explore(self, layers, profile, max_features)

    def folium_map(self, *, profile: str = "internal") -> folium.Map:
        """The whole map: `explore` without layers."""
        return self.explore(profile=profile)

    def sites(self) -> list[Path]:
        """Pages of the sites that exist."""
        return sorted(self.site.glob("*/index.html"))

    def app(
        self,
        *,
        desk: bool = False,
        host: str = "127.0.0.1",
        token: str | None = None,
        url: str | None = None,
        profile: str | None = None,
    ) -> flask.Flask:
        """
        The web application that serves the sites and their API; with ``desk`` also the planners' desk.

        Parameters
        ----------
        desk
            It answers to this machine alone, and not beside public sites alone.
        host, token, url, profile
            As in `publish.server.create_app`, where ``profile`` is ``only``.

        Raises
        ------
        RegionError
            If no such site is published.
        SettingsError
            If an internal site would be served to others without a token.
        """
        if not self.sites():
            raise RegionError(f"{self.folder}: nothing published yet. Run: geo-risk run {self.folder}")
        return siting.app(self, desk=desk, host=host, token=token, url=url, only=profile)

    def export(self, table: str, to: str | Path) -> tuple[str, str]:
        """
        Write a result table or a layer to a file or a PostGIS database: where, and what did not fit the format.

        The table "network" as .graphml or .gpkg is the road network itself.
        """
        if table == "network" and str(to).lower().endswith(roads.GRAPHS) and "roads" in self.settings.layers:
            return roads.export_network(self, str(to))
        if (self.build / "tables" / f"{table}.parquet").is_file():
            return export_table(self.table(table), to, table)
        if table in self.settings.layers:
            return export_table(self.layer(table), to, table)
        known = sorted({*self.settings.layers, *(p.stem for p in (self.build / "tables").glob("*.parquet"))})
        raise RegionError(f"{self.folder}: no table or layer {table!r}. There are: {', '.join(known)}.")

    def snapshot(self, name: str | None = None) -> Snapshot:
        """
        Keep the results of the last run as a dated state, history/NAME; without a name that of the data date.

        Raises
        ------
        InputError
            If there is neither name nor data date, or the name cannot name a folder.
        RegionError
            If the results are older than inputs or settings, or the name holds another state.
        """
        return history.keep(self, pipeline.steps(self.folder, self.build, plans=plan_steps), name)

    def snapshots(self) -> list[Snapshot]:
        """The states kept, earliest first."""
        return history.states(self)

    def delete_snapshot(self, name: str) -> None:
        """Delete a kept state."""
        history.forget(self, name)

    def at(self, name: str) -> Region:
        """The kept state ``name``, to be asked like a region."""
        return Region(history.state_folder(self.folder, name))

    def compare(self, later: str | Path | Region, *, to: Sequence[str | Path] = ()) -> Comparison:
        """
        What changed from this state to a later one, and why; see `pipeline.compare.compare`.

        Parameters
        ----------
        later
            A region, its folder, or REGION@NAME for a kept state.
        to
            Files to write as well: .html is a page with a map, .json all of it, others as in `export`.
        """
        other = later if isinstance(later, Region) else open_state(later)
        return answers.compare(self, other, [str(path) for path in to])

    def bulletin(self, later: str | Path | Region, *, to: str | Path, lang: str | None = None) -> Path:
        """
        Write the bulletin of the time from this state to a later one: .html, .pdf or .docx, in "zh" or "en".

        Raises
        ------
        InputError
            If the ending is another one, or the states cannot be compared.
        """
        other = later if isinstance(later, Region) else open_state(later)
        return answers.bulletin(self, other, str(to), lang)


def open_state(text: str | Path) -> Region:
    """The region in a folder, or the kept state REGION@NAME."""
    return Region(history.find_state(str(text)))
