"""Replies while they grow, in personal chats: one streamed message at a time, its text only ever longer.

A stream lives at most two minutes.  Before that we finish it ourselves and go on by replacing the message, so that a long
turn ends the same way as a short one.  What is known of a stream is kept in memory only: after a restart it is finished, not
continued.
Rules of the vendor checked 2026-11-21.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.teams.connector import Connector, Room, created_id
from adapters.teams.errors import Fate, error_of, fate_of
from core.errors import OutcomeUnknown, ProviderUnavailable, StoppedByContact
from core.vendors.http import Answer

ROLL_OVER_AFTER: Final = timedelta(seconds=105)
MAX_LIVE: Final = 5_000

Finish = Callable[[str], dict[str, Any]]
"""Makes the message of a text; used where a stream must be finished before its reply is."""


@dataclass(slots=True, kw_only=True)
class Live:
    """A stream on show.  ``is_over``: finished for Teams, so that from now on the message is replaced as a whole."""

    started_at: datetime
    shown: str
    sequence: int = 1
    is_over: bool = False


class Streams:
    """The streams of one account."""

    def __init__(self, connector: Connector, clock: Callable[[], datetime]) -> None:
        self._connector = connector
        self._clock = clock
        self._live: OrderedDict[str, Live] = OrderedDict()
        self._newest: OrderedDict[str, Live] = OrderedDict()

    def is_streaming(self, conversation: str) -> bool:
        """Whether something grows there now; then no typing sign is needed, nor any of the few calls a second spent on it."""
        live = self._newest.get(conversation)
        return live is not None and not live.is_over and self._clock() - live.started_at < ROLL_OVER_AFTER

    async def grow(self, room: Room, text: str, *, ref: str | None, finish: Finish) -> str | None:
        """Show a longer text; one that does not go on from what is shown waits for the end."""
        if ref is None:
            return await self._start(room, text)
        live = self._live.get(ref)
        if live is None or text == live.shown or not text.startswith(live.shown):
            return ref
        if not live.is_over and self._clock() - live.started_at >= ROLL_OVER_AFTER:
            answer = await self._connector.post(room, _final(ref, finish(live.shown)))
            self._check(ref, live, answer)
            live.is_over = True
        if live.is_over:
            answer = await self._connector.update(room, ref, finish(text))
        else:
            live.sequence += 1
            answer = await self._connector.post(room, _piece(text, live.sequence, ref))
        self._check(ref, live, answer)
        if answer.status < 300 and fate_of(answer) is None:
            live.shown = text
        return ref

    async def _start(self, room: Room, text: str) -> str | None:
        if not text:
            return None
        answer = await self._connector.post(room, _piece(text, 1, None))
        ref = created_id(answer)
        if answer.status >= 300 or not ref:
            raise error_of(answer)
        live = Live(started_at=self._clock(), shown=text)
        _put(self._live, ref, live)
        _put(self._newest, room.conversation, live)
        return ref

    def _check(self, ref: str, live: Live, answer: Answer) -> None:
        """Raise what cannot be gone on from; a stream that Teams closed goes on as an ordinary message."""
        fate = fate_of(answer)
        if fate is Fate.STOPPED:
            self._forget(ref)
            raise StoppedByContact("The contact stopped the reply.")
        if fate in (Fate.TIMED_OUT, Fate.COMPLETED):
            live.is_over = True
        elif answer.status >= 300:
            raise error_of(answer)

    async def finish(self, room: Room, ref: str, activity: Mapping[str, Any], *, finish: Finish) -> str:
        """The final message in the place of the stream.  May be repeated: a stream ends once, and replacing is replacing.

        Raises ``StoppedByContact`` when they want to hear no more of it, besides what ``send`` raises.
        """
        live = self._live.get(ref)
        try:
            done = await self._finish(room, ref, activity, live, finish)
        except OutcomeUnknown as error:
            raise ProviderUnavailable(
                "The vendor's answer was lost; finishing the same message again is safe."
            ) from error
        self._forget(ref)
        return done

    async def _finish(
        self, room: Room, ref: str, activity: Mapping[str, Any], live: Live | None, finish: Finish
    ) -> str:
        if live is None or not live.is_over:
            answer = await self._connector.post(room, _final(ref, activity))
            if answer.status < 300:
                return created_id(answer) or ref
            match fate_of(answer):
                case Fate.STOPPED:
                    self._forget(ref)
                    raise StoppedByContact("The contact stopped the reply.")
                case None if answer.status == 404:
                    return await self._connector.create(room, activity)
                case None:
                    raise error_of(answer)
                case Fate.CHANGED if live is not None:
                    # What was shown is finished as it is, and then replaced by what it should have been.
                    await self._connector.post(room, _final(ref, finish(live.shown)))
                case _:
                    pass
            if live is not None:
                live.is_over = True
        answer = await self._connector.update(room, ref, activity)
        if answer.status == 404:
            return await self._connector.create(room, activity)
        if answer.status >= 300:
            raise error_of(answer)
        return ref

    def _forget(self, ref: str) -> None:
        live = self._live.pop(ref, None)
        if live is not None:
            live.is_over = True

    async def leave(self, room: Room, ref: str, text: str, *, finish: Finish) -> None:
        """Nothing more comes: finish the stream with what is on show."""
        live = self._live.get(ref)
        was_over = live is not None and live.is_over
        self._forget(ref)
        if was_over:
            return
        answer = await self._connector.post(room, _final(ref, finish(live.shown if live else text)))
        if answer.status >= 300 and fate_of(answer) is None:
            raise error_of(answer)


def _put(kept: OrderedDict[str, Live], key: str, live: Live) -> None:
    kept[key] = live
    if len(kept) > MAX_LIVE:
        kept.popitem(last=False)


def _piece(text: str, sequence: int, ref: str | None) -> dict[str, Any]:
    info: dict[str, Any] = {"type": "streaminfo", "streamType": "streaming", "streamSequence": sequence}
    if ref is not None:
        info["streamId"] = ref
    return {"type": "typing", "text": text, "textFormat": "markdown", "entities": [info]}


def _final(ref: str, activity: Mapping[str, Any]) -> dict[str, Any]:
    info = {"type": "streaminfo", "streamId": ref, "streamType": "final"}
    return {**activity, "entities": [*activity.get("entities", ()), info]}
