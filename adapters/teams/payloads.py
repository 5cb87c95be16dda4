"""Activities of the Bot Framework protocol, as far as we read them (facts checked 2026-11-21).

Everything is optional: what a kind of activity must have is decided where it is read, so that a vendor's new or odd activity is
ignored by name and not refused.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Party(msgspec.Struct, frozen=True, rename="camel"):
    """Somebody in a conversation: a person (``29:``) or a bot (``28:``)."""

    id: str = ""
    name: str | None = None
    aad_object_id: str | None = None
    role: str | None = None


class Place(msgspec.Struct, frozen=True, rename="camel"):
    """The chat; in channels its id ends in ``;messageid=`` and the root of the thread."""

    id: str = ""
    conversation_type: str | None = None
    tenant_id: str | None = None
    is_group: bool | None = None


class Named(msgspec.Struct, frozen=True):
    """Something of which only the id is read."""

    id: str | None = None


class ChannelData(msgspec.Struct, frozen=True, rename="camel"):
    """What Teams adds to the protocol."""

    tenant: Named | None = None
    team: Named | None = None
    event_type: str | None = None


class Entity(msgspec.Struct, frozen=True):
    """Only mentions are read."""

    type: str | None = None
    mentioned: Party | None = None
    text: str | None = None


class Enclosed(msgspec.Struct, frozen=True, rename="camel"):
    """An attachment: a file's download info, an inline picture, a card, or the message itself as HTML."""

    content_type: str | None = None
    content_url: str | None = None
    name: str | None = None
    content: Any = None


class Felt(msgspec.Struct, frozen=True):
    """One reaction."""

    type: str | None = None


class Activity(msgspec.Struct, frozen=True, rename="camel"):
    """One activity."""

    type: str
    id: str | None = None
    name: str | None = None
    action: str | None = None
    channel_id: str | None = None
    service_url: str | None = None
    timestamp: str | None = None
    locale: str | None = None
    text: str | None = None
    text_format: str | None = None
    reply_to_id: str | None = None
    from_: Party | None = msgspec.field(default=None, name="from")
    recipient: Party | None = None
    conversation: Place | None = None
    channel_data: ChannelData | None = None
    entities: list[Entity] | None = None
    attachments: list[Enclosed] | None = None
    members_added: list[Party] | None = None
    members_removed: list[Party] | None = None
    reactions_added: list[Felt] | None = None
    value: Any = None


class Bound(msgspec.Struct, frozen=True, rename="camel"):
    """What of an activity its token speaks about."""

    channel_id: str | None = None
    service_url: str | None = None
    conversation: Place | None = None
    channel_data: ChannelData | None = None


class OpenId(msgspec.Struct, frozen=True):
    """The OpenID metadata document."""

    issuer: str
    jwks_uri: str


class Jwk(msgspec.Struct, frozen=True):
    """One signing key; ``endorsements`` are the channels whose activities it may sign."""

    kty: str
    kid: str = ""
    n: str = ""
    e: str = ""
    endorsements: list[str] = []


class Jwks(msgspec.Struct, frozen=True):
    """The key set."""

    keys: list[Jwk]


class Token(msgspec.Struct, frozen=True):
    """The token service's answer; ``error`` when it refuses."""

    access_token: str = ""
    expires_in: int = 0
    error: str = ""


class Created(msgspec.Struct, frozen=True):
    """The connector's answer to a new activity."""

    id: str | None = None


class Refusal(msgspec.Struct, frozen=True):
    """Why the connector refuses."""

    code: str | None = None
    message: str | None = None


class Refused(msgspec.Struct, frozen=True):
    """The connector's error body."""

    error: Refusal | None = None
