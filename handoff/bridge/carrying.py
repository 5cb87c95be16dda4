"""Files across the bridge: contacts' files to the desk, agents' files to the contact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog

from core.domain import Attachment
from core.errors import DeliveryError, MessageRejected
from core.ports.channel import Files
from core.ports.helpdesk import DeskFeatures, Entry, Helpdesk, RemoteFile
from handoff.bridge.entries import Carried
from handoff.bridge.ports import KeepFile

log = structlog.get_logger(__name__)

LINK_VALID_S: Final = 7 * 86_400
"""As long as an agent may take over a case; an address cannot be called back."""

PATIENCE: Final = 3
"""Attempts for an agent's file; then the words go without it and the agent is told."""


async def carried(attachments: Sequence[Attachment], files: Files, features: DeskFeatures) -> Carried:
    """How a contact's files get to the desk: along with the entry, else as addresses, else as a line that says so."""
    along: list[Attachment] = []
    links: list[tuple[str, str]] = []
    missing: list[str] = []
    for item in attachments:
        why = await _obstacle(item, files, features)
        if why is None:
            along.append(item)
        elif (address := files.link(item, valid_s=LINK_VALID_S)) is not None:
            links.append((item.name, address))
        else:
            missing.append(f"[file: {item.name}] {why}")
    return Carried(files=tuple(along), links=tuple(links), missing=tuple(missing))


async def _obstacle(item: Attachment, files: Files, features: DeskFeatures) -> str | None:
    """Why a file cannot go along; its bytes are read, since the size a channel told may be wrong."""
    too_large = f"is larger than this desk takes ({features.max_file_bytes:,} bytes)."
    if item.unavailable is not None:
        return f"could not be fetched from the customer's channel ({item.unavailable})."
    if not features.files_out:
        return "is not shown at this desk."
    if item.size_bytes > features.max_file_bytes:
        return too_large
    try:
        size_bytes = len(await files.read(item))
    except LookupError:
        return "is not here any more."
    return too_large if size_bytes > features.max_file_bytes else None


def by_links(refused: Carried, files: Files) -> Carried:
    """The same when the desk refuses the files themselves."""
    links, missing = list(refused.links), list(refused.missing)
    for item in refused.files:
        address = files.link(item, valid_s=LINK_VALID_S)
        if address is None:
            missing.append(f"[file: {item.name}] was refused by this desk.")
        else:
            links.append((item.name, address))
    return Carried(links=tuple(links), missing=tuple(missing))


class Fetching:
    """Agents' files from a helpdesk."""

    def __init__(self, helpdesk: Helpdesk, keep_file: KeepFile) -> None:
        self._helpdesk = helpdesk
        self._keep_file = keep_file
        self._tries: Counter[str] = Counter()

    async def of(self, conv: str, ref: str, entry: Entry) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
        """An entry's files, kept as the conversation's, and why others are left out; raises while it is worth waiting."""
        kept: list[Attachment] = []
        left_out: list[str] = []
        for file in entry.files:
            try:
                kept.append(await self._one(conv, f"{ref}:{entry.id}:{file.id}", file))
            except MessageRejected as error:
                left_out.append(f"“{file.name}”: {error.safe_message}")
            except DeliveryError as error:
                if self._waits(f"{ref}:{entry.id}:{file.id}"):
                    raise
                log.warning("desk_file_left_out", ref=ref, entry=entry.id, code=error.code)
                left_out.append(f"“{file.name}”: it could not be fetched from the desk.")
        return tuple(kept), tuple(left_out)

    async def _one(self, conv: str, key: str, file: RemoteFile) -> Attachment:
        limit_bytes = self._helpdesk.features.max_file_bytes
        if file.size_bytes > limit_bytes:
            raise MessageRejected(f"It is larger than {limit_bytes:,} bytes.")
        fetched = await self._helpdesk.fetch(file, limit_bytes=limit_bytes)
        kept = await self._keep_file(conv, key, fetched if fetched.name else replace(fetched, name=file.name))
        self._tries.pop(key, None)
        return kept

    def _waits(self, key: str) -> bool:
        """Whether one more failure is worth another attempt."""
        self._tries[key] += 1
        if self._tries[key] < PATIENCE:
            return True
        del self._tries[key]
        return False
