"""Voice notes to text, where a model hears: once per recording, kept beside it, the recording itself stays as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

import structlog

from core.attached import AUDIO
from core.domain import Attachment, InboundEvent
from core.errors import TurnError
from core.ledger import OpenTurn
from core.ports.model import ModelRole, Models, Spender
from core.ports.store import TenantStore

log = structlog.get_logger(__name__)

LIMIT_S: Final = 20.0
"""A turn waits this long for all of its recordings; what is not heard by then is named honestly."""

MAX_BYTES: Final = 26_214_400
MAX_CHARS: Final = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """One tenant's ear.  ``read`` gives a file's bytes; ``LookupError`` when they are gone."""

    models: Models
    store: TenantStore
    read: Callable[[Attachment], Awaitable[bytes]]

    async def heard(self, turn: OpenTurn) -> tuple[InboundEvent, ...]:
        """The turn's events with what is said in their recordings; a recording that cannot be heard stays unheard."""
        if not self.models.has(ModelRole.TRANSCRIBE):
            return turn.events
        if not any(_is_unheard(item) for event in turn.events for item in event.attachments):
            return turn.events
        spender = Spender(tenant=self.store.tenant, contact=turn.head.contact.id, turn_id=turn.turn_id)
        ends_at = asyncio.get_running_loop().time() + LIMIT_S
        events = []
        for event in turn.events:
            items = [await self._item(item, spender, ends_at) for item in event.attachments]
            events.append(replace(event, attachments=tuple(items)))
        return tuple(events)

    async def _item(self, item: Attachment, spender: Spender, ends_at: float) -> Attachment:
        if not _is_unheard(item):
            return item
        key = f"transcript|{item.id}"
        known = await self.store.claimed(key)
        if known is None:
            words = await self._words(item, spender, ends_at)
            known = None if words is None else await self.store.claim(key, words)
        return replace(item, transcript=known) if known else item

    async def _words(self, item: Attachment, spender: Spender, ends_at: float) -> str | None:
        try:
            async with asyncio.timeout_at(ends_at):
                content = await self.read(item)
                if len(content) > MAX_BYTES:
                    return None
                words = await self.models.transcribe(item.name, item.media_type, content, spender)
        except (TurnError, LookupError, TimeoutError) as error:
            log.info("voice_note_not_heard", attachment=item.id, error=type(error).__name__)
            return None
        return " ".join(words.split())[:MAX_CHARS]


def _is_unheard(item: Attachment) -> bool:
    is_sound = item.media_type.startswith(AUDIO)
    return is_sound and not item.transcript and item.unavailable is None and item.origin is None
