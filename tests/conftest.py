"""Fixtures of the whole suite: a real PostGIS, the real data."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest
from browsing import chromium, visit
from filelock import FileLock

import geo_risk

# The browser's fixtures are of all folders: a process runs one Playwright.
__all__ = ["chromium", "visit"]
STATIC = Path(geo_risk.__file__).parent / "publish" / "static"
IN_CI = bool(os.environ.get("CI"))
# A busy machine is no failure; CI tries the same examples every time, a developer's machine new ones.
hypothesis.settings.register_profile("geo_risk", deadline=None, derandomize=IN_CI)
hypothesis.settings.load_profile("geo_risk")
# Files that take a minute and more go first, so that no worker is left with one at the end.
LONG = (
    "test_run", "test_region_kaohsiung", "test_notebooks", "test_damage", "test_page", "test_project",
    "test_quantified_kaohsiung", "test_commands", "test_desk_api", "test_desk", "test_controls", "test_click",
    "test_checklist", "test_hostile",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))


def _missing(reason: str) -> None:
    if IN_CI:
        pytest.fail(f"CI must have it: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def missing():
    """Function of a reason, to be called when a real component is not there: a skip at home, a failure in CI."""
    return _missing


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real data sets; they are not part of the product."""
    path = Path(os.environ.get("GEO_RISK_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
    if not path.is_dir():
        pytest.skip(f"no real data at {path}; set GEO_RISK_DATA")
    return path


@contextmanager
def _cluster():
    """A PostgreSQL server of its own, reached by a socket in its folder: (url, function that stops or starts it)."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) if sys.platform == "linux" else []
    if not found:
        _missing("no PostgreSQL server; install postgresql and postgis, or set GEO_RISK_POSTGIS")
    programs = found[-1].parent
    # PostgreSQL refuses to run as root.
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    # Not below pytest's own folders: every session that starts closes those to all other users.
    folder = Path(tempfile.mkdtemp(prefix="geo_risk_pg_"))
    if user:
        shutil.chown(folder, "postgres")

    def run(*command: str) -> None:
        done = subprocess.run([*user, *command], capture_output=True, cwd=folder)
        assert done.returncode == 0, (
            done.stdout + done.stderr + (log.read_bytes()[-2000:] if (log := folder / "log").exists() else b"")
        ).decode()

    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"

    def control(what: str) -> None:
        how = ["-w", "-l", "log", "-o", options] if what == "start" else ["-m", "immediate"]
        run(str(programs / "pg_ctl"), "-D", "db", *how, what)

    try:
        run(str(programs / "initdb"), "-D", "db", "-A", "trust", "-U", "postgres", "--no-sync")
        control("start")
        try:
            run("psql", "-h", str(folder), "-U", "postgres", "-c", "create extension postgis")
        except AssertionError as error:
            _missing(f"PostGIS is not installed: {str(error)[:200]}")
        yield f"postgresql://postgres@/postgres?host={folder}", control
    finally:
        # Whether it stops cleanly is no question of ours: the folder goes.
        stop = [*user, str(programs / "pg_ctl"), "-D", str(folder / "db"), "-m", "immediate", "stop"]
        subprocess.run(stop, check=False, capture_output=True, cwd=folder.anchor)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgis_url() -> str:
    """A database with PostGIS: GEO_RISK_POSTGIS, or a server of its own in a temporary folder."""
    if url := os.environ.get("GEO_RISK_POSTGIS"):
        yield url
        return
    with _cluster() as (url, _):
        yield url


@pytest.fixture
def mortal_server():
    """(url, function of "start" or "stop") of a PostGIS server that a test may kill."""
    with _cluster() as (url, control):
        yield url, control


@pytest.fixture(scope="session")
def built_page() -> None:
    """The map page's script, which an install builds."""
    if not (STATIC / "app.js").is_file():
        _missing('the map page is not built; run: python -m pip install -e ".[test]"')


@pytest.fixture(scope="session")
def city(tmp_path_factory, built_page) -> Path:
    """A finished small demo city with quantified risk; not to be changed. Made once, each worker has a copy."""
    base = tmp_path_factory.getbasetemp()
    made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made"
    with FileLock(made.with_suffix(".lock")):
        if not made.is_dir():
            folder = tmp_path_factory.mktemp("making") / "linlan"
            geo_risk.demo(folder, size="small")
            geo_risk.Region(folder).run()
            folder.rename(made)
    return Path(shutil.copytree(made, tmp_path_factory.mktemp("city") / "linlan"))


@pytest.fixture
def own_city(city, tmp_path) -> Path:
    """A copy of the finished city, to be changed at will."""
    return Path(shutil.copytree(city, tmp_path / "linlan"))


@pytest.fixture(scope="session")
def truth(city) -> dict:
    """What was put into the city on purpose."""
    return json.loads((city / "truth.json").read_text(encoding="utf-8"))
