"""Pressed buttons and slash commands → what they mean; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from adapters.slack.events import EventReader, given, moment
from adapters.slack.payloads import Action, Command, Container, Interaction, InteractionName, Pressed
from adapters.slack.rooms import Installation, Place, is_direct, place_of
from adapters.slack.settings import SlackSettings
from adapters.slack.text import plain
from core.domain import Contact, EventKind, InboundEvent
from core.errors import PayloadInvalid, PayloadMalformed
from core.inbound import Ignored, Parsed, Respond
from core.wire import decode

CHOICE: Final = "choice:"
CSAT: Final = "csat:"
"""How the names of our buttons begin."""

MAX_FIELDS: Final = 64
ASKS_FOR_A_PERSON: Final = frozenset({"human", "agent", "person", "a person", "talk to a person", "talk to a human"})

TAKEN: Final = "Thank you, the answer comes as a direct message."
PERSON_ASKED: Final = "Thank you, a person is being asked. They answer as a direct message."
QUESTION_MISSING: Final = "Please write your question behind the command."


class InteractionReader:
    """Reads what people press and command in one account."""

    def __init__(self, tenant: str, account: str, settings: SlackSettings, events: EventReader) -> None:
        self._tenant = tenant
        self._account = account
        self._dm_threads = settings.dm_threads
        self._handoff_commands = frozenset(word.lower() for word in settings.handoff_commands)
        self._events = events

    def read_form(self, body: bytes, received_at: datetime) -> tuple[Parsed, ...]:
        """A form-encoded request: an interaction in the field ``payload``, or a command."""
        try:
            fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"))
        except (UnicodeDecodeError, ValueError):
            raise PayloadMalformed("The body is not a valid form.") from None
        if "payload" in fields:
            return self.read_interaction(fields["payload"].encode(), received_at, body)
        if "command" in fields:
            return self.read_command(fields, received_at, body)
        if "ssl_check" in fields:
            return (Ignored("ssl_check"),)
        raise PayloadInvalid("Neither an interaction nor a command.", field="/payload")

    def read_interaction(self, payload: bytes, received_at: datetime, body: bytes) -> tuple[Parsed, ...]:
        """A pressed button; everything else asks for nothing."""
        try:
            pressed = decode(payload, Interaction)
        except PayloadInvalid:
            if decode(payload, InteractionName).type == "block_actions":
                raise
            return (Ignored("interaction"),)
        if pressed.type != "block_actions" or not pressed.actions:
            return (Ignored("interaction"),)
        enterprise = pressed.enterprise.id if pressed.enterprise is not None else None
        team = pressed.team.id if pressed.team is not None else enterprise
        installation = Installation(team=given(team, "/team/id"), enterprise=enterprise)
        away = self._events.elsewhere(installation)
        if away is not None:
            return (away,)
        return tuple(self._press(pressed, action, installation, received_at, body) for action in pressed.actions)

    def _press(
        self, pressed: Interaction, action: Action, installation: Installation, received_at: datetime, body: bytes
    ) -> Parsed:
        where = _where(pressed)
        if action.type != "button" or where is None:
            return Ignored("interaction")
        channel, message_ts, thread_ts = where
        user = given(pressed.user.id if pressed.user is not None else None, "/user/id")
        moment(message_ts, "/container/message_ts")
        place = place_of(
            installation.team,
            channel,
            user=user,
            ts=message_ts,
            thread_ts=thread_ts,
            is_im=is_direct(channel),
            dm_threads=self._dm_threads,
        )
        rating = _rating(action)
        text = "" if rating else _label(action)
        if rating is None and not text:
            return Ignored("interaction")
        return InboundEvent(
            tenant=self._tenant,
            account=self._account,
            conv=place.conv(self._tenant, self._account),
            dedupe_key=f"press:{user}:{message_ts}:{action.action_id}:{action.action_ts}",
            kind=EventKind.MESSAGE if rating is None else EventKind.CONTACT_RATED,
            contact=Contact(id=f"slack:{_home(installation, pressed)}:{user}"),
            provider_at=moment(action.action_ts, "/actions/0/action_ts"),
            received_at=received_at,
            order_key=action.action_ts,
            text=text,
            rating=rating,
            thread=place.thread(_home(installation, pressed)),
            payload=body,
        )

    def read_command(self, fields: Mapping[str, object], received_at: datetime, body: bytes) -> tuple[Parsed, ...]:
        """A slash command; it goes on in the direct message of whoever gave it."""
        try:
            command = msgspec.convert(fields, Command)
        except msgspec.ValidationError:
            raise PayloadInvalid("The command lacks a field.", field="/command") from None
        for name in ("command", "team_id", "user_id", "trigger_id"):
            given(getattr(command, name), f"/{name}")
        installation = Installation(team=command.team_id, enterprise=command.enterprise_id or None)
        away = self._events.elsewhere(installation)
        if away is not None:
            return (away,)
        text = plain(command.text, bot=None)
        wants_person = command.command.lower() in self._handoff_commands or text.lower() in ASKS_FOR_A_PERSON
        if not text and not wants_person:
            return (Ignored("no_text"), _ephemeral(QUESTION_MISSING))
        event = self._commanded(command, installation, text, received_at, body, wants_person=wants_person)
        return (event, _ephemeral(PERSON_ASKED if wants_person else TAKEN))

    def _commanded(
        self,
        command: Command,
        installation: Installation,
        text: str,
        received_at: datetime,
        body: bytes,
        *,
        wants_person: bool,
    ) -> InboundEvent:
        # The room of a command may be two other people's direct message, so the answer goes to the giver's own with us.
        place = Place(team=installation.team, channel="", user=command.user_id)
        home = installation.home()
        return InboundEvent(
            tenant=self._tenant,
            account=self._account,
            conv=place.conv(self._tenant, self._account),
            dedupe_key=f"command:{command.trigger_id}",
            kind=EventKind.HANDOFF_REQUESTED if wants_person else EventKind.MESSAGE,
            contact=Contact(id=f"slack:{home}:{command.user_id}"),
            provider_at=received_at,
            received_at=received_at,
            order_key=command.trigger_id,
            text=text,
            thread=place.thread(home),
            payload=body,
        )


def _where(pressed: Interaction) -> tuple[str, str, str | None] | None:
    """(channel, message, thread) of what was pressed; None when it stands in no message."""
    container, message = pressed.container or Container(), pressed.message or Pressed()
    channel = pressed.channel.id if pressed.channel is not None else container.channel_id
    ts = container.message_ts or message.ts
    return (channel, ts, message.thread_ts or container.thread_ts) if channel and ts else None


def _home(installation: Installation, pressed: Interaction) -> str:
    return installation.home(pressed.user.team_id if pressed.user is not None else None)


def _rating(action: Action) -> int | None:
    value = action.value or ""
    return int(value) if action.action_id.startswith(CSAT) and value in ("1", "2", "3", "4", "5") else None


def _label(action: Action) -> str:
    """Our buttons carry their whole label as the value; of others there is only what stands on them."""
    if action.action_id.startswith(CHOICE):
        return (action.value or "").strip()
    return plain(action.text.text if action.text is not None else "", bot=None)


def _ephemeral(text: str) -> Respond:
    return Respond(msgspec.json.encode({"response_type": "ephemeral", "text": text}))
