"""A folder of pages that appears whole: written beside its place, then put there."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import store
from ..errors import InputError

_CONTENTS = "contents.json"
# What no file system takes in a name, and what Windows keeps for itself.
_FORBIDDEN = re.compile(r'[\x00-\x20<>:"/\\|?*%#]|[. ]$|^\.')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|index|contents)(\..*)?", re.I)
_NAME_CHARACTERS = 60


@contextmanager
def fresh_folder(to: Path, kind: str) -> Iterator[Path]:
    """
    An empty folder that takes the place of ``to`` when the block ends well; a kill leaves the old one or the new.

    It gets a contents.json with the ``kind`` and the names of its files.

    Raises
    ------
    InputError
        If ``to`` is a file, or a folder that holds anything but such pages of the same kind.
    """
    store.recover_folder(to)
    if to.exists() and not _ours(to, kind):
        raise InputError(f"{to} is there already and holds something else than {kind}. Name another folder with --to.")
    new = to.with_name(f".{to.name}-new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        yield new
        files = sorted(p.relative_to(new).as_posix() for p in new.rglob("*") if p.is_file())
        store.write_json(new / _CONTENTS, {"kind": kind, "files": files})
        store.swap_folder(new, to)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _ours(folder: Path, kind: str) -> bool:
    if not folder.is_dir():
        return False
    if not any(folder.iterdir()):
        return True
    return (folder / _CONTENTS).is_file() and store.read_json(folder / _CONTENTS).get("kind") == kind


def file_names(ids: Iterable[object]) -> list[str]:
    """
    A file name without ending for each id: safe on every system, and none twice whatever its case.

    An id that is safe and not taken stays as it is; others get the beginning of a hash after what is safe of them.
    """
    names: list[str] = []
    taken: set[str] = set()
    for number, identifier in enumerate(map(str, ids)):
        name = safe = _FORBIDDEN.sub("_", identifier)[:_NAME_CHARACTERS]
        if safe != identifier or not safe or _RESERVED.fullmatch(safe):
            name = f"{safe}-{_digest(identifier)}"
        while name.casefold() in taken:
            name = f"{safe}-{_digest(f'{identifier} {number} {name}')}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]
