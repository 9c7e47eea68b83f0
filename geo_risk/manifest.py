"""Runs steps, only those whose inputs, settings or code changed, and records what each one read and wrote.

A run works in a hidden copy of ``build/`` (hard links, so it costs nothing) and takes its place only
when every step went well: a kill or a bad input leaves the old results whole, and the next run goes
on after the last finished step. When an input is bad, the other inputs are still tried, so that one
run tells everything that is wrong with them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from . import store
from ._version import __version__
from .errors import GeoRiskError, RegionError, together
from .parallel import map_ordered

MANIFEST = "manifest.json"
_PACKAGE = Path(__file__).parent
_MUCH = 20_000_000  # bytes read by steps that are worth processes of their own, which take seconds to start
_SAMPLE_S = 0.05  # how often a step's memory is looked at
_PASSWORD = re.compile(r'(://[^:@/"\s]*:)[^"\s]*(@)|(?<=password=)[^&"\s]+()')


@dataclass(frozen=True)
class Step:
    """
    One step: ``run()`` reads the files ``reads`` and writes the files ``writes``.

    ``settings`` is the part of the settings it depends on (JSON), ``code`` the files and folders of
    the package that compute it. ``volatile`` steps read something no hash covers (a database) and
    always run; what depends on them runs only if their output changed. ``outside`` steps write
    somewhere else altogether, once ``build/`` holds the new results: their failure does not undo those.
    Neighbours that are ``apart`` need nothing of each other: where they read much, each runs in a process of its own.
    ``folders`` are folders of ``build`` that belong to the step and hold as many files as its run leaves
    in them, also none.
    """

    name: str
    run: Callable[[], object]
    reads: tuple[Path, ...]
    writes: tuple[Path, ...]
    settings: Any
    code: tuple[str, ...]
    volatile: bool = False
    outside: bool = False
    apart: bool = False
    folders: tuple[Path, ...] = ()


@dataclass(frozen=True)
class StepResult:
    """What became of a step: ``state`` is "ran", "unchanged", or "failed" with an ``error``, which is not reported."""

    name: str
    state: str
    seconds: float
    peak_mb: float
    error: GeoRiskError | None = None


def run_steps(
    folder: Path,
    steps_for: Callable[[Path], list[Step]],
    *,
    only: Sequence[str] = (),
    report: Callable[[StepResult], None] = lambda result: None,
    starting: Callable[[str], None] = lambda name: None,
) -> list[StepResult]:
    """
    Bring ``folder/build`` up to date.

    Parameters
    ----------
    folder : Path
        The region folder.
    steps_for : function of the folder where results lie -> steps, in order
    only : names of steps
        Run these and what they need; all when empty.
    report, starting : functions
        Called after and before each step.

    Raises
    ------
    RegionError
        If a named step does not exist or another run is at work on the region.
    GeoRiskError
        What the steps raise. After the first, only steps that read the user's own files and need no
        result of a failed one still run; all their errors are told together.
    """
    build, staging = folder / "build", folder / ".build-next"
    store.recover_folder(build)
    wanted = _chosen(steps_for(build), only)
    outside = [step for step in wanted if step.outside]
    results = None if staging.exists() else _unchanged(folder, build, [s for s in wanted if not s.outside])
    if results is not None:
        for result in results:
            report(result)
    if results is not None and not outside:
        return results
    with locked(folder):
        if results is None:
            results = _renew(folder, steps_for, only, report, starting)
        for step in outside:
            results += _advance(folder, build, [step], report, starting)
        return results


def _renew(
    folder: Path, steps_for: Callable[[Path], list[Step]], only: Sequence[str], report: Callable, starting: Callable
) -> list[StepResult]:
    """Run what changed in a copy of build/, which then takes its place."""
    build, staging = folder / "build", folder / ".build-next"
    if not staging.exists() and build.exists():
        partial = folder / ".build-copy"
        shutil.rmtree(partial, ignore_errors=True)
        store.link_tree(build, partial)
        os.replace(partial, staging)
    staging.mkdir(exist_ok=True)
    steps = [step for step in _chosen(steps_for(staging), only) if not step.outside]
    _drop_leftovers(staging, steps_for(staging))
    results = _advance_all(folder, staging, steps, report, starting)
    store.swap_folder(staging, build)
    return results


def _chosen(steps: list[Step], only: Sequence[str]) -> list[Step]:
    """The steps of a run: the named ones and, through files, everything before them."""
    names = [step.name for step in steps]
    for name in only:
        if name not in names:
            raise RegionError(f"no step {name!r}. The steps of this region: {', '.join(names)}.")
    if not only:
        return steps
    chosen: set[str] = set(only)
    needed = {path for step in steps if step.name in chosen for path in step.reads}
    for step in reversed(steps):
        if step.name in chosen or needed.intersection(step.writes):
            chosen.add(step.name)
            needed.update(step.reads)
    return [step for step in steps if step.name in chosen]


def _unchanged(folder: Path, build: Path, steps: list[Step]) -> list[StepResult] | None:
    """Results if no step has anything to do, else None."""
    known = records(build)
    if all(not s.volatile and _fresh(known.get(s.name), s, folder, build) for s in steps):
        return [StepResult(s.name, "unchanged", 0.0, 0.0) for s in steps]
    return None


def _advance_all(
    folder: Path, build: Path, steps: list[Step], report: Callable, starting: Callable
) -> list[StepResult]:
    results: list[StepResult] = []
    errors: list[GeoRiskError] = []
    lacking: set[Path] = set()
    for apart, neighbours in groupby(steps, lambda step: step.apart):
        members = list(neighbours)
        for group in [members] if apart else [[step] for step in members]:
            able = []
            for step in group:
                own_input = step.volatile or any(not path.is_relative_to(build) for path in step.reads)
                if lacking.intersection(step.reads) or (errors and not own_input):
                    lacking.update(step.writes)
                else:
                    able.append(step)
            try:
                results += _advance(folder, build, able, report, starting)
            except GeoRiskError as error:
                errors.append(error)
                lacking.update(path for step in able for path in step.writes)
    if errors:
        raise together(errors)
    return results


def _advance(folder: Path, build: Path, steps: list[Step], report: Callable, starting: Callable) -> list[StepResult]:
    """Bring steps up to date that need nothing of each other."""
    known = records(build)
    stale = [s for s in steps if s.volatile or not _fresh(known.get(s.name), s, folder, build)]
    for step in stale:
        starting(step.name)
        for path in step.writes:
            if path.is_relative_to(build):  # it may be a hard link to the old result, which must stay
                path.unlink(missing_ok=True)
                path.parent.mkdir(parents=True, exist_ok=True)
        for path in step.folders:
            shutil.rmtree(path, ignore_errors=True)
    much = sum(path.stat().st_size for step in stale for path in step.reads if path.is_file()) > _MUCH
    ran = {result.name: result for result in map_ordered(_ran, stale, workers=len(stale) if much else 1)}
    results = []
    for step in steps:
        result = ran.get(step.name, StepResult(step.name, "unchanged", 0.0, 0.0))
        if result.error:
            continue
        if step in stale:
            for path in step.writes:
                if not path.is_file():
                    raise AssertionError(f"step {step.name} did not write {path}")
            known[step.name] = {
                **_causes(step, folder, build),
                "outputs": _outputs(step, folder, build),
                "seconds": round(result.seconds, 3),
                "peak_mb": round(result.peak_mb, 1),
            }
            store.write_json(build / MANIFEST, {"geo_risk": __version__, "steps": known})
        report(result)
        results.append(result)
    if errors := [result.error for result in ran.values() if result.error]:
        raise together(errors)
    return results


def _ran(step: Step) -> StepResult:
    error, began = None, time.perf_counter()
    with _peak_memory() as peak:
        try:
            step.run()
        except GeoRiskError as raised:
            error = raised
    return StepResult(step.name, "failed" if error else "ran", time.perf_counter() - began, peak[0], error)


def records(build: Path) -> dict[str, Any]:
    """What each step of the last run read (``inputs``), its ``settings``, ``code`` and ``outputs``; by name."""
    try:
        return json.loads((build / MANIFEST).read_text(encoding="utf-8"))["steps"]
    except (FileNotFoundError, ValueError, KeyError):
        return {}


def outdated(folder: Path, build: Path, steps: list[Step]) -> list[str]:
    """Names of the steps writing to ``build`` whose inputs or settings are no longer those of its results."""
    known = records(build)
    inside = [s for s in steps if not s.volatile and any(path.is_relative_to(build) for path in s.writes)]
    return [s.name for s in inside if not _as_recorded(known.get(s.name), _causes(s, folder, build))]


def _as_recorded(record: dict[str, Any] | None, causes: dict[str, Any]) -> bool:
    return record is not None and all(record[key] == causes[key] for key in ("inputs", "settings"))


def _fresh(record: dict[str, Any] | None, step: Step, folder: Path, build: Path) -> bool:
    if record is None or any(not path.is_file() for path in step.writes):
        return False
    if _outputs(step, folder, build) != record["outputs"]:
        return False
    causes = _causes(step, folder, build)
    return all(record[key] == value for key, value in causes.items())


def _outputs(step: Step, folder: Path, build: Path) -> dict[str, str]:
    inside = [p for path in step.folders for p in sorted(path.rglob("*")) if p.is_file()]
    return {_label(p, folder, build): store.sha256(p) for p in (*step.writes, *inside)}


def _causes(step: Step, folder: Path, build: Path) -> dict[str, Any]:
    """All that the step's outputs follow from: hashes of files and code, and the settings themselves."""
    return {
        "inputs": {_label(p, folder, build): store.sha256(p) if p.is_file() else "missing" for p in step.reads},
        "settings": _plain_settings(step),
        "code": {part: _code_hash(part) for part in step.code},
    }


def _plain_settings(step: Step) -> Any:
    """The step's settings as JSON reads them back; passwords in addresses are masked."""
    text = json.dumps(step.settings, sort_keys=True, ensure_ascii=False, default=list)
    return json.loads(_PASSWORD.sub(r"\1***\2", text))


@cache
def _code_hash(part: str) -> str:
    digest = hashlib.sha256(__version__.encode())
    root = _PACKAGE / part
    if not root.exists():
        raise AssertionError(f"no code {part!r} in the package")
    files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if _is_code(p))
    for path in files:
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _is_code(path: Path) -> bool:
    return path.is_file() and path.suffix in (".py", ".csv", ".js", ".css", ".j2", ".html") and "web" not in path.parts


def _label(path: Path, folder: Path, build: Path) -> str:
    """A path as the manifest names it: the same for the hidden copy and for build/."""
    if path.is_relative_to(build):
        return "build/" + path.relative_to(build).as_posix()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def _drop_leftovers(build: Path, steps: list[Step]) -> None:
    """Remove results that no step of this region writes any more (a layer taken out of region.toml)."""
    keep = {path for step in steps for path in step.writes} | {build / MANIFEST}
    folders = {path for step in steps for path in step.folders}
    known = records(build)
    kept = {step.name: known[step.name] for step in steps if step.name in known}
    if kept != known:
        store.write_json(build / MANIFEST, {"geo_risk": __version__, "steps": kept})
    for path in sorted(build.rglob("*")):
        if path.is_file() and path not in keep and not folders.intersection(path.parents):
            path.unlink()


@contextmanager
def _peak_memory() -> Iterator[list[float]]:
    """Peak resident memory of this process and its children during the block [MB], in the list's only item."""
    import psutil

    process, peak, done = psutil.Process(), [0.0], threading.Event()

    def measure() -> float:
        total = process.memory_info().rss
        for child in process.children(recursive=True):
            try:
                total += child.memory_info().rss
            except psutil.Error:  # it ended meanwhile
                continue
        return total / 1e6

    def watch() -> None:
        while not done.wait(_SAMPLE_S):
            peak[0] = max(peak[0], measure())

    peak[0] = measure()
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()
        peak[0] = max(peak[0], measure())


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One run (or snapshot) at a time; the lock of a process that is gone does not count."""
    import psutil

    path = folder / ".run.lock"
    try:
        owner = int(path.read_text())
    except (OSError, ValueError):
        owner = 0
    if owner and owner != os.getpid() and psutil.pid_exists(owner):
        raise RegionError(f"{folder}: another run (process {owner}) is at work here. Wait for it to end.")
    try:
        path.write_text(str(os.getpid()))
    except OSError as error:
        raise GeoRiskError(f"{folder}: cannot write here ({error.strerror}). Check the folder's rights.") from None
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
