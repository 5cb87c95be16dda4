"""Delivering one message: its parts in order, each once, with Telegram's own ways to refuse.

There is no lookup and no idempotency key: after a lost answer nothing is sent again, but an edit may be repeated, since it
leads to the same message.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from adapters.telegram.api import UPLOAD_LIMIT_S, BotApi
from adapters.telegram.errors import GroupMoved, MessageMissing, ParseRefused, PictureRefused, Unchanged
from adapters.telegram.keyboards import inline, reply
from adapters.telegram.moves import Moves, number_of, ref_of
from adapters.telegram.place import Place, place_of
from adapters.telegram.press import Presses
from adapters.telegram.render import Enclosed, Part, Words, one_line, render
from core.domain import Attachment
from core.errors import DeliveryError, MessageRejected, OutcomeUnknown
from core.ports.channel import Files, Outbound, Sent

if TYPE_CHECKING:
    from telegram import Bot, InlineKeyboardMarkup, Message, ReplyKeyboardMarkup, ReplyKeyboardRemove, ReplyParameters

T = TypeVar("T")

UPLOAD_LIMIT_BYTES: Final = 50_000_000
PHOTO_LIMIT_BYTES: Final = 10_000_000
PHOTOS: Final = frozenset(("image/jpeg", "image/png", "image/webp"))
VOICES: Final = frozenset(("audio/ogg", "audio/mpeg", "audio/mp4", "audio/x-m4a"))
"""What Telegram plays as a voice note (Bot API 10.1, checked 2026-11-21)."""


class Sending:
    """Sends for one account; ``as_keyboard``: choices stand in place of the contact's letters, not under the message."""

    def __init__(self, api: BotApi, *, presses: Presses, files: Files, moves: Moves, as_keyboard: bool) -> None:
        self._api = api
        self._presses = presses
        self._files = files
        self._moves = moves
        self._as_keyboard = as_keyboard

    async def deliver(self, outbound: Outbound) -> Sent:
        """Send the parts that are not there yet; an error tells by ``sent_refs`` which of them arrived."""
        place = place_of(outbound.head)
        parts = render(outbound.message, presses=self._presses, contact=place.contact)
        shown = outbound.preview.ref if outbound.preview is not None else None
        if outbound.reconcile and not _is_one_edit(parts, shown, outbound.sent_refs):
            raise OutcomeUnknown("Telegram cannot be asked whether a message arrived.")
        if not parts:
            raise MessageRejected("There is nothing to say in it.")
        refs: list[str] = []
        try:
            for number, part in enumerate(parts[len(outbound.sent_refs) :], len(outbound.sent_refs)):
                is_shown = number == 0 and shown is not None and isinstance(part, Words)
                refs.append(await self._part(place, part, is_first=number == 0, shown=shown if is_shown else None))
        except DeliveryError as error:
            error.sent_refs = tuple(refs)
            raise
        return Sent.of_parts(refs)

    async def say(self, place: Place, words: Words, *, names_message: bool) -> str:
        """Send one message of text; ``names_message``: as an answer to the contact's message, in groups."""
        return await self._where_it_is(place, lambda here: self._words(here, words, names_message=names_message))

    async def change(self, place: Place, words: Words, ref: str) -> None:
        """Make a message that was sent say ``words``; ``MessageMissing`` when it is gone."""
        await self._where_it_is(place, lambda here: self._edit(here, words, ref))

    async def _part(self, place: Place, part: Part, *, is_first: bool, shown: str | None) -> str:
        if isinstance(part, Enclosed):
            return await self._enclosed(place, part.attachment, names_message=is_first)
        if shown is not None:
            try:
                await self.change(place, part, shown)
            except MessageMissing:
                pass
            else:
                return shown
        return await self.say(place, part, names_message=is_first)

    async def _where_it_is(self, place: Place, act: Callable[[Place], Awaitable[T]]) -> T:
        """Act in the chat, or where the group moved to; the move is remembered, since Telegram tells it only here."""
        here = await self._moved(place)
        try:
            return await act(here)
        except GroupMoved as moved:
            await self._moves.learn(here.chat, moved.chat)
            return await act(await self._moved(here))

    async def _moved(self, place: Place) -> Place:
        if place.is_private:
            return place
        if not place.is_basic_group:
            is_moved = await self._moves.home(place.chat) is not None
            return replace(place, moved_to=place.chat) if is_moved else place
        chat = await self._moves.now(place.chat)
        # Message ids start anew in the supergroup, so the message to answer cannot be named any more.
        return place if chat is None else replace(place, chat=chat, reply_to=None, moved_to=chat)

    async def _words(self, place: Place, words: Words, *, names_message: bool) -> str:
        markup = self._markup(place, words)
        names_message = names_message or bool(words.buttons and self._as_keyboard)

        def call(text: str, parse_mode: str | None) -> Callable[[Bot], Awaitable[Message]]:
            return lambda bot: bot.send_message(
                chat_id=place.chat,
                text=text,
                parse_mode=parse_mode,
                message_thread_id=place.topic,
                reply_markup=markup,
                reply_parameters=_answering(place) if names_message else None,
                link_preview_options=_no_preview(),
            )

        sent = await self._readable(words, call)
        return ref_of(sent.message_id, place.moved_to)

    def _markup(
        self, place: Place, words: Words
    ) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | None:
        """In groups a keyboard is shown only to whose message we answer; without one it stands under the message."""
        is_shown_to_them = place.is_private or place.reply_to is not None
        if self._as_keyboard and not words.is_rating and is_shown_to_them:
            return reply(words.buttons, selective=not place.is_private)
        return inline(words.buttons)

    async def _edit(self, place: Place, words: Words, ref: str) -> None:
        message = number_of(ref, place.moved_to)
        if message is None:
            raise MessageMissing("The message was sent before the group moved.")

        def call(text: str, parse_mode: str | None) -> Callable[[Bot], Awaitable[Message | bool]]:
            return lambda bot: bot.edit_message_text(
                text=text,
                chat_id=place.chat,
                message_id=message,
                parse_mode=parse_mode,
                reply_markup=inline(words.buttons),
                link_preview_options=_no_preview(),
            )

        try:
            await self._readable(words, call)
        except Unchanged:
            return

    async def _readable(self, words: Words, call: Callable[[str, str | None], Callable[[Bot], Awaitable[T]]]) -> T:
        """With markup; once more without, when Telegram does not understand it."""
        try:
            return await self._api.ask(call(words.html, "HTML"))
        except ParseRefused:
            return await self._api.ask(call(words.plain, None))

    async def _enclosed(self, place: Place, attachment: Attachment, *, names_message: bool) -> str:
        try:
            body = await self._files.read(attachment)
        except LookupError:
            raise MessageRejected("The file to send is gone.") from None
        if len(body) > UPLOAD_LIMIT_BYTES:
            raise MessageRejected("The file is larger than Telegram takes (50 MB).")

        async def act(here: Place) -> str:
            return await self._file(here, attachment, body, names_message=names_message)

        return await self._where_it_is(place, act)

    async def _file(self, place: Place, attachment: Attachment, body: bytes, *, names_message: bool) -> str:
        common: dict[str, Any] = {
            "chat_id": place.chat,
            "message_thread_id": place.topic,
            "reply_parameters": _answering(place) if names_message else None,
            "filename": one_line(attachment.name),
        }
        if attachment.media_type in PHOTOS and len(body) <= PHOTO_LIMIT_BYTES:
            try:
                sent = await self._api.ask(lambda bot: bot.send_photo(photo=body, **common), limit_s=UPLOAD_LIMIT_S)
                return ref_of(sent.message_id, place.moved_to)
            except PictureRefused:
                pass
        if attachment.media_type in VOICES:
            sent = await self._api.ask(lambda bot: bot.send_voice(voice=body, **common), limit_s=UPLOAD_LIMIT_S)
        else:
            sent = await self._api.ask(lambda bot: bot.send_document(document=body, **common), limit_s=UPLOAD_LIMIT_S)
        return ref_of(sent.message_id, place.moved_to)


def _is_one_edit(parts: tuple[Part, ...], shown: str | None, sent: tuple[str, ...]) -> bool:
    """Repeating an edit is harmless; anything that was to come after it may be there already."""
    return shown is not None and not sent and len(parts) == 1 and isinstance(parts[0], Words)


def _answering(place: Place) -> ReplyParameters | None:
    if place.reply_to is None:
        return None
    from telegram import ReplyParameters  # noqa: PLC0415  slow to import, done by now

    return ReplyParameters(message_id=place.reply_to, allow_sending_without_reply=True)


def _no_preview() -> Any:
    from telegram import LinkPreviewOptions  # noqa: PLC0415  slow to import, done by now

    return LinkPreviewOptions(is_disabled=True)
