"""The files of conversations: a folder of this machine and, where replicas share no disk, a store that they share behind it.

Without a shared store the folder is all there is.  With one, a file stands there before anybody is told of it, and the folder
holds copies, of which the least recently used go when they are more than ``copies_bytes``.  The notes of files that are still to
be fetched (gateway/media.py) are kept the same way, so that any replica can go on with them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from core.errors import StoreUnavailable
from core.ports.knowledge_store import SharedFiles
from gateway import filestore

COPIES_BYTES: Final = 1_073_741_824
TRIMMED_EVERY: Final = 16
"""Copies are counted once in so many parts of what they may take."""

T = TypeVar("T")

FileKey = tuple[str, str]
"""(tenant, id of the file)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedUploads:
    """What replicas share: the bytes of files, and the notes of those that are to come."""

    files: SharedFiles
    notes: SharedFiles


class Uploads:
    """The files of all tenants; ``StoreUnavailable`` whenever the folder or the shared store fails."""

    def __init__(self, folder: Path, *, shared: SharedUploads | None = None, copies_bytes: int = COPIES_BYTES) -> None:
        self.folder = folder
        self._shared = shared
        self._copies_bytes = copies_bytes
        self._uncounted = 0

    @property
    def is_shared(self) -> bool:
        """Whether other replicas have these files, too."""
        return self._shared is not None

    def place(self, tenant: str, file_id: str) -> Path:
        """Where a file lies on this machine, if it does; ``ValueError`` when the id is no safe name."""
        return filestore.place(self.folder, tenant, file_id)

    async def write(self, tenant: str, file_id: str, body: bytes) -> None:
        """Keep a whole file; what had the id is replaced at once."""
        await _calmly(filestore.write, self.place(tenant, file_id), body)
        await self._share(tenant, file_id)

    async def finish(self, part: Path, tenant: str, file_id: str) -> None:
        """Keep a file that was written under a temporary name (``filestore.begin``)."""
        await _calmly(filestore.finish, part, self.place(tenant, file_id))
        await self._share(tenant, file_id)

    async def at(self, tenant: str, file_id: str) -> Path | None:
        """Where a file's bytes can be read, copied from the others first if need be; None when nobody has them."""
        path = self.place(tenant, file_id)
        if await asyncio.to_thread(path.is_file):
            if self._shared is not None:
                await asyncio.to_thread(_touch, path)
            return path
        if self._shared is None:
            return None
        size_bytes = await _calmly(_copy, self._shared.files, tenant, path)
        if size_bytes is None:
            return None
        await self._copied(size_bytes)
        return path

    async def clear_parts(self) -> None:
        """Remove what writers that died left behind."""
        await asyncio.to_thread(filestore.clear_parts, self.folder)

    async def note(self, tenant: str, file_id: str) -> bytes | None:
        """The note of a file that is still to be fetched."""
        if self._shared is not None:
            return await _calmly(_whole, self._shared.notes, tenant, file_id)
        try:
            return await asyncio.to_thread(filestore.want(self.folder, tenant, file_id).read_bytes)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnavailable("The uploads folder cannot be read.") from error

    async def put_note(self, tenant: str, file_id: str, body: bytes) -> None:
        """Note that a file is to be fetched."""
        if self._shared is not None:
            await asyncio.to_thread(self._shared.notes.put, tenant, file_id, [body])
        else:
            await _calmly(filestore.write, filestore.want(self.folder, tenant, file_id), body)

    async def forget_note(self, tenant: str, file_id: str) -> None:
        """It has come, or never will."""
        if self._shared is not None:
            await asyncio.to_thread(self._shared.notes.forget, tenant, file_id)
        else:
            await asyncio.to_thread(filestore.forget, filestore.want(self.folder, tenant, file_id))

    async def notes(self, tenants: Iterable[str]) -> list[FileKey]:
        """All that is still to be fetched for these tenants."""
        if self._shared is None:
            return await asyncio.to_thread(lambda: list(filestore.wanted(self.folder)))
        notes = self._shared.notes
        return [(tenant, name) for tenant in tenants for name in await asyncio.to_thread(notes.names, tenant)]

    async def _share(self, tenant: str, file_id: str) -> None:
        if self._shared is not None:
            await self._copied(await _calmly(_share, self._shared.files, tenant, file_id, self.place(tenant, file_id)))

    async def _copied(self, size_bytes: int) -> None:
        """Another copy lies here: let the least recently used ones go, once enough has come to be worth a look."""
        self._uncounted += size_bytes
        if self._uncounted * TRIMMED_EVERY >= self._copies_bytes:
            self._uncounted = 0
            await asyncio.to_thread(_trim, self.folder, self._copies_bytes)


def kept_in(folder: Path) -> list[Path]:
    """All files and notes of a folder."""
    found = sorted(folder.glob("*/u_*"))
    return [path for path in found if filestore.is_id(path.stem) and path.suffix in ("", filestore.WANT)]


def carried(found: Iterable[Path], into: SharedUploads) -> Iterator[Path]:
    """Copy files and notes into what replicas share, one by one; what stands there is not copied again.  Blocks."""
    known: dict[tuple[str, str], frozenset[str]] = {}
    for path in found:
        tenant, there = path.parent.name, into.notes if path.suffix else into.files
        if (tenant, path.suffix) not in known:
            known[tenant, path.suffix] = frozenset(there.names(tenant))
        if path.stem not in known[tenant, path.suffix]:
            _share(there, tenant, path.stem, path)
        yield path


def _share(files: SharedFiles, tenant: str, name: str, path: Path) -> int:
    """Put a file of the folder among those that replicas share; returns its size in bytes."""
    with path.open("rb") as file:
        files.put(tenant, name, iter(lambda: file.read(filestore.READ_BYTES), b""))
        return file.tell()


def _copy(files: SharedFiles, tenant: str, path: Path) -> int | None:
    """Copy a shared file into the folder; its size in bytes, None when there is none."""
    found = files.read(tenant, path.name)
    if found is None:
        return None
    part, file = filestore.begin(path)
    try:
        with file:
            file.writelines(found)
            size_bytes = file.tell()
        filestore.finish(part, path)
    except BaseException:
        filestore.forget(part)
        raise
    return size_bytes


def _whole(files: SharedFiles, tenant: str, name: str) -> bytes | None:
    found = files.read(tenant, name)
    return None if found is None else b"".join(found)


def _touch(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.utime(path)


def _trim(folder: Path, most: int) -> None:
    """The one used last stays, whatever its size."""
    copies = [(path.stat(), path) for path in folder.glob("*/u_*") if filestore.is_id(path.name)]
    copies.sort(key=lambda copy: copy[0].st_mtime)
    excess = sum(stat.st_size for stat, _ in copies) - most
    for stat, path in copies[:-1]:
        if excess <= 0:
            return
        filestore.forget(path)
        excess -= stat.st_size


async def _calmly(act: Callable[..., T], *args: object) -> T:
    """In a thread; what the disk refuses is told without its path."""
    try:
        return await asyncio.to_thread(act, *args)
    except OSError as error:
        raise StoreUnavailable("The uploads folder cannot be written.") from error
