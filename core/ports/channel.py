"""A channel: verify and parse are pure, everything that talks to the vendor is awaited.

``Channel`` is what every channel has.  What only some can do are small protocols beside it (``SupportsTyping`` …): the stages
ask with ``isinstance``, and ``Capabilities`` says the same in words for people and documents.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol, runtime_checkable

from core.domain import Attachment, Contact, Head, InboundEvent, Message
from core.inbound import Parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """An inbound HTTP request as it came; header names match in any case, ``path`` has its query, ``body`` is raw bytes."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


class Choices(StrEnum):
    """How quick replies look: buttons, or a numbered list whose number the contact types."""

    BUTTONS = "buttons"
    NUMBERS = "numbers"


class Receipts(StrEnum):
    """What the vendor tells about a sent message: nothing after accepting it, or delivery, or delivery and reading."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    READ = "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can carry, as limits and facts; the feature matrix in docs/ is printed from it.

    ``debounce_ms``: a burst within it becomes one turn.  ``streams``: replies are shown while they grow; with
    ``preview_every_s`` > 0 at most that often, and only when the turn takes longer than that.  ``reply_window_s``: free text
    is taken only that long after the contact wrote.  ``edit_window_s``: how long a sent message can be changed.  ``edits``,
    ``deletes``, ``reactions``, ``files_in``, ``voice_in``, ``stops`` are about what contacts do; ``files_out``, ``typing``
    about what we do.  ``groups``: answers in shared rooms when addressed.  ``reconciles``: after a lost answer the vendor can
    be asked whether the message is there.
    """

    max_text: int
    max_choices: int
    max_attachments: int
    debounce_ms: int
    streams: bool
    preview_every_s: float = 0.0
    max_file_bytes: int = 0
    files_in: bool = False
    files_out: bool = False
    voice_in: bool = False
    edits: bool = False
    deletes: bool = False
    reactions: bool = False
    stops: bool = False
    typing: bool = False
    groups: bool = False
    threads: bool = False
    links: bool = False
    choices: Choices = Choices.BUTTONS
    receipts: Receipts = Receipts.ACCEPTED
    reply_window_s: int | None = None
    edit_window_s: int | None = None
    reconciles: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the contact saw of a reply before it was committed; ``ref`` is the vendor's id of the message on show."""

    text: str
    ref: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """One message to deliver to the contact.

    ``id`` is the outbox row: the same at every attempt.  ``reconcile`` tells that an earlier attempt may have reached them.
    ``sent_refs`` are the parts that earlier attempts delivered: go on after them.  ``preview`` is the streamed message that
    this one replaces.
    """

    id: str
    head: Head
    message: Message
    reconcile: bool
    sent_refs: tuple[str, ...] = ()
    preview: Shown | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """Delivered; ``vendor_ref`` is the other side's id for it, opaque to us.

    A message that was split has the ids of its parts, in order, joined by blanks: ``Sent.of_parts``.
    """

    vendor_ref: str | None

    @classmethod
    def of_parts(cls, refs: Sequence[str]) -> Sent:
        """Delivered in parts."""
        return cls(" ".join(refs) or None)


class Channel(Protocol):
    """One configured account of a kind of transport."""

    kind: str
    account: str
    tenant: str
    capabilities: Capabilities

    def verify(self, request: RawRequest) -> None:
        """Prove who sent it, over the raw bytes and in constant time; ``SignatureInvalid`` otherwise.  No I/O."""

    def parse(self, request: RawRequest) -> tuple[Parsed, ...]:
        """Normalize a verified request; ``PayloadMalformed`` or ``PayloadInvalid`` when it cannot be.  No I/O."""

    async def send(self, outbound: Outbound) -> Sent:
        """Deliver one message; raises ``DeliveryError``."""


@runtime_checkable
class SupportsStreaming(Protocol):
    """Shows a reply while it grows.  Best effort: a ``DeliveryError`` ends the streaming, never the turn."""

    async def preview(self, head: Head, turn_id: str, text: str, *, ref: str | None) -> str | None:
        """Show the reply's full text so far; ``ref`` is what the call before returned (None at first).

        Returns the vendor's id of the message on show; the final ``send`` gets it as ``Outbound.preview``.
        """

    async def end_preview(self, head: Head, turn_id: str, shown: Shown) -> None:
        """The reply will not come (a person took over, the contact stopped it): leave what was shown as it is, finished."""


@runtime_checkable
class SupportsToolStatus(Protocol):
    """Can show that a tool is at work while a reply is made."""

    async def tool(self, head: Head, turn_id: str, name: str, state: str) -> None:
        """Show it: ``state`` is called, done, denied, failed or waiting.  Best effort."""


@runtime_checkable
class ReadsLedger(Protocol):
    """What was committed is what the contact reads: ``send`` does nothing, so a row is delivered as soon as it is its turn."""

    reads_ledger: Literal[True]


@runtime_checkable
class SupportsTyping(Protocol):
    """Can show that an answer is coming."""

    typing_every_s: float

    async def typing(self, head: Head) -> None:
        """Show it once more; it fades by itself.  Best effort."""


@runtime_checkable
class SupportsOwnership(Protocol):
    """Can show whether the assistant or a person is speaking."""

    async def owned(self, head: Head) -> None:
        """The owner changed to ``head.owner``.  Best effort."""


@runtime_checkable
class SupportsAcknowledging(Protocol):
    """Wants to tell the vendor, after the event is durable, that it was taken (a button's spinner, a read mark)."""

    async def acknowledge(self, item: Parsed) -> None:
        """Called in the background; best effort."""


@runtime_checkable
class SupportsProfiles(Protocol):
    """Tells of contacts only an id with their events, and their names when asked."""

    async def profile(self, contact: Contact, thread: Mapping[str, Any]) -> Contact | None:
        """What the vendor's profile says: name, email and locale, unproven; None when it says nothing or may not be asked.

        Called in the background, at most once a day for a contact; raises ``DeliveryError``.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A contact's file from the vendor; ``media_type`` is what the vendor claims, the bytes decide."""

    body: bytes
    media_type: str
    name: str | None = None


@runtime_checkable
class SupportsPlacing(Protocol):
    """Must look something up before it is known which conversation an event belongs to (a group that has another id now)."""

    async def placed(self, item: Parsed) -> Parsed:
        """The same in its right conversation; asked before it is made durable, and the same again for a redelivery.

        Raises ``StoreUnavailable``; never asks the vendor.
        """


@runtime_checkable
class SupportsMedia(Protocol):
    """Keeps contacts' files at the vendor until they are fetched."""

    async def fetch(self, attachment: Attachment, *, limit_bytes: int) -> Fetched:
        """Fetch by ``attachment.origin``; raises ``DeliveryError`` (retryable or not); ``MessageRejected`` when larger."""


@runtime_checkable
class SupportsLinking(Protocol):
    """Has rooms of several people beside private ones, or can be opened by a link that brings a text along."""

    def is_private(self, thread: Mapping[str, Any]) -> bool:
        """Whether only the contact and we are there; links are made and answered nowhere else."""

    def link_to(self, token: str) -> str | None:
        """An address that opens a private chat with us and carries the link token; None when the vendor has none."""


Accept = Callable[[Sequence[Parsed]], Awaitable[None]]
"""Takes what was received; returns once it is durable, so that the vendor may be told.  Raises as the inbox does."""


@runtime_checkable
class SupportsReceiving(Protocol):
    """Fetches its events itself (long polling, a socket) where it has no webhook.  ``is_receiving`` says whether it should."""

    is_receiving: bool

    async def receive(self, accept: Accept) -> None:
        """Run until cancelled; raises ``DeliveryError`` when it cannot go on, and is started again after a pause."""


@runtime_checkable
class RefreshesKeys(Protocol):
    """Verifies by keys that the vendor rotates."""

    async def refresh_keys(self) -> None:
        """Fetch the keys anew, at most as often as is polite; single flight.  Raises ``DeliveryError``."""


@runtime_checkable
class SupportsRegistering(Protocol):
    """Tells the vendor by itself where its events go."""

    async def register(self) -> None:
        """Make it so, if the account's settings want that; safe at every start.  Raises ``DeliveryError``."""


@runtime_checkable
class SupportsDiscarding(Protocol):
    """Can remove a contact's file at the vendor once we keep it ourselves."""

    async def discard(self, attachment: Attachment) -> None:
        """Remove it, if the account's settings want that; safe twice.  Best effort."""


@runtime_checkable
class SupportsReopening(Protocol):
    """Can ask a contact to write again when the vendor's reply window is over."""

    async def reopen(self, head: Head, row: str) -> bool:
        """Ask once per closed window; ``row`` names what could not be said.  True when they were asked.

        Raises ``DeliveryError``.
        """


@runtime_checkable
class ObservesSignatures(Protocol):
    """Lets unproven requests in while an account moves in, and tells each one's cause."""

    on_observed: Callable[[str], None] | None


@runtime_checkable
class Closes(Protocol):
    """Holds connections."""

    async def close(self) -> None:
        """Give them up; safe twice and before first use."""


class Level(StrEnum):
    """How a finding weighs."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing ``frontdesk doctor`` looked at: ``what`` is one line without secrets, ``mend`` what to do about it."""

    check: str
    level: Level
    what: str
    mend: str = ""


@runtime_checkable
class SupportsDoctor(Protocol):
    """Can be examined against the live vendor."""

    async def examine(self) -> tuple[Finding, ...]:
        """Look at credentials, scopes, the registered webhook, the signature self-test, retry settings, clock skew.

        Never raises for what it finds; never sends a customer anything.
        """


class Files(Protocol):
    """Contacts' and agents' files, for channels that send them on."""

    async def read(self, attachment: Attachment) -> bytes:
        """The bytes; ``LookupError`` when they are gone."""

    def link(self, attachment: Attachment, *, valid_s: int) -> str | None:
        """A short-lived signed address a vendor can fetch it from; None when no public base_url is configured."""


class Memory(Protocol):
    """What an account must remember across restarts: small facts, inserted once and kept."""

    async def recall(self, key: str) -> str | None:
        """What stands for ``key``."""

    async def remember(self, key: str, value: str) -> str:
        """Insert unless there; returns what stands."""


class LiveEvents(Protocol):
    """Ephemeral fan-out to whoever watches a conversation now; losing one costs nothing but a redraw."""

    def publish(self, tenant: str, conv: str, kind: str, data: Mapping[str, object]) -> None:
        """Tell the watchers of a conversation; never blocks."""


def messages_in(parsed: Sequence[Parsed]) -> list[InboundEvent]:
    """The events among what a request means."""
    return [item for item in parsed if isinstance(item, InboundEvent)]
