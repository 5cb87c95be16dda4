"""What a contact sees of a reply while its turn still runs: the growing text, and that an answer is coming.

A preview is durable before the contact sees it, so that it is never said twice: the final message replaces it, or, when
somebody else took over, it stays as what it was.  That somebody may have been received by another replica, and this one may
have lost the lane while it was stalled: the ledger is asked before each piece of text.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from core.domain import Head, Owner
from core.ending import ended
from core.errors import DeliveryError, StoppedByContact
from core.ledger import OpenTurn
from core.ports.channel import Channel, Shown, SupportsStreaming, SupportsToolStatus, SupportsTyping
from core.ports.store import Preview, TenantStore
from core.settle import is_current, turn_head
from gateway.crashpoints import crash

log = structlog.get_logger(__name__)

TYPING_AFTER_S = 0.4
"""Most turns are over sooner; a sign that flashes up helps nobody."""


class TurnSink:
    """The ReplySink port of one turn.

    A channel that wants its previews paced gets the newest text at most every ``preview_every_s``, and nothing at all when
    the turn is over sooner.
    """

    def __init__(self, store: TenantStore, channel: Channel | None, turn: OpenTurn) -> None:
        self._tools: SupportsToolStatus | None = None
        if isinstance(channel, SupportsToolStatus):
            self._tools = channel
        self._channel: SupportsStreaming | None = None
        self._every_s = 0.0
        if isinstance(channel, SupportsStreaming) and channel.capabilities.streams:
            self._channel, self._every_s = channel, channel.capabilities.preview_every_s
        self._store = store
        self._turn = turn
        self._is_muted = turn_head(turn.head).owner is not Owner.BOT
        self.is_overtaken = False
        self._latest = ""
        self._pacing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._ref: str | None = None
        self.shown = ""
        self.on_stopped: Callable[[], None] = lambda: None
        """Called when the vendor says that the contact pressed stop."""

    @property
    def head(self) -> Head:
        """The head this turn works under."""
        return turn_head(self._turn.head)

    @property
    def epoch(self) -> int:
        """The owner epoch under which this turn may speak."""
        return self.head.owner_epoch

    def mute(self) -> None:
        """Show nothing more; somebody else owns the conversation, or the contact wants to hear no more."""
        self._is_muted = self.is_overtaken = True

    async def resume(self) -> None:
        """Go on with the message that an earlier attempt of this turn put on show."""
        if self._turn.attempt > 1 and self._channel is not None:
            earlier = await self._store.preview(self._turn.turn_id)
            if earlier is not None:
                self.shown, self._ref = earlier.shown, earlier.vendor_ref

    async def show(self, text: str) -> None:
        """Show the full text so far, where the channel can."""
        if self._channel is None or self._is_muted:
            return
        if self._every_s == 0:
            await self._show_now(self._channel, text)
            return
        self._latest = text
        if self._pacing is None:
            self._pacing = asyncio.create_task(self._pace(self._channel), name="preview")

    async def tool(self, name: str, state: str) -> None:
        """Show that a tool is at work, where the channel can."""
        if self._tools is None or self._is_muted:
            return
        try:
            await self._tools.tool(self._turn.head, self._turn.turn_id, name, state)
        except DeliveryError as error:
            log.debug("tool_not_shown", turn=self._turn.turn_id, code=error.code)

    async def close(self) -> None:
        """The turn is over: finish the call in flight, show nothing further."""
        self._closing.set()
        if self._pacing is not None:
            await asyncio.gather(self._pacing, return_exceptions=True)

    async def end(self) -> None:
        """The reply will not come: leave what is on show as it is."""
        if self._channel is None or not self.shown:
            return
        try:
            await self._channel.end_preview(self._turn.head, self._turn.turn_id, Shown(text=self.shown, ref=self._ref))
        except DeliveryError as error:
            log.info("preview_not_ended", turn=self._turn.turn_id, code=error.code)

    async def _pace(self, channel: SupportsStreaming) -> None:
        while not await self._is_closed_within(self._every_s):
            if self._latest != self.shown and not self._is_muted:
                await self._show_now(channel, self._latest)

    async def _is_closed_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return False
        return True

    async def _show_now(self, channel: SupportsStreaming, text: str) -> None:
        if not await self._may_speak():
            self.mute()
            return
        await self._store.save_preview(Preview(turn_id=self._turn.turn_id, shown=text, vendor_ref=self._ref))
        if self._is_muted:
            return
        self.shown = text
        crash("stream.shown")
        try:
            ref = await channel.preview(self._turn.head, self._turn.turn_id, text, ref=self._ref)
            crash("stream.shown")
        except DeliveryError as error:
            log.info("preview_failed", turn=self._turn.turn_id, code=error.code)
            self._is_muted = True
            if isinstance(error, StoppedByContact):
                self.on_stopped()
            return
        if ref is not None and ref != self._ref:
            self._ref = ref
            await self._store.save_preview(Preview(turn_id=self._turn.turn_id, shown=text, vendor_ref=ref))

    async def _may_speak(self) -> bool:
        """Whether the bot owns the conversation as it did, and the turn could still be committed."""
        stands = await self._store.committed_head(self._turn.head.conv)
        if stands is None:
            return True
        head = turn_head(stands)
        return is_current(stands, self._turn) and head.owner is Owner.BOT and head.owner_epoch == self.epoch


@asynccontextmanager
async def typing(channel: Channel | None, head: Head) -> AsyncIterator[None]:
    """Show that an answer is coming for as long as this lasts, where the channel can and the bot speaks."""
    if not isinstance(channel, SupportsTyping) or not channel.capabilities.typing or head.owner is not Owner.BOT:
        yield
        return
    task = asyncio.create_task(_keep_typing(channel, head), name="typing")
    try:
        yield
    finally:
        await ended(task)


async def _keep_typing(channel: SupportsTyping, head: Head) -> None:
    await asyncio.sleep(TYPING_AFTER_S)
    while True:
        try:
            await channel.typing(head)
        except DeliveryError as error:
            log.debug("typing_failed", conv=head.conv, code=error.code)
            return
        await asyncio.sleep(channel.typing_every_s)
