"""Files on disk: ``<uploads>/<tenant>/<id>`` holds a file's bytes, whole or not at all.

A file is written under a temporary name (``.part``), flushed to the disk and then renamed; nobody reads another name than the
last.  Beside it lie small notes (``.want``) of files that are still to be fetched, written the same way, so that a restart
goes on.  All functions block: call them in a thread.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from adapters.shared.text import clean_line

ID_FORM: Final = re.compile(r"u_[0-9a-z]{1,64}")
NAME_CHARS: Final = 120
READ_BYTES: Final = 262_144
PART: Final = ".part"
WANT: Final = ".want"
STALE_PART_S: Final = 3_600.0
"""No writing takes this long; another process's unfinished file is left alone until then."""


def is_id(text: str) -> bool:
    """Whether this can be a file's id, and so a safe name."""
    return ID_FORM.fullmatch(text) is not None


def own_name(given: str | None) -> str:
    """A file's own name, for people only: no folders, no control characters."""
    line = clean_line((given or "").replace("\\", "/").rpartition("/")[2], limit=NAME_CHARS)
    return line or "file"


def place(uploads: Path, tenant: str, file_id: str) -> Path:
    """Where a file lies; ``ValueError`` when the id is no safe name."""
    if not is_id(file_id):
        raise ValueError("not the id of a file")
    return uploads / tenant / file_id


def begin(path: Path) -> tuple[Path, BinaryIO]:
    """An empty file under a temporary name of its own; ``finish`` gives it its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(6)}{PART}")
    return part, part.open("xb")


def finish(part: Path, path: Path) -> None:
    """Flush a complete file to the disk and give it its name."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write(path: Path, body: bytes) -> None:
    """Write a whole file; what stood there is replaced at once."""
    part, file = begin(path)
    try:
        with file:
            file.write(body)
        finish(part, path)
    except BaseException:
        forget(part)
        raise


def forget(path: Path) -> None:
    """Remove a file that may not be there."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def want(uploads: Path, tenant: str, file_id: str) -> Path:
    """Where the note of a file that is still to be fetched lies."""
    return place(uploads, tenant, file_id).with_suffix(WANT)


def wanted(uploads: Path) -> Iterator[tuple[str, str]]:
    """(tenant, id) of every note."""
    for path in uploads.glob(f"*/*{WANT}"):
        if is_id(path.stem):
            yield path.parent.name, path.stem


def clear_parts(uploads: Path) -> None:
    """Remove what writers that died left behind."""
    oldest = time.time() - STALE_PART_S
    for path in uploads.glob(f"*/*{PART}"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
