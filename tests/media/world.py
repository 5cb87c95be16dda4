"""A vendor that keeps contacts' files, and the media service before it, over a real store and folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from core import ids
from core.domain import Attachment, Contact, EventKind, InboundEvent
from core.errors import ProviderUnavailable
from core.inbound import Parsed
from core.ports.channel import Capabilities, Channel, Fetched, Outbound, RawRequest, Sent
from core.ports.store import TenantStore
from gateway.media import Media
from gateway.store.embedded.sqlite import SqliteStore
from gateway.uploads import Uploads

TENANT, ACCOUNT = "demo", "demo-chat"
CONV = ids.conversation_id(TENANT, ACCOUNT, "t")
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 64
WAIT_S = 10.0

Give = Callable[[Attachment, int], Awaitable[Fetched]]


async def png(attachment: Attachment, limit_bytes: int) -> Fetched:
    return Fetched(body=PNG, media_type="application/octet-stream")


async def down(attachment: Attachment, limit_bytes: int) -> Fetched:
    raise ProviderUnavailable("The vendor is down.")


class Vendor:
    """A channel whose files are where the test says."""

    kind = "chat"
    account = ACCOUNT
    tenant = TENANT
    capabilities = Capabilities(max_text=100, max_choices=0, max_attachments=1, debounce_ms=0, streams=False)

    def __init__(self, give: Give = png) -> None:
        self.give = give
        self.fetched: list[str] = []
        self.at_once = 0
        self.most_at_once = 0

    def verify(self, request: RawRequest) -> None:
        raise NotImplementedError

    def parse(self, request: RawRequest) -> tuple[Parsed, ...]:
        raise NotImplementedError

    async def send(self, outbound: Outbound) -> Sent:
        raise NotImplementedError

    async def fetch(self, attachment: Attachment, *, limit_bytes: int) -> Fetched:
        self.fetched.append(attachment.id)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self.give(attachment, limit_bytes)
        finally:
            self.at_once -= 1


class Clock:
    """Stands still until moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


@dataclass(kw_only=True)
class Kept:
    """The service and everything behind it."""

    media: Media
    vendor: Vendor
    store: TenantStore
    uploads: Path
    clock: Clock
    channels: dict[str, Channel] = field(default_factory=dict)

    async def gather(self, *events: InboundEvent) -> tuple[InboundEvent, ...]:
        return await self.media.gather(self.channels.get(ACCOUNT), TENANT, events)

    async def settled(self, file_id: str) -> Attachment:
        """Wait until the job has settled a file."""
        async with asyncio.timeout(WAIT_S):
            while (found := await self.store.upload(file_id)) is None or self.notes:  # noqa: ASYNC110  it watches a disk
                await asyncio.sleep(0.005)
        return found[0]

    @property
    def notes(self) -> list[str]:
        return sorted(path.name for path in self.uploads.glob("*/*.want"))

    @property
    def strays(self) -> list[Path]:
        """Everything in the folder that is neither a file nor a note."""
        return [
            path for path in self.uploads.rglob("*") if path.is_file() and path.name not in (*self.files, *self.notes)
        ]

    @property
    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.uploads.glob("*/u_*") if path.suffix == ""}


def file(name: str = "photo.png", **changes: Any) -> Attachment:
    plain: dict[str, Any] = {
        "id": "u_" + ids.digest(TENANT, ACCOUNT, name), "name": name, "media_type": "image/png", "size_bytes": 0,
        "origin": f'{{"file":"{name}"}}',
    }  # fmt: skip
    return Attachment(**{**plain, **changes})


def event(*files: Attachment, key: str = "e1", text: str = "") -> InboundEvent:
    return InboundEvent(
        tenant=TENANT, account=ACCOUNT, conv=CONV, dedupe_key=key, kind=EventKind.MESSAGE,
        contact=Contact(id="chat:1"), provider_at=NOW, received_at=NOW, text=text, attachments=files,
    )  # fmt: skip


@asynccontextmanager
async def keeping(
    folder: Path, vendor: Vendor | None = None, *, limit_bytes: int = 1_000, gather_s: float = 5.0, starts: bool = True
) -> AsyncIterator[Kept]:
    """The running service; leaving stops it, and another ``keeping`` of the same folder is its restart."""
    clock, vendor = Clock(), vendor or Vendor()
    store = SqliteStore(folder / "frontdesk.sqlite3", clock=clock)
    await store.start()
    channels: dict[str, Channel] = {ACCOUNT: cast("Channel", vendor)}
    media = Media(
        store, channels=lambda: channels, uploads=Uploads(folder / "uploads"), limit_bytes=lambda: limit_bytes, clock=clock,
        gather_s=gather_s, first_retry_s=0.01,
    )  # fmt: skip
    if starts:
        await media.start()
    try:
        yield Kept(
            media=media, vendor=vendor, store=store.for_tenant(TENANT), uploads=folder / "uploads", clock=clock,
            channels=channels,
        )  # fmt: skip
    finally:
        await media.stop(drain_s=1.0)
        await store.stop()
