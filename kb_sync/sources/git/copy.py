"""What was fetched, on disk: the files by the ids of their contents, and the tree they were listed in."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

from core.errors import DocumentRejected
from kb_sync.files import MAX_FILE_BYTES
from kb_sync.sources.git.remote import GitFile

LARGE = ".large"


class Copy:
    """The working copy of one source; any of it may be deleted at any time and is fetched again."""

    def __init__(self, folder: Path, *, limit_mb: int) -> None:
        self.folder = folder
        self._limit = str(limit_mb).encode()
        self._files = folder / "files"
        self._tree = folder / "tree.json"

    def prepare(self) -> None:
        """Make the folders, and clear away what an interrupted fetch left."""
        self._files.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob("fetch-*"):
            shutil.rmtree(left, ignore_errors=True)

    def tree(self, key: str) -> list[GitFile] | None:
        """The files remembered under a key, None when it is another one."""
        try:
            found = json.loads(self._tree.read_bytes())
            return [GitFile(path, blob) for path, blob in found["files"]] if found["key"] == key else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remember(self, key: str, files: Iterable[GitFile]) -> None:
        """Remember the files under a key."""
        _write(self._tree, json.dumps({"key": key, "files": [(file.path, file.blob) for file in files]}).encode())

    def has(self, blob: str) -> bool:
        """Whether the content is here, or known to be too large, also for an answer of the limit we have."""
        path = self._path(blob)
        try:
            return path.exists() or path.with_suffix(LARGE).read_bytes() in (b"", self._limit)
        except OSError:
            return False

    def keep(self, blob: str, content: bytes) -> None:
        """Take the content of a file."""
        if len(content) > MAX_FILE_BYTES:
            _write(self._path(blob).with_suffix(LARGE), b"")
        else:
            _write(self._path(blob), content)

    def too_large(self, blob: str) -> None:
        """Remember that a content is larger than an answer may be."""
        _write(self._path(blob).with_suffix(LARGE), self._limit)

    def read(self, blob: str) -> bytes:
        """The content; ``DocumentRejected`` when it cannot be had before the next sync."""
        path = self._path(blob)
        try:
            content = path.read_bytes()
        except OSError as error:
            if path.with_suffix(LARGE).exists():
                raise DocumentRejected(
                    f"the file is larger than {MAX_FILE_BYTES // 1_000_000} MB, or than `limit_mb`"
                ) from error
            raise DocumentRejected("its copy on disk is gone; the next sync fetches it again") from error
        if _id_of(content, blob) != blob:
            path.unlink(missing_ok=True)
            raise DocumentRejected("its copy on disk is damaged; the next sync fetches it again")
        return content

    def tidy(self, wanted: Collection[str]) -> None:
        """Forget the contents that nobody wants any more."""
        for folder in self._files.iterdir():
            for path in folder.iterdir():
                if folder.name + path.stem not in wanted:
                    path.unlink(missing_ok=True)

    def _path(self, blob: str) -> Path:
        return self._files / blob[:2] / blob[2:]


def _id_of(content: bytes, like: str) -> str:
    """The id git gives a content, by SHA-1 or SHA-256 as the other id."""
    made = hashlib.sha1(usedforsecurity=False) if len(like) == 40 else hashlib.sha256()
    made.update(b"blob %d\0" % len(content))
    made.update(content)
    return made.hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    beside.write_bytes(content)
    beside.replace(path)
