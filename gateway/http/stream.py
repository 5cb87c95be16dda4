"""``GET /v1/web/stream``: a conversation as it happens.

The durable part is the contact's transcript, read again whenever something was committed or delivered; positions are places in
the ledger, so a reconnect misses nothing and repeats nothing.  Deltas, typing, tools at work and state are for the moment only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aiohttp import web

from adapters.web.render import nodes_of, parse_position, view
from core.domain import Audience, Role
from core.errors import FrontdeskError
from gateway.http import problem
from gateway.http.sse import KEEP_ALIVE, PING_FRAME, PING_KIND, EventStream, StreamClosed, frame, open_stream
from gateway.http.views import links_of, state_of
from gateway.http.visits import LOGOUT_KIND, Visit, visit_of
from gateway.live import LiveEvent

PAGE: Final = 200
STREAMS_PER_CONVERSATION: Final = 12
"""More tabs than this are a loop, not a person."""

START: Final = (0, -1)
CHANGES: Final = ("commit", "settled")


class ContactLog:
    """What one open stream has told its reader; small, because thousands of them are idle."""

    __slots__ = ("_after", "_bot_types", "_out", "_state", "_visit")

    def __init__(self, visit: Visit, out: EventStream, after: tuple[int, int]) -> None:
        self._visit = visit
        self._out = out
        self._after = after
        self._state = b""
        self._bot_types = False

    async def begin(self, *, is_reset: bool) -> None:
        """State first, then everything after the reader's position."""
        if is_reset:
            await self._out.send("reset", {})
        await self._tell_state()
        await self._tell_messages()

    async def tell(self, events: Iterable[LiveEvent]) -> bool:
        """Tell what happened; False when the stream is over."""
        has_changed = False
        for event in events:
            if event.kind in CHANGES:
                has_changed = True
            elif not await self._pass_on(event):
                await self._out.send("bye", {})
                return False
        if has_changed:
            await self.catch_up()
        return True

    async def catch_up(self) -> None:
        """Read the ledger again."""
        if self._bot_types:
            self._bot_types = False
            await self._out.send("typing", {"who": "bot", "active": False})
        await self._tell_state()
        await self._tell_messages()

    async def _pass_on(self, event: LiveEvent) -> bool:
        match event.kind:
            case "delta":
                # Set for this reader: a reader of the bare text, and a conversation that nobody watches, need no blocks.
                blocks = nodes_of(Role.BOT, str(event.data["text"]))
                await self._out.send("message.delta", {**event.data, "blocks": blocks})
            case "typing" if event.data.get("who") != "contact":
                self._bot_types = self._bot_types or event.data.get("who") == "bot"
                await self._out.send("typing", {"who": event.data["who"], "active": event.data["active"]})
            case "tool":
                await self._out.send("tool", {"name": event.data["name"], "state": event.data["state"]})
            case "drain":
                return False
            case kind if kind == LOGOUT_KIND:
                return event.data.get("login") != self._visit.session.login
            case kind if kind == PING_KIND:
                await self._out.write(PING_FRAME)
                return self._visit.services.clock() < self._visit.session.expires_at
        return True

    async def _tell_state(self) -> None:
        state = frame("state", await state_of(self._visit))
        if state != self._state:
            self._state = state
            await self._out.write(state)

    async def _tell_messages(self) -> None:
        links = links_of(self._visit)
        while True:
            messages = await self._visit.store.transcript(
                self._visit.conv, audience=Audience.CONTACT, after=self._after, limit=PAGE
            )
            for message in messages:
                shown = view(message, links)
                await self._out.write(frame("message.created", shown, id=shown.position))
                self._after = message.position
            if len(messages) < PAGE:
                return


def asked_position(request: web.Request) -> str:
    """Where a reader wants to go on: the header of a reconnect, or the query of a first connect."""
    return request.headers.get("Last-Event-ID") or request.query.get("after", "")


async def _start_at(request: web.Request, visit: Visit) -> tuple[tuple[int, int], bool]:
    """The position to go on from, and whether the reader must forget what it has."""
    asked = asked_position(request)
    if not asked:
        return START, False
    place = parse_position(asked)
    head = await visit.store.head(visit.conv)
    if place is None or place[0] > (head.seq if head is not None else 0):
        return START, True
    return place, False


async def stream(request: web.Request) -> web.StreamResponse:
    """Follow a conversation until the reader goes, logs out, or the server drains."""
    visit = await visit_of(request)
    services = visit.services
    most = None if services.limits.is_evaluation else STREAMS_PER_CONVERSATION
    keep_alive = request.config_dict[KEEP_ALIVE]
    with (
        services.hub.subscribe(visit.tenant.id, visit.conv) as subscription,
        keep_alive.watching(subscription, limit=services.limits.streams, of=visit.conv, limit_of=most),
    ):
        after, is_reset = await _start_at(request, visit)
        out = await open_stream(request)
        log = ContactLog(visit, out, after)
        try:
            await log.begin(is_reset=is_reset)
            while await log.tell(await subscription.wait()):
                if subscription.is_lagging:
                    subscription.is_lagging = False
                    await log.catch_up()
        except StreamClosed:
            pass
        except FrontdeskError as error:
            await _give_up(out, error)
    return out.response


async def _give_up(out: EventStream, error: FrontdeskError) -> None:
    """The store does not answer: say so and end; the client reconnects and goes on where it was."""
    try:
        await out.send("error", problem.of_error(error))
    except StreamClosed:
        return


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [web.get("/v1/web/stream", stream, allow_head=False)]
