"""Activity → what it means; pure.

The vocabulary: ``message`` (text, files, or a press of our card's button), ``messageUpdate``, ``messageDelete``,
``messageReaction``, ``invoke`` (which wants an answer in the HTTP response), ``installationUpdate`` and ``conversationUpdate``.
Everything else is ignored by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from adapters.teams import text as words
from adapters.teams.cards import Pressed, answered, pressed, rated_card
from adapters.teams.files import attachments_of
from adapters.teams.payloads import Activity, Place
from core import ids
from core.domain import Contact, EventKind, InboundEvent
from core.errors import PayloadInvalid
from core.inbound import Ignored, Parsed, Reaction, Respond
from core.ports.channel import RawRequest

TEAMS: Final = "msteams"
PERSONAL, GROUP, CHANNEL = "personal", "groupChat", "channel"
KINDS: Final = frozenset((PERSONAL, GROUP, CHANNEL))
THREAD_MARK: Final = ";messageid="
NOTHING: Final = b"{}"
MAX_ID_CHARS: Final = 512

RATINGS: Final[Mapping[str, int]] = {"like": 5, "heart": 5, "laugh": 4, "sad": 2, "angry": 1, "dislike": 1}
"""Reactions that are a verdict; of the hundreds of others nobody knows what they mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads the activities of one account; ``shared_rooms`` as in the settings."""

    tenant: str
    account: str
    shared_rooms: str

    def read(self, activity: Activity, request: RawRequest) -> tuple[Parsed, ...]:
        """What an activity means."""
        if (activity.channel_id or "").partition(":")[0] != TEAMS:
            return (Ignored("other_channel"),)
        reader = READERS.get(activity.type)
        if reader is None:
            return (Ignored("unknown_type"),)
        return reader(_Reading(self, activity, request))


class _Reading:
    """One activity with what most kinds of it need."""

    def __init__(self, reader: Reader, activity: Activity, request: RawRequest) -> None:
        self.activity = activity
        self.request = request
        self.reader = reader
        self.bot = activity.recipient.id if activity.recipient else ""
        self.kind = _kind_of(activity.conversation)
        self.room = _room_of(activity, self.kind)
        self.entra_tenant = _tenant_of(activity)

    @property
    def is_own(self) -> bool:
        """Whether a bot said it: ourselves, or another one with which we must not start to talk."""
        sender = self.activity.from_
        return sender is None or sender.id.startswith("28:") or sender.id == self.bot or sender.role == "bot"

    @property
    def conv(self) -> str:
        if not self.room:
            raise PayloadInvalid("This field is required.", field="/conversation/id")
        return ids.conversation_id(self.reader.tenant, self.reader.account, self.room)

    @property
    def id(self) -> str:
        if not self.activity.id or len(self.activity.id) > MAX_ID_CHARS:
            raise PayloadInvalid("This field is required.", field="/id")
        return self.activity.id

    def contact(self) -> Contact:
        sender = self.activity.from_
        if sender is None or not sender.id:
            raise PayloadInvalid("This field is required.", field="/from/id")
        return Contact(
            id=f"teams:{self.entra_tenant}:{sender.aad_object_id or sender.id}",
            name=words.line(sender.name),
            locale=words.line(self.activity.locale, limit=35),
        )

    def thread(self) -> Mapping[str, Any]:
        sender = self.activity.from_
        return {
            "service_url": self.activity.service_url or "",
            "conversation": self.room,
            "kind": self.kind,
            "entra_tenant": self.entra_tenant,
            "bot": self.bot,
            "contact": sender.id if sender else "",
        }

    def text(self) -> str:
        entities = self.activity.entities
        return words.plain(
            self.activity.text or "",
            mentions=entities or (),
            bot=self.bot,
            is_markup=self.activity.text_format == "xml",
        )

    def event(self, kind: EventKind, key: str, **fields: Any) -> InboundEvent:
        return InboundEvent(
            tenant=self.reader.tenant,
            account=self.reader.account,
            conv=self.conv,
            dedupe_key=key,
            kind=kind,
            contact=self.contact(),
            provider_at=_said_at(self.activity, self.request.received_at),
            received_at=self.request.received_at,
            order_key=(self.activity.id or "")[:MAX_ID_CHARS].rjust(20, "0"),
            thread=self.thread(),
            payload=self.request.body,
            **fields,
        )

    def is_addressed(self) -> bool:
        """Whether we are meant.  Without a special permission Teams sends only what mentions the bot."""
        rule = self.reader.shared_rooms
        mentions = self.activity.entities or ()
        if self.kind == PERSONAL or rule == "all" or words.mentions_bot(mentions, self.bot):
            return True
        is_reply = self.kind == CHANNEL and not self.room.endswith(f"{THREAD_MARK}{self.activity.id}")
        return rule == "threads" and is_reply and not words.mentions_others(mentions, self.bot)


def _kind_of(place: Place | None) -> str:
    """Personal, group chat or channel; old payloads say so only by the form of the id."""
    if place is None:
        return PERSONAL
    if place.conversation_type in KINDS:
        return str(place.conversation_type)
    if THREAD_MARK in place.id or "@thread.tacv2" in place.id:
        return CHANNEL
    return GROUP if place.is_group else PERSONAL


def _room_of(activity: Activity, kind: str) -> str:
    """The conversation's id; a channel's post that does not name its thread is the root of one."""
    place = activity.conversation
    room = place.id if place is not None else ""
    if kind == CHANNEL and room and THREAD_MARK not in room and activity.id:
        return f"{room}{THREAD_MARK}{activity.reply_to_id or activity.id}"
    return room


def _tenant_of(activity: Activity) -> str:
    place, data = activity.conversation, activity.channel_data
    named = place.tenant_id if place is not None else None
    return named or (data.tenant.id if data and data.tenant and data.tenant.id else "")


def _said_at(activity: Activity, received_at: datetime) -> datetime:
    """The activity's time stamp; else its id, which is milliseconds since 1970; else now."""
    try:
        if activity.timestamp:
            stamp = datetime.fromisoformat(activity.timestamp)
            if stamp.tzinfo is UTC:
                return stamp
            return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)
        if activity.id and activity.id.isascii() and activity.id.isdigit() and len(activity.id) == 13:
            return datetime.fromtimestamp(int(activity.id) / 1000, UTC)
    except (ValueError, OverflowError):
        pass
    return received_at


def _message(reading: _Reading) -> tuple[Parsed, ...]:
    if reading.is_own:
        return (Ignored("own_message"),)
    activity = reading.activity
    if activity.value is not None:
        press = pressed(activity.value)
        if press is not None:
            return (_press_event(reading, press),)
        if not activity.text:
            return (Ignored("unknown_card"),)
    if not reading.is_addressed():
        return (Ignored("not_addressed"),)
    text = reading.text()
    files = attachments_of(activity.attachments or (), tenant=reading.reader.tenant, account=reading.reader.account)
    if not text and not files:
        return (Ignored("empty"),)
    return (reading.event(EventKind.MESSAGE, f"message:{reading.id}", text=text, attachments=files),)


def _press_event(reading: _Reading, press: Pressed) -> InboundEvent:
    if press.rating is not None:
        return reading.event(EventKind.CONTACT_RATED, f"message:{reading.id}", rating=press.rating)
    if press.is_person:
        return reading.event(EventKind.HANDOFF_REQUESTED, f"message:{reading.id}")
    return reading.event(EventKind.MESSAGE, f"message:{reading.id}", text=press.choice)


def _edited(reading: _Reading) -> tuple[Parsed, ...]:
    """An edit, or the undoing of a deletion; either way this is what the message says now."""
    if reading.is_own:
        return (Ignored("own_message"),)
    text = reading.text()
    stamp = reading.activity.timestamp or ids.digest(text)
    key = f"messageUpdate:{reading.id}:{stamp[:64]}"
    return (reading.event(EventKind.CONTACT_EDITED, key, text=text, target=f"message:{reading.id}"),)


def _deleted(reading: _Reading) -> tuple[Parsed, ...]:
    if reading.is_own:
        return (Ignored("own_message"),)
    stamp = (reading.activity.timestamp or "")[:64]
    key = f"messageDelete:{reading.id}:{stamp}"
    return (reading.event(EventKind.CONTACT_DELETED, key, target=f"message:{reading.id}"),)


def _reaction(reading: _Reading) -> tuple[Parsed, ...]:
    activity = reading.activity
    given = [felt.type for felt in activity.reactions_added or () if felt.type in RATINGS]
    if not activity.reply_to_id or reading.is_own:
        return (Ignored("reaction"),)
    if not given:
        return (Ignored("reaction_without_verdict"),)
    who = reading.contact().id
    stamp = activity.timestamp or activity.id or ""
    return tuple(
        Reaction(
            conv=reading.conv,
            vendor_ref=activity.reply_to_id,
            key=f"reaction:{ids.digest(activity.reply_to_id, who, felt, stamp)}",
            rating=RATINGS[felt],
        )
        for felt in dict.fromkeys(felt for felt in given if felt)
    )


def _invoke(reading: _Reading) -> tuple[Parsed, ...]:
    match reading.activity.name:
        case "message/submitAction":
            return _feedback(reading)
        case "adaptiveCard/action":
            return _executed(reading)
        case _:
            return (Ignored("unknown_invoke"), Respond(NOTHING))


def _feedback(reading: _Reading) -> tuple[Parsed, ...]:
    """Thumb and words under a reply.  The vendor sends the form as JSON inside a string."""
    value, about = _mapping(reading.activity.value), reading.activity.reply_to_id
    given = _mapping(value.get("actionValue"))
    verdict = given.get("reaction")
    if value.get("actionName") != "feedback" or verdict not in ("like", "dislike") or not about or reading.is_own:
        return (Ignored("unknown_feedback"), Respond(NOTHING))
    found = Reaction(
        conv=reading.conv,
        vendor_ref=about,
        key=f"feedback:{reading.id}",
        rating=RATINGS[verdict],
        text=_feedback_text(given.get("feedback")),
    )
    return (found, Respond(NOTHING))


def _feedback_text(form: object) -> str:
    if isinstance(form, str):
        try:
            form = msgspec.json.decode(form)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return ""
    said = _mapping(form).get("feedbackText")
    return words.plain(said, mentions=(), bot="", is_markup=False)[:2_000] if isinstance(said, str) else ""


def _executed(reading: _Reading) -> tuple[Parsed, ...]:
    """An ``Action.Execute`` button; the answer takes the card's place, so nobody presses it twice."""
    press = pressed(_mapping(_mapping(reading.activity.value).get("action")).get("data"))
    if press is None or reading.is_own:
        return (Ignored("unknown_card"), Respond(answered("ok")))
    event = _press_event(reading, press)
    body = rated_card(press.rating) if press.rating is not None else answered("ok")
    return (event, Respond(body))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _installed(reading: _Reading) -> tuple[Parsed, ...]:
    return _removed(reading) if reading.activity.action == "remove" else (Ignored("installed"),)


def _membership(reading: _Reading) -> tuple[Parsed, ...]:
    activity = reading.activity
    if any(member.id == reading.bot for member in activity.members_removed or ()):
        return _removed(reading)
    if any(member.id == reading.bot for member in activity.members_added or ()):
        return (Ignored("installed"),)
    return (Ignored("room_changed"),)


def _removed(reading: _Reading) -> tuple[Parsed, ...]:
    """The app is gone from a chat.  A team is many threads, of which this names none."""
    if reading.kind == CHANNEL or reading.is_own:
        return (Ignored("removed_from_room"),)
    stamp = (reading.activity.timestamp or reading.activity.id or "")[:64]
    return (reading.event(EventKind.CONTACT_LEFT, f"left:{stamp}", reason="removed"),)


def _ignored(reason: str) -> Callable[[_Reading], tuple[Parsed, ...]]:
    return lambda _: (Ignored(reason),)


READERS: Final[Mapping[str, Callable[[_Reading], tuple[Parsed, ...]]]] = {
    "message": _message,
    "messageUpdate": _edited,
    "messageDelete": _deleted,
    "messageReaction": _reaction,
    "invoke": _invoke,
    "installationUpdate": _installed,
    "conversationUpdate": _membership,
    "typing": _ignored("typing"),
}
