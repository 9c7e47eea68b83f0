"""Fixtures of the whole suite: a real PostGIS, the real data."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import geo_risk

STATIC = Path(geo_risk.__file__).parent / "publish" / "static"
IN_CI = bool(os.environ.get("CI"))


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


@pytest.fixture(scope="session")
def postgis_url(tmp_path_factory) -> str:
    """A database with PostGIS: GEO_RISK_POSTGIS, or a server of its own in a temporary folder."""
    if url := os.environ.get("GEO_RISK_POSTGIS"):
        yield url
        return
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) if sys.platform == "linux" else []
    if not found:
        _missing("no PostgreSQL server; install postgresql and postgis, or set GEO_RISK_POSTGIS")
    programs = found[-1].parent
    folder = tmp_path_factory.mktemp("postgis")
    # PostgreSQL refuses to run as root.
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if user:
        for parent in (folder, *folder.parents[:2]):
            parent.chmod(0o755)
        shutil.chown(folder, "postgres")

    def run(*command: str) -> None:
        subprocess.run([*user, *command], check=True, capture_output=True, cwd=folder)

    run(str(programs / "initdb"), "-D", "db", "-A", "trust", "-U", "postgres", "--no-sync")
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    run(str(programs / "pg_ctl"), "-D", "db", "-w", "-l", "log", "-o", options, "start")
    try:
        try:
            run("psql", "-h", str(folder), "-U", "postgres", "-c", "create extension postgis")
        except subprocess.CalledProcessError as error:
            _missing(f"PostGIS is not installed: {error.stderr.decode()[:200]}")
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        # Whether it stops cleanly is no question of ours: the folder goes, and another run may have swept it already.
        stop = [*user, str(programs / "pg_ctl"), "-D", str(folder / "db"), "-m", "immediate", "stop"]
        subprocess.run(stop, check=False, capture_output=True, cwd=folder.anchor)


@pytest.fixture(scope="session")
def built_page() -> None:
    """The map page's script, which an install builds."""
    if not (STATIC / "app.js").is_file():
        _missing('the map page is not built; run: python -m pip install -e ".[test]"')


@pytest.fixture(scope="session")
def city(tmp_path_factory, built_page) -> Path:
    """A finished small demo city; not to be changed."""
    folder = tmp_path_factory.mktemp("city") / "linlan"
    geo_risk.demo(folder, size="small").run()
    return folder


@pytest.fixture
def own_city(city, tmp_path) -> Path:
    """A copy of the finished city, to be changed at will."""
    return Path(shutil.copytree(city, tmp_path / "linlan"))


@pytest.fixture(scope="session")
def truth(city) -> dict:
    """What was put into the city on purpose."""
    return json.loads((city / "truth.json").read_text(encoding="utf-8"))
