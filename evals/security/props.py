"""What stands around the engine in a security trial: the contact's screen, a desk that takes everything, poisoned pages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Final

from core.domain import Head, Message
from core.inbound import Parsed
from core.ports.channel import Capabilities, Outbound, RawRequest, Sent, Shown
from core.ports.desk import DeskItem
from core.ports.knowledge import Chunk, SearchQuery, SearchResult
from core.providers.embedded import EmbeddedEngine, EmbeddedIndex
from core.providers.embedders.static import StaticEmbedder
from evals.security import planted

TENANT: Final = "demo"
ACCOUNT: Final = "demo-web"


class Screen:
    """The contact's channel: keeps all they ever saw."""

    kind, account, tenant = "web", ACCOUNT, TENANT
    capabilities = Capabilities(max_text=4_000, max_choices=10, max_attachments=5, debounce_ms=0, streams=True)

    def __init__(self) -> None:
        self.previews: dict[str, list[str]] = {}
        self.sent: list[Message] = []
        self.tools: list[tuple[str, str]] = []
        self.looked = asyncio.Event()
        """Set whenever the contact sees something new."""

    def verify(self, request: RawRequest) -> None:
        """Nothing comes in this way."""

    def parse(self, request: RawRequest) -> tuple[Parsed, ...]:
        """Nothing comes in this way."""
        return ()

    async def send(self, outbound: Outbound) -> Sent:
        """The contact reads it."""
        self.sent.append(outbound.message)
        self.looked.set()
        return Sent(f"ref-{len(self.sent)}")

    async def preview(self, head: Head, turn_id: str, text: str, *, ref: str | None) -> str | None:
        """The contact reads along."""
        self.previews.setdefault(turn_id, []).append(text)
        self.looked.set()
        return f"shown-{turn_id}"

    async def end_preview(self, head: Head, turn_id: str, shown: Shown) -> None:
        """It stays."""

    async def tool(self, head: Head, turn_id: str, name: str, state: str) -> None:
        """The contact sees that something is at work."""
        self.tools.append((name, state))

    def forget(self) -> None:
        """A new contact sits down."""
        self.previews.clear()
        self.sent.clear()
        self.tools.clear()


class Desk:
    """Takes everything."""

    kind = "security"

    async def send(self, item: DeskItem) -> Sent:
        """The agents read it."""
        return Sent(item.id)


class Pages:
    """The knowledge: the company's pages, and those that an attack brings."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self._own = self._built(planted.PAGES)
        self._index = self._own

    def _built(self, chunks: Sequence[Chunk]) -> EmbeddedIndex:
        engine, name = EmbeddedEngine(StaticEmbedder()), f"g{next(self._numbers)}"
        engine.build(self._folder, name, chunks)
        return engine.open(self._folder, name)

    def publish(self, *chunks: Chunk) -> None:
        """These stand beside the company's own from now on; without any only its own."""
        self._index = self._built((*planted.PAGES, *chunks)) if chunks else self._own

    async def search(self, query: SearchQuery) -> SearchResult:
        """Search all."""
        return self._index.search(query)

    async def chunks(self, wanted: Sequence[str]) -> Mapping[str, str]:
        """Whether they stand."""
        return self._index.chunks(wanted)
