"""Files below a folder, as sources read them: in order, never out of the folder, and within limits."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from core.errors import DocumentRejected
from core.ports.knowledge import SourceProblem

MAX_FILE_BYTES = 20_000_000


class Doubts:
    """Collects what an admin should know of a document that is used all the same."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.problems: list[SourceProblem] = []

    def add(self, problem: str) -> None:
        """One thing to know."""
        self.problems.append(SourceProblem(external_id=self.place, problem=problem, is_skipped=False))


def files(root: Path, is_wanted: Callable[[str], bool]) -> list[tuple[str, Path]]:
    """Regular, visible files below a resolved folder as (relative path with ``/``, path), in the order of their paths.

    Follows no link that leaves the folder and passes over what is hidden.  ``OSError`` for a folder that cannot be read, for
    its files are not gone.
    """
    found = ((name_of(path, root), path) for path in _walk(root))
    return sorted((name, path) for name, path in found if is_wanted(name) and _is_inside(path, root))


def name_of(path: Path, root: Path) -> str:
    """The relative path; bytes that are not UTF-8 are shown as escapes."""
    return path.relative_to(root).as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def read(path: Path) -> bytes:
    """A whole file; ``DocumentRejected`` when it is too large or cannot be read."""
    raw = read_part(path, 0, MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        raise DocumentRejected(f"the file is larger than {MAX_FILE_BYTES // 1_000_000} MB")
    return raw


def read_part(path: Path, start: int, size: int) -> bytes:
    """At most ``size`` bytes from ``start``; ``DocumentRejected`` when they cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(size)
    except OSError as error:
        raise DocumentRejected(f"the file cannot be read: {error.strerror}") from error


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root, onerror=_fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(folder, name) for name in names if not name.startswith("."))


def _is_inside(path: Path, root: Path) -> bool:
    """Whether it is a regular file that lies below the folder, also when it is a link."""
    real = Path(os.path.realpath(path))
    try:
        return real.is_relative_to(root) and stat.S_ISREG(real.stat().st_mode)
    except OSError:  # a link to nothing or to itself, or a file that went just now
        return False


def _fail(error: OSError) -> None:
    raise error
