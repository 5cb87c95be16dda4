"""What Slack tells the desk: signed events of messages and reactions, and pressed buttons (Events API, checked 2026-11).

Nothing is asked of Slack here.  A message only says that its case changed: the thread is read back, so that order, edits and
repeats are the thread's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs

import msgspec

from core.errors import PayloadInvalid, PayloadMalformed
from core.inbound import Ignored, Respond
from core.ports.channel import RawRequest
from core.ports.helpdesk import CaseAsked, CaseTouched, DeskAgent, Heard
from handoff.desks.slack.cards import ACTIONS, Press
from handoff.kit.proof import check_hmac, check_time, header

FORM: Final = "application/x-www-form-urlencoded"
SPOKEN: Final = frozenset({None, "file_share", "thread_broadcast", "me_message"})
"""Subtypes of messages that people write; every other one is a machine's."""


class Edited(msgspec.Struct, frozen=True, kw_only=True):
    """When a message was changed."""

    ts: str = ""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A message inside another event."""

    user: str | None = None
    bot_id: str | None = None
    ts: str = ""
    edited: Edited | None = None
    thread_ts: str | None = None
    subtype: str | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What was reacted to."""

    channel: str = ""
    ts: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """The inner event; only what is read."""

    type: str
    subtype: str | None = None
    user: str | None = None
    bot_id: str | None = None
    channel: str | None = None
    ts: str | None = None
    thread_ts: str | None = None
    event_ts: str | None = None
    message: Said | None = None
    previous_message: Said | None = None
    deleted_ts: str | None = None
    reaction: str | None = None
    item: Item | None = None


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """The event's name, when the rest cannot be read."""

    type: str = ""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted."""

    type: str = ""
    challenge: str | None = None
    event: msgspec.Raw = msgspec.Raw()


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Who pressed."""

    id: str
    name: str | None = None
    username: str | None = None
    team_id: str | None = None


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """The app's workspace."""

    id: str


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the button stands."""

    channel_id: str = ""
    message_ts: str = ""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One press."""

    action_id: str
    action_ts: str = ""


class Interaction(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a form."""

    type: str
    user: User | None = None
    team: Team | None = None
    container: Place | None = None
    actions: list[Action] = []


class Hearing:
    """Reads for one workspace; ``known`` knows people, ``pressed`` keeps a press until its card is next read."""

    def __init__(
        self,
        secrets: Sequence[str],
        *,
        reactions: Sequence[str | None],
        known: Callable[[str], DeskAgent | None],
        pressed: Callable[[str, Press], None],
    ) -> None:
        self._secrets = tuple(secrets)
        self._reactions = frozenset(reactions) - {None}
        self._known = known
        self._pressed_at = pressed

    def verify(self, request: RawRequest) -> None:
        """Slack's signature, version 0: HMAC-SHA256 over ``v0:timestamp:body``."""
        stamp = header(request, "X-Slack-Request-Timestamp")
        check_time(stamp, request.received_at)
        signed = b"v0:" + stamp.encode() + b":" + request.body
        check_hmac(self._secrets, header(request, "X-Slack-Signature"), signed, prefix="v0=")

    def parse(self, request: RawRequest) -> tuple[Heard, ...]:
        """Events come as JSON, pressed buttons as forms."""
        if header(request, "Content-Type").startswith(FORM):
            return self._form(request.body)
        try:
            envelope = msgspec.json.decode(request.body, type=Envelope)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise PayloadMalformed("This is not an event of Slack.") from error
        if envelope.type == "url_verification":
            return (Respond(msgspec.json.encode({"challenge": envelope.challenge or ""})),)
        if envelope.type != "event_callback" or not bytes(envelope.event):
            return (Ignored(f"slack_{_word(envelope.type)}"),)
        try:
            event = msgspec.json.decode(envelope.event, type=Event)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return (Ignored(f"slack_{_word(_name_of(envelope.event))}"),)
        return self._event(event)

    def _event(self, event: Event) -> tuple[Heard, ...]:
        match event.type, event.subtype:
            case "message", "message_changed":
                return self._changed(event)
            case "message", "message_deleted":
                return self._deleted(event)
            case "message", _:
                return self._said(event)
            case "reaction_added" | "reaction_removed", _:
                return self._reacted(event)
        return (Ignored(f"slack_{_word(event.type)}"),)

    def _said(self, event: Event) -> tuple[Heard, ...]:
        if event.bot_id is not None:
            return (Ignored("bot_message"),)
        if event.subtype not in SPOKEN:
            return (Ignored(f"slack_{_word(event.subtype or '')}"),)
        return _touched(event.channel, event.thread_ts, event.ts)

    def _changed(self, event: Event) -> tuple[Heard, ...]:
        """Also unfurled links, and every change that we make ourselves."""
        now = event.message
        if now is None:
            return (Ignored("incomplete_event"),)
        if now.subtype == "tombstone":
            return _lost(event.channel, now.ts)
        if now.bot_id is not None:
            return (Ignored("bot_message"),)
        if now.edited is None:
            return (Ignored("not_edited"),)
        return _touched(event.channel, now.thread_ts, now.ts)

    def _deleted(self, event: Event) -> tuple[Heard, ...]:
        before, ts = event.previous_message, event.deleted_ts or ""
        thread_ts = before.thread_ts if before is not None else None
        if thread_ts in (None, ts):
            return _lost(event.channel, ts)
        if before is None or before.bot_id is not None:
            return (Ignored("bot_message"),)
        return _touched(event.channel, thread_ts, ts)

    def _reacted(self, event: Event) -> tuple[Heard, ...]:
        """Reactions stand on the card until it is read, so this too only says that it changed."""
        item = event.item
        if item is None or not item.channel or not item.ts:
            return (Ignored("incomplete_event"),)
        if event.reaction is None or event.reaction not in self._reactions:
            return (Ignored("other_reaction"),)
        return (CaseTouched(ref=ref_of(item.channel, item.ts)),)

    def _form(self, body: bytes) -> tuple[Heard, ...]:
        try:
            given = parse_qs(body.decode(), strict_parsing=True, max_num_fields=20).get("payload", [])
            pressed = msgspec.json.decode(given[0] if given else "", type=Interaction)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            raise PayloadMalformed("This is not an interaction of Slack.") from error
        if pressed.type != "block_actions":
            return (Ignored(f"slack_{_word(pressed.type)}"),)
        user, place = pressed.user, pressed.container
        if user is None or place is None or not place.channel_id or not place.message_ts:
            raise PayloadInvalid("The interaction names no user or message.", field="container")
        if pressed.team is not None and user.team_id not in (None, pressed.team.id):
            return (Ignored("stranger"),)
        heard = [each for action in pressed.actions for each in self._pressed(user, place, action)]
        return tuple(heard) or (Ignored("no_action"),)

    def _pressed(self, user: User, place: Place, action: Action) -> tuple[Heard, ...]:
        """The wish, and that the case changed: when it is read, the press is written on the card."""
        wish = ACTIONS.get(action.action_id)
        if wish is None:
            return (Ignored("other_action"),)
        ref = ref_of(place.channel_id, place.message_ts)
        press = Press(id=f"{ref}:{wish}:{user.id}:{action.action_ts}", wish=wish, user=user.id)
        agent = self._known(user.id) or DeskAgent(id=user.id, name=user.name or user.username or "An agent")
        self._pressed_at(ref, press)
        return (CaseAsked(ref=ref, id=press.id, wish=wish, agent=agent), CaseTouched(ref=ref))


def _lost(channel: str | None, ts: str) -> tuple[Heard, ...]:
    """A first message of a thread was deleted: perhaps a case's card."""
    if not channel or not ts:
        return (Ignored("incomplete_event"),)
    return (CaseTouched(ref=ref_of(channel, ts)),)


def _touched(channel: str | None, thread_ts: str | None, ts: str | None) -> tuple[Heard, ...]:
    if not channel or not ts:
        return (Ignored("incomplete_event"),)
    if thread_ts is None or thread_ts == ts:
        return (Ignored("not_in_a_case"),)
    return (CaseTouched(ref=ref_of(channel, thread_ts)),)


def ref_of(channel: str, ts: str) -> str:
    """A case's ref: its channel and its first message."""
    return f"{channel}:{ts}"


def at_of(ts: str) -> datetime | None:
    """Slack's time of a message; None when it is none."""
    seconds, _, micros = ts.partition(".")
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 11 and (micros or "0").isdigit()):
        return None
    return datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int((micros or "0")[:6].ljust(6, "0")))


def _name_of(event: msgspec.Raw) -> str:
    """The name of an event in which a field that we know means something else."""
    try:
        return msgspec.json.decode(event, type=Named).type
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _word(given: str) -> str:
    """A vendor's word for a metric's label: short and plain."""
    return given if given.isascii() and given.replace("_", "").isalnum() and len(given) <= 40 else "unknown"
