"""An update → what it means here.  The same update always means the same; groups that moved are told to ``moves.py``.

Every message that asks for nothing has a named reason (``Ignored``), which metrics count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from adapters.telegram.media import attachment_of, described
from adapters.telegram.payloads import (
    Chat,
    MembershipChange,
    Press,
    Pressed,
    Reacted,
    Stopped,
    TelegramMessage,
    Update,
    User,
)
from adapters.telegram.place import GROUPS, PRIVATE, SUPERGROUP, Place, thread_key
from adapters.telegram.press import Presses, Rated
from adapters.telegram.wording import Said, Wording
from core import ids
from core.domain import Contact, EventKind, InboundEvent
from core.identity import token_in
from core.inbound import Ignored, LinkProof, Parsed, Reaction, Respond, Sought

MAX_START: Final = 64
"""Most characters of what a deep link brings along."""

PRESS_KEY: Final = "press:"
START: Final = "/start"
ZERO_WIDTH_SPACE: Final = "\u200b"
"""Breaks mentions apart in what we show (adapters/shared/plain.py); the contact did not mean it."""


# Emoji → verdict, 1 (bad) to 5 (good); those that are in neither row say nothing about an answer.
_GOOD = "👍 ❤ ❤️ 🔥 🥰 👏 😁 🎉 🤩 🙏 👌 💯 🏆 🤗 😍 ❤‍🔥 🤝 🆒 😘"
_BAD = "👎 🤬 😢 🤮 💩 😡 🤡 💔 🖕 😭 🥱 🥴 🤨 😐"
RATINGS: Final = dict.fromkeys(_GOOD.split(" "), 5) | dict.fromkeys(_BAD.split(" "), 1)


class Reader:
    """Reads the updates of one account.

    ``answers_presses``: the HTTP answer can carry a method call.  ``moved`` is told of groups that became supergroups.
    """

    def __init__(
        self,
        *,
        tenant: str,
        account: str,
        wording: Wording,
        presses: Presses,
        groups: bool,
        answers_presses: bool,
        moved: Callable[[int, int], None],
    ) -> None:
        self._tenant = tenant
        self._account = account
        self._wording = wording
        self._presses = presses
        self._groups = groups
        self._answers_presses = answers_presses
        self._moved = moved

    def read(self, update: Update, received_at: datetime, payload: bytes) -> tuple[Parsed, ...]:
        """What the update means."""
        if update.message is not None:
            return (self._message(update, update.message, received_at, payload),)
        if update.callback_query is not None:
            return self._press(update, update.callback_query, received_at, payload)
        if update.edited_message is not None:
            return (self._edit(update, update.edited_message, received_at, payload),)
        if update.message_reaction is not None:
            return (self._reaction(update, update.message_reaction),)
        if update.my_chat_member is not None:
            return (self._membership(update, update.my_chat_member, received_at, payload),)
        if update.stopped_message_generation is not None:
            return (self._stopped(update, update.stopped_message_generation, received_at, payload),)
        return (Ignored("update_kind"),)

    def _message(
        self, update: Update, message: TelegramMessage, received_at: datetime, payload: bytes
    ) -> InboundEvent | Ignored | LinkProof:
        if message.migrate_to_chat_id is not None or message.migrate_from_chat_id is not None:
            here = message.chat.id
            self._moved(message.migrate_from_chat_id or here, message.migrate_to_chat_id or here)
            return Ignored("group_moved")
        said = self._wording.read(message)
        sender = self._writer(message, said)
        if isinstance(sender, Ignored):
            return sender
        attachment = attachment_of(message, tenant=self._tenant, account=self._account)
        text = said.text or described(message) or ""
        if not text and attachment is None:
            return Ignored(_why_nothing(message))
        event = self._event(
            update,
            sender,
            kind=EventKind.CONTACT_STOPPED if said.command == "stop" else EventKind.MESSAGE,
            key=f"m:{message.message_id}",
            at=message.date,
            received_at=received_at,
            payload=payload,
            chat=message.chat,
            topic=_topic(message),
            reply_to=message.message_id,
            text=text,
            attachments=() if attachment is None else (attachment,),
        )
        return _started(event, said.argument) if said.command == "start" else event

    def _writer(self, message: TelegramMessage, said: Said) -> User | Ignored:
        """Who wrote it, if they wrote it to us."""
        sender = message.sender
        if sender is None or message.sender_chat is not None:
            return Ignored("anonymous")
        if sender.is_bot:
            return Ignored("bot")
        if message.chat.type == PRIVATE:
            return sender
        if message.chat.type not in GROUPS:
            return Ignored("channel_post")
        if not self._groups:
            return Ignored("groups_off")
        return sender if said.is_addressed else Ignored("not_addressed")

    def _edit(
        self, update: Update, message: TelegramMessage, received_at: datetime, payload: bytes
    ) -> InboundEvent | Ignored:
        said = self._wording.read(message)
        sender = self._writer(message, said)
        if isinstance(sender, Ignored):
            return sender
        if message.location is not None:
            return Ignored("live_location")
        return self._event(
            update,
            sender,
            kind=EventKind.CONTACT_EDITED,
            key=f"edit:{update.update_id}",
            at=message.edit_date or message.date,
            received_at=received_at,
            payload=payload,
            chat=message.chat,
            topic=_topic(message),
            reply_to=message.message_id,
            text=said.text,
            target=f"m:{message.message_id}",
        )

    def _press(self, update: Update, press: Press, received_at: datetime, payload: bytes) -> tuple[Parsed, ...]:
        """The pressed label as the contact's words; the vendor waits for an answer either way."""
        meant = self._pressed(update, press, received_at, payload)
        if not self._answers_presses:
            return (meant,)
        answer = msgspec.json.encode({"method": "answerCallbackQuery", "callback_query_id": press.id})
        return (meant, Respond(answer))

    def _pressed(self, update: Update, press: Press, received_at: datetime, payload: bytes) -> InboundEvent | Ignored:
        under = press.message
        if under is None or press.data is None:
            return Ignored("press_elsewhere")
        if press.sender.is_bot:
            return Ignored("bot")
        meant = self._presses.read(press.data, press.sender.id, _label(under, press.data))
        if meant is None:
            return Ignored("press_forged")
        is_rating = isinstance(meant, Rated)
        return self._event(
            update,
            press.sender,
            kind=EventKind.CONTACT_RATED if is_rating else EventKind.MESSAGE,
            key=f"{PRESS_KEY}{press.id}",
            at=None,
            received_at=received_at,
            payload=payload,
            chat=under.chat,
            topic=_topic(under),
            reply_to=under.message_id,
            text="" if isinstance(meant, Rated) else meant.label.replace(ZERO_WIDTH_SPACE, ""),
            rating=meant.rating if isinstance(meant, Rated) else None,
        )

    def _reaction(self, update: Update, reacted: Reacted) -> Reaction | Ignored:
        if reacted.user is None or reacted.user.is_bot:
            return Ignored("anonymous")
        emoji = next((item.emoji for item in reacted.new_reaction if item.emoji in RATINGS), None)
        if emoji is None:
            return Ignored("reaction_without_verdict")
        sought = None
        if reacted.chat.type == SUPERGROUP:
            # It may be in any topic, and Telegram does not tell in which.
            sought = Sought(by=f"telegram:{reacted.user.id}", within={"chat": reacted.chat.id})
        return Reaction(
            conv="" if sought is not None else self._conv(reacted.chat, None, reacted.user.id),
            vendor_ref=str(reacted.message_id),
            key=f"reaction:{update.update_id}",
            rating=RATINGS[emoji],
            text=emoji,
            sought=sought,
        )

    def _stopped(
        self, update: Update, stopped: Stopped, received_at: datetime, payload: bytes
    ) -> InboundEvent | Ignored:
        """A private chat has its contact's id."""
        if stopped.chat.type != PRIVATE:
            return Ignored("stop_elsewhere")
        return self._event(
            update,
            User(id=stopped.chat.id),
            kind=EventKind.CONTACT_STOPPED,
            key=f"stop:{update.update_id}",
            at=None,
            received_at=received_at,
            payload=payload,
            chat=stopped.chat,
            topic=stopped.message_thread_id,
        )

    def _membership(
        self, update: Update, change: MembershipChange, received_at: datetime, payload: bytes
    ) -> InboundEvent | Ignored:
        if change.chat.type != PRIVATE:
            return Ignored("group_membership")
        is_blocked = change.new_chat_member.status == "kicked"
        if not is_blocked and change.old_chat_member.status != "kicked":
            return Ignored("membership")
        return self._event(
            update,
            change.sender,
            kind=EventKind.CONTACT_LEFT,
            key=f"member:{update.update_id}",
            at=change.date,
            received_at=received_at,
            payload=payload,
            chat=change.chat,
            reason="blocked" if is_blocked else "unblocked",
        )

    def _conv(self, chat: Chat, topic: int | None, contact: int) -> str:
        return ids.conversation_id(self._tenant, self._account, thread_key(chat, topic, contact))

    def _event(
        self,
        update: Update,
        sender: User,
        *,
        kind: EventKind,
        key: str,
        at: int | None,
        received_at: datetime,
        payload: bytes,
        chat: Chat,
        topic: int | None = None,
        reply_to: int | None = None,
        **facts: Any,
    ) -> InboundEvent:
        """``at`` None: the vendor tells no time for it (presses)."""
        named = reply_to if chat.type != PRIVATE else None
        return InboundEvent(
            tenant=self._tenant,
            account=self._account,
            conv=self._conv(chat, topic, sender.id),
            dedupe_key=key,
            kind=kind,
            contact=_contact(sender),
            provider_at=received_at if at is None else datetime.fromtimestamp(at, UTC),
            received_at=received_at,
            order_key=f"{update.update_id:016d}",
            thread=Place(chat=chat.id, contact=sender.id, topic=topic, reply_to=named).thread,
            payload=payload,
            **facts,
        )


def _contact(sender: User) -> Contact:
    name = " ".join(f"{sender.first_name} {sender.last_name}".replace("\x00", "").split())[:200]
    locale = sender.language_code
    return Contact(
        id=f"telegram:{sender.id}", name=name or None, locale=locale if locale and len(locale) <= 35 else None
    )


def _topic(message: TelegramMessage | Pressed) -> int | None:
    """Outside of topics the field only names the message that a chain of replies began with."""
    return message.message_thread_id if message.is_topic_message else None


def _label(under: Pressed, data: str) -> str | None:
    """The words on the button that carries ``data``."""
    if under.reply_markup is None:
        return None
    return next(
        (button.text for row in under.reply_markup.inline_keyboard for button in row if button.callback_data == data),
        None,
    )


def _started(event: InboundEvent, argument: str) -> InboundEvent | LinkProof:
    """A deep link's payload is a proof of identity, or tells where the contact came from; it is nothing they said."""
    if not argument:
        return event
    if token_in(argument) == argument:
        return LinkProof(event=replace(event, text=START), token=argument)
    return replace(event, text=START, thread={**event.thread, "start": argument[:MAX_START]})


def _why_nothing(message: TelegramMessage) -> str:
    if message.contact is not None:
        return "foreign_card"
    return "sticker" if message.sticker is not None else "content_kind"
