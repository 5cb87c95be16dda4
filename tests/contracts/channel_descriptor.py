"""What a channel tells the ChannelContract about itself, and nothing more: everything that is asked is asked by the contract.

A channel's descriptors are the modules ``tests/channels/<folder>/descriptor*.py``, each with one ``DESCRIPTOR`` (Twilio has
``descriptor_sms.py`` and ``descriptor_whatsapp.py``).  ``tests/contracts/test_channels.py`` finds them by their file name.
A minimal one stands in ``tests/channels/web/descriptor.py``; the fields are explained below.

    DESCRIPTOR = ChannelDescriptor(
        kind="slack",
        plugin=plugin,
        settings=lambda address: {"bot_token": TOKEN, "signing_secrets": [OLD, NEW], "api_url": address + "/api/"},
        secrets=(OLD, NEW),
        sign=signed,
        proof=Proof(headers=("X-Slack-Signature", "X-Slack-Request-Timestamp"), covers_body=True, is_timed=True),
        fixtures=(
            Fixture("direct message", DM, (expect(InboundEvent, kind=EventKind.MESSAGE, text="Hi"),), tags=(Tag.MESSAGE,)),
            Fixture("a type nobody knows", ODD, (expect(Ignored),), tags=(Tag.UNKNOWN,)),
            Fixture("our own words", OWN, (expect(Ignored, reason="own_message"),), tags=(Tag.OWN,)),
        ),
        rendered=rendered,
        live_mentions=("<!channel", "<!here", "<@U", "@channel"),
        vendor=Vendor(lab=SlackLab, method="chat.postMessage", room=lambda head: head.thread["channel"]),
    )
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from adapters import AnyChannelPlugin
from core.domain import Head, Message
from core.errors import DeliveryError, MessageRejected, ProviderUnavailable
from core.inbound import Parsed
from core.ports.channel import RawRequest
from gateway.lab.vendor import VendorLab

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
"""The contract's clock: requests are signed and received at this time unless a scenario moves it.

Fixtures carry times near it; a stand-in that looks at a clock of its own is given this one.
"""

TENANT, ACCOUNT = "acme", "acme-main"
WEBHOOK_URL = "https://desk.example/webhooks/acme-main"
"""``ChannelContext.webhook_url`` of the channel under test, and the address to sign over where a vendor signs its address."""


class Tag(StrEnum):
    """What a fixture shows, so that a scenario can find one.  ``MESSAGE`` and ``UNKNOWN`` are required."""

    MESSAGE = "message"
    """A contact's plain message.  The first of these opens the conversation into which the contract sends."""
    UNKNOWN = "unknown"
    """A type that does not exist today: Ignored, never an error."""
    OWN = "own"
    """What we (or another bot) said ourselves: Ignored.  Required unless ``has_echoes`` is False."""
    FILE = "file"
    """A message with an attachment; required when ``Capabilities.files_in``."""
    VOICE = "voice"
    """A voice note; required when ``Capabilities.voice_in``."""
    EDIT = "edit"
    """CONTACT_EDITED; required when ``Capabilities.edits``."""
    DELETE = "delete"
    """CONTACT_DELETED; required when ``Capabilities.deletes``."""
    REACTION = "reaction"
    """A Reaction; required when ``Capabilities.reactions``."""
    RECEIPT = "receipt"
    """A Receipt; required when ``Capabilities.receipts`` is more than accepted."""
    CHOICE = "choice"
    """A pressed quick reply, which arrives as a MESSAGE with its label; required when choices are buttons (but for web)."""
    STOP = "stop"
    """CONTACT_STOPPED; required when ``Capabilities.stops`` comes by webhook."""
    LOST = "lost"
    """AccountLost, where the vendor tells."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A parsed value of this type whose named fields equal these; see ``expect``."""

    what: type[Parsed]
    fields: Mapping[str, Any]

    def matches(self, parsed: Parsed) -> bool:
        """Is it what was expected; ``contact`` may be given as the contact's id, ``attachments`` as their number."""
        return type(parsed) is self.what and all(self._same(parsed, name) for name in self.fields)

    def _same(self, parsed: Parsed, name: str) -> bool:
        value, wanted = getattr(parsed, name), self.fields[name]
        if name == "contact" and isinstance(wanted, str):
            return value is not None and bool(value.id == wanted)
        if name == "attachments" and isinstance(wanted, int):
            return len(value) == wanted
        return bool(value == wanted)


def expect(what: type[Parsed], /, **fields: Any) -> Expected:
    """``expect(InboundEvent, kind=EventKind.MESSAGE, text="Hi", contact="slack:T1:U1", attachments=1)``."""
    return Expected(what, fields)


@dataclass(frozen=True, slots=True)
class Fixture:
    """One scrubbed payload of the vendor and all that it means, in order.

    ``headers`` are the ones that carry no proof (content type, retry number); ``query`` is appended to the webhook's path.
    ``__VENDOR__`` in the body stands for the address of the stand-in (Teams' ``serviceUrl``); ``sign`` gets it filled in.
    """

    name: str
    body: bytes
    expected: tuple[Expected, ...]
    tags: tuple[Tag, ...] = ()
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    query: str = ""
    is_timed: bool = True
    """False: the vendor tells no time for it (a Telegram press), so its time is when we received it."""


class Sign(Protocol):
    """Signs as the vendor does, by the test's own reading of the protocol, never by the channel's code."""

    def __call__(self, fixture: Fixture, *, at: datetime, secret: str) -> RawRequest:
        """A request whose ``received_at`` is ``NOW``, signed at ``at`` with one of the descriptor's secrets or a forged one.

        A scheme by public keys reads ``secret`` as the name of a key, and makes a key of its own for a name it does not know.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the scheme proves.

    ``headers`` carry the proof: without them, or with one byte changed, the request is refused.  ``covers_body``: so it is
    with one byte of the body changed.  ``is_timed``: a request signed two hours ago or ahead is refused.  ``is_shared``: the
    secret is a text both sides know, and one byte changed in it makes another; its first ``prefix_chars`` only name its kind.
    """

    headers: tuple[str, ...]
    covers_body: bool
    is_timed: bool
    is_shared: bool = True
    prefix_chars: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """The vendor's stand-in (gateway/lab) and how to talk to it.

    ``method`` is the name under which ``Faults.take`` sees the call that sends one message.  ``room`` is where in the
    stand-in the messages of a conversation appear (``VendorLab.messages``).  ``secrets`` are credentials for calling the vendor.
    ``refused`` and ``unavailable`` are the errors for ``Fault.REFUSED`` and ``Fault.UNAVAILABLE``; ``prepare`` opens whatever
    the stand-in needs before the first message is sent to the conversation (nothing, mostly).
    """

    lab: Callable[[], VendorLab]
    method: str
    room: Callable[[Head], str | None] = lambda head: None
    secrets: tuple[str, ...] = ()
    refused: type[DeliveryError] = MessageRejected
    unavailable: type[DeliveryError] = ProviderUnavailable
    prepare: Callable[[VendorLab, Head], None] = lambda lab, head: None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDescriptor:
    """One channel under the contract.

    ``settings`` makes the YAML block for a vendor at an address ("" when there is none); it names *all* of ``secrets``, the
    first being the current one.  ``rendered`` is what the vendor's bodies for a message say, as readable text (golden
    snapshots are made of it): parts separated by a line of ``---``, nothing left out, no ids or times.  ``live_mentions``
    are texts that would mention or call a room if they stood in a body as they are.  ``vendor`` None: the channel sends to
    nobody else's server.  ``has_choice_events``, ``has_file_events`` False: presses and files come by another way than webhooks.
    """

    kind: str
    plugin: AnyChannelPlugin
    settings: Callable[[str], Mapping[str, Any]]
    secrets: tuple[str, ...]
    sign: Sign
    proof: Proof
    fixtures: tuple[Fixture, ...]
    rendered: Callable[[Message], str]
    live_mentions: tuple[str, ...]
    vendor: Vendor | None
    has_echoes: bool = True
    has_choice_events: bool = True
    has_file_events: bool = True

    def tagged(self, tag: Tag) -> tuple[Fixture, ...]:
        """The fixtures that show it."""
        return tuple(fixture for fixture in self.fixtures if tag in fixture.tags)
