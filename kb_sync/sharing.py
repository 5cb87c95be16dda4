"""What a release has on disk beside its index, for replicas that share no disk: kept in the store, fetched where it is missing.

With an index on a server the folder of a release holds a few small files (which documents it was made of, and what the engine
wrote of it); any replica may do the next sync, compare releases or go back.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from core.errors import KnowledgeUnavailable
from core.ports.knowledge_store import SharedFiles

READ_BYTES = 1_000_000
FETCHING = ".fetching"


def keep(files: SharedFiles, tenant: str, folder: Path) -> None:
    """Keep the files of a complete release, whose name is that of its folder."""
    for path in sorted(folder.iterdir()):
        files.put(tenant, f"{folder.name}/{path.name}", _parts(path))


def fetch(files: SharedFiles, tenant: str, folder: Path) -> None:
    """Have the folder of a release here, whole or not at all; nothing comes of one that was not kept.

    ``KnowledgeUnavailable`` when it is removed meanwhile.
    """
    names = [name for name in files.names(tenant) if name.startswith(f"{folder.name}/")]
    if not names:
        return
    part = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}{FETCHING}")
    part.mkdir(parents=True)
    try:
        for name in names:
            parts = files.read(tenant, name)
            if parts is None:
                raise KnowledgeUnavailable(f"the release {folder.name} was removed just now")
            with (part / name.partition("/")[2]).open("wb") as file:
                file.writelines(parts)
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        if not folder.exists():  # else another thread was quicker
            raise


def forget(files: SharedFiles, tenant: str, release: str) -> None:
    """Remove what was kept of a release."""
    for name in files.names(tenant):
        if name.startswith(f"{release}/"):
            files.forget(tenant, name)


def forget_others(files: SharedFiles, tenant: str, releases: Collection[str]) -> None:
    """Remove what killed syncs left: files of releases that are not known, and halves of files."""
    for name in files.names(tenant):
        release, slash, _ = name.partition("/")
        if slash and release not in releases:
            files.forget(tenant, name)
    files.sweep(tenant)


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(READ_BYTES):
            yield part
