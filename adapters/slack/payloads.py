"""Slack's JSON, only the fields that are read (Events API, interactivity, slash commands; checked 2026-11-21).

One wide ``Event`` for all types keeps decoding a single pass; a type whose fields mean something else fails to decode and is
then looked at by its name only (``Envelope``).
"""

from __future__ import annotations

import msgspec


class Transcription(msgspec.Struct, frozen=True, kw_only=True):
    """What Slack heard in an audio clip."""

    class Preview(msgspec.Struct, frozen=True, kw_only=True):
        """The first words, or all of them."""

        content: str = ""

    status: str = ""
    preview: Preview | None = None


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a message; ``file_access`` ``check_file_info`` (Slack Connect) has nothing but the id."""

    id: str
    name: str | None = None
    title: str | None = None
    mimetype: str | None = None
    size: int | None = None
    mode: str | None = None
    file_access: str | None = None
    url_private: str | None = None
    url_private_download: str | None = None
    transcription: Transcription | None = None


class Edited(msgspec.Struct, frozen=True, kw_only=True):
    """Who changed a message, and when."""

    user: str | None = None
    ts: str = ""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it stands inside another event: its new or its previous form."""

    ts: str = ""
    user: str | None = None
    text: str = ""
    subtype: str | None = None
    bot_id: str | None = None
    thread_ts: str | None = None
    edited: Edited | None = None
    team: str | None = None
    user_team: str | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What was reacted to."""

    type: str = ""
    channel: str = ""
    ts: str = ""


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """Which tokens were revoked."""

    bot: list[str] | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """The inner event of every type this channel reads."""

    type: str
    subtype: str | None = None
    user: str | None = None
    team: str | None = None
    user_team: str | None = None
    channel: str | None = None
    channel_type: str | None = None
    text: str | None = None
    ts: str | None = None
    event_ts: str | None = None
    thread_ts: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    files: list[File] | None = None
    message: Said | None = None
    previous_message: Said | None = None
    deleted_ts: str | None = None
    reaction: str | None = None
    item: Item | None = None
    item_user: str | None = None
    tokens: Tokens | None = None


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """The installation on whose behalf Slack delivers."""

    team_id: str | None = None
    enterprise_id: str | None = None
    user_id: str | None = None
    is_bot: bool | None = None


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """The envelope with its event."""

    type: str
    team_id: str | None = None
    enterprise_id: str | None = None
    api_app_id: str | None = None
    challenge: str | None = None
    event: Event | None = None
    authorizations: list[Authorization] | None = None


class EventName(msgspec.Struct, frozen=True, kw_only=True):
    """Only what an event is."""

    type: str


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """Only what was delivered; for events whose fields do not fit ``Event``."""

    type: str
    event: EventName | None = None


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace or an organisation."""

    id: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who pressed."""

    id: str
    team_id: str | None = None


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A text object."""

    text: str = ""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One pressed element."""

    type: str = ""
    action_id: str = ""
    value: str | None = None
    text: Words | None = None
    action_ts: str = ""


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """Where the pressed element stands."""

    message_ts: str | None = None
    channel_id: str | None = None
    thread_ts: str | None = None


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation of Slack's."""

    id: str


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """The message that holds the pressed element."""

    ts: str = ""
    thread_ts: str | None = None


class Interaction(msgspec.Struct, frozen=True, kw_only=True):
    """The ``payload`` field of an interactivity request."""

    type: str
    team: Team | None = None
    enterprise: Team | None = None
    user: Person | None = None
    container: Container | None = None
    channel: Room | None = None
    message: Pressed | None = None
    actions: list[Action] | None = None


class InteractionName(msgspec.Struct, frozen=True, kw_only=True):
    """Only what an interaction is."""

    type: str


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A slash command: form fields over HTTP, an object over a socket."""

    command: str
    team_id: str
    user_id: str
    trigger_id: str
    text: str = ""
    enterprise_id: str | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says about themselves; ``email`` is there with the scope ``users:read.email``."""

    display_name: str | None = None
    real_name: str | None = None
    email: str | None = None


class EnterpriseUser(msgspec.Struct, frozen=True, kw_only=True):
    """A person as a member of an organisation."""

    enterprise_id: str | None = None


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """``user`` of ``users.info``; ``is_stranger`` is somebody of another organisation."""

    team_id: str | None = None
    is_stranger: bool = False
    locale: str | None = None
    profile: Profile = Profile()
    enterprise_user: EnterpriseUser = EnterpriseUser()


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a contact's file is kept: ``url`` "" means that ``files.info`` must be asked first."""

    file: str
    url: str = ""
    type: str = ""
