"""Replies while they grow: ephemeral drafts in private chats, edits of a real message elsewhere.

A draft fades after 30 seconds unless it is shown again, and becomes nothing: the final message is sent anew.  Groups take 20
messages a minute, edits counted (checked 2026-11-21), so edits keep their distance whatever the gateway asks for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from adapters.telegram.api import BotApi
from adapters.telegram.errors import ParseRefused
from adapters.telegram.place import Place, place_of
from adapters.telegram.render import Words, preview
from adapters.telegram.sending import Sending
from core import ids
from core.domain import Head
from core.ports.channel import Shown

EDIT_EVERY: Final = timedelta(seconds=3)
REFRESH_AFTER: Final = timedelta(seconds=20)
MOST_DRAFTS: Final = 10_000
STOPPABLE: Final = {"can_stop": True, "keep_on_stop": True}
"""A stop button beside the draft (Bot API 10.3, checked 2026-11-21), which stays until what it showed is sent; servers and
clients from before do without."""


@dataclass(frozen=True, slots=True)
class Growing:
    """What is on show in a conversation now."""

    turn_id: str
    words: Words
    at: datetime


class Previews:
    """Growing replies of one account; forgetting one costs a redraw."""

    def __init__(self, api: BotApi, sending: Sending, *, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._sending = sending
        self._clock = clock
        self._growing: OrderedDict[str, Growing] = OrderedDict()

    async def show(self, head: Head, turn_id: str, text: str, *, ref: str | None) -> str | None:
        """Show the text so far; a draft has no id, so None comes back for it."""
        words = preview(text)
        if words is None:
            return ref
        place = place_of(head)
        if place.is_private:
            await self._draft(place, head.conv, turn_id, words)
            return None
        if ref is None:
            ref = await self._sending.say(place, words, names_message=True)
        elif self._is_too_soon(head.conv, turn_id):
            return ref
        else:
            await self._sending.change(place, words, ref)
        self._keep(head.conv, Growing(turn_id, words, self._clock()))
        return ref

    async def refresh(self, head: Head) -> None:
        """Show a draft once more before it fades."""
        growing = self._growing.get(head.conv)
        place = place_of(head)
        if growing is not None and place.is_private and self._clock() - growing.at >= REFRESH_AFTER:
            await self._draft(place, head.conv, growing.turn_id, growing.words)

    async def end(self, head: Head, turn_id: str, shown: Shown) -> None:
        """The reply will not come: what stands only in a draft is sent, once, so that it does not vanish under their eyes."""
        growing = self._growing.pop(head.conv, None)
        words = preview(shown.text)
        if words is None:
            return
        if shown.ref is not None:
            await self._sending.change(place_of(head), words, shown.ref)
        elif growing is not None and growing.turn_id == turn_id:
            await self._sending.say(place_of(head), words, names_message=False)

    def forget(self, conv: str) -> None:
        """Nothing grows there any more."""
        self._growing.pop(conv, None)

    def _is_too_soon(self, conv: str, turn_id: str) -> bool:
        growing = self._growing.get(conv)
        return growing is not None and growing.turn_id == turn_id and self._clock() - growing.at < EDIT_EVERY

    async def _draft(self, place: Place, conv: str, turn_id: str, words: Words) -> None:
        async def once(text: str, parse_mode: str | None) -> None:
            await self._api.ask(
                lambda bot: bot.send_message_draft(
                    chat_id=place.chat,
                    draft_id=_draft_id(turn_id),
                    text=text,
                    message_thread_id=place.topic,
                    parse_mode=parse_mode,
                    api_kwargs=STOPPABLE,
                )
            )

        try:
            await once(words.html, "HTML")
        except ParseRefused:
            words = replace(words, html=words.plain)
            await once(words.plain, None)
        self._keep(conv, Growing(turn_id, words, self._clock()))

    def _keep(self, conv: str, growing: Growing) -> None:
        self._growing[conv] = growing
        self._growing.move_to_end(conv)
        while len(self._growing) > MOST_DRAFTS:
            self._growing.popitem(last=False)


def _draft_id(turn_id: str) -> int:
    """Telegram wants a number other than 0; the same turn always has the same, so that its changes are animated."""
    return int(ids.digest(turn_id)[:7], 16) + 1
