"""A helpdesk: the vendor's end of a bridged desk (Zendesk, Chatwoot, RT …), as narrow as they all can be.

``handoff/bridge`` is the only caller; it knows conversations, episodes and owners, a helpdesk knows cases and entries.
``verify`` and ``parse`` are pure; everything that talks to the vendor is awaited and raises ``DeliveryError``: ``Throttled`` with
the vendor's Retry-After, ``ProviderUnavailable`` (certain that nothing happened), ``OutcomeUnknown`` (the answer was lost),
``MessageRejected``, ``CredentialsInvalid``, and two of its own, ``CaseClosed`` and ``CaseGone``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from core.domain import Attachment, Contact
from core.inbound import Ignored, Respond
from core.ports.channel import Fetched, RawRequest


class CaseStatus(StrEnum):
    """A case's status in the words they all share: ``pending`` waits for the customer; a ``closed`` one changes no more."""

    OPEN = "open"
    PENDING = "pending"
    SOLVED = "solved"
    CLOSED = "closed"


class Urgency(StrEnum):
    """How soon a case wants somebody, in the words they all share."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class By(StrEnum):
    """Who said an entry.

    ``contact`` the customer; ``agent`` a person of the desk; ``ours`` Frontdesk itself (its own user, its own key, an id it was
    given): never heard again; ``other`` anything else (rules, mails, people who are no agents): never relayed.
    """

    CONTACT = "contact"
    AGENT = "agent"
    OURS = "ours"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskAgent:
    """A person of the desk; ``name`` is what contacts read."""

    id: str
    name: str
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskFeatures:
    """What a helpdesk can do, as facts; the desk matrix in docs/ is printed from it.

    ``signed``: its webhooks prove themselves.  ``pushes``: it calls us at all (else it is polled every ``poll_s``).  ``reads``:
    cases and entries can be read back, so that pushes may be lost.  ``notes``: private notes.  ``edits`` and ``deletes``: of
    entries by agents.  ``status``, ``assigns``, ``priorities``, ``tags``, ``merges``, ``closes`` (a final status): of cases.
    ``files_in``/``files_out``: files of agents / to agents, at most ``max_file_bytes``.  ``gives_back``: how an agent gives the
    conversation back to the bot, in one sentence for people.  ``updates``/``updates_per_s``: how many writes to one case it
    takes in how many seconds; 0: no such limit.
    """

    pushes: bool
    signed: bool
    reads: bool
    notes: bool
    gives_back: str
    edits: bool = False
    deletes: bool = False
    status: bool = True
    assigns: bool = True
    priorities: bool = True
    tags: bool = True
    merges: bool = False
    closes: bool = False
    files_in: bool = True
    files_out: bool = True
    max_text: int = 60_000
    max_file_bytes: int = 20_000_000
    poll_s: float = 0.0
    updates: int = 0
    updates_per_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDraft:
    """What shall stand in a case.

    ``key`` is ours, unique and the same at every attempt.  ``by`` is contact (the customer's words), ours (the bot, notices) or
    agent (said outside this desk: the console).  ``author`` is their name.  ``is_public`` False: a private note, which the
    helpdesk must never show the customer, by mail or otherwise.  ``text`` is Markdown.  ``links`` are (name, address) of files
    that do not go along.
    """

    key: str
    by: By
    author: str
    text: str
    is_public: bool
    at: datetime
    files: tuple[Attachment, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDraft:
    """A case to open.  ``key`` ("fd:conv:episode" and, when an earlier one was lost, ":n") is looked up before every create.

    ``channel`` is where the customer writes ("whatsapp").  ``brief`` and ``entries`` follow by ``add``.  ``follows`` is the case
    of the same customer that this one goes on with.  ``fields`` are the operator's own (custom fields), as YAML gave them.
    """

    key: str
    conv: str
    subject: str
    contact: Contact
    channel: str
    opening: EntryDraft
    urgency: Urgency = Urgency.NORMAL
    team: str | None = None
    assignee: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    follows: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file at the helpdesk; ``origin`` is opaque outside its folder and never shown."""

    id: str
    name: str
    media_type: str
    size_bytes: int
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as it stands in a case, oldest first in every list.

    ``key`` is our key when the vendor keeps it.  ``is_public`` None: not known, and then it is never relayed.  ``text`` is
    Markdown.
    ``revision`` changes with every edit ("": never edited).  A deleted one keeps its id.
    """

    id: str
    by: By
    is_public: bool | None
    text: str
    at: datetime
    agent: DeskAgent | None = None
    key: str | None = None
    files: tuple[RemoteFile, ...] = ()
    revision: str = ""
    is_deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseState:
    """A case as it stands.  ``merged_into`` is the case that took its place; ``gives_back``: an agent asks the bot to go on."""

    ref: str
    status: CaseStatus
    key: str | None = None
    assignee: DeskAgent | None = None
    team: str | None = None
    tags: frozenset[str] = frozenset()
    merged_into: str | None = None
    gives_back: bool = False
    changed_by: DeskAgent | None = None
    revision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChange:
    """What to change of a case; None and () leave things as they are.  ``took_back`` clears the wish to give back."""

    status: CaseStatus | None = None
    urgency: Urgency | None = None
    team: str | None = None
    assignee: str | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    took_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTouched:
    """Something happened to a case: read it.  ``ref`` or, where the vendor only tells that, our ``key``."""

    ref: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryMade:
    """A whole entry that needs no reading back."""

    ref: str
    entry: Entry


class CaseWish(StrEnum):
    """What an agent wishes with a button or a signed event."""

    CLAIM = "claim"
    GIVE_BACK = "give_back"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAsked:
    """An agent's wish; ``id`` is unique and the same at every redelivery."""

    ref: str
    id: str
    wish: CaseWish
    agent: DeskAgent


Heard = CaseTouched | EntryMade | CaseAsked | Ignored | Respond
"""What a verified request of a helpdesk may mean; one request may mean several things."""


class Helpdesk(Protocol):
    """One tenant's account at a helpdesk."""

    kind: str
    features: DeskFeatures

    def verify(self, request: RawRequest) -> None:
        """Prove who sent it, over the raw bytes and in constant time; ``SignatureInvalid`` otherwise.  No I/O."""

    def parse(self, request: RawRequest) -> tuple[Heard, ...]:
        """What a verified request means; ``PayloadMalformed`` or ``PayloadInvalid`` when it cannot be read.  No I/O."""

    async def find(self, key: str) -> str | None:
        """The case with our key, read consistently (no search index that lags); None: there is none."""

    async def create(self, draft: CaseDraft) -> str:
        """Open a case with its opening entry; its ref.  The caller has asked ``find`` before."""

    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        """Add an entry; its id.  ``again``: an earlier attempt may have arrived, so look for it first.

        Raises ``CaseClosed`` and ``CaseGone``.
        """

    async def change(self, ref: str, change: CaseChange) -> None:
        """Change a case; safe twice.  What the helpdesk has no word for is left out.  Raises ``CaseClosed`` and ``CaseGone``."""

    async def state(self, ref: str) -> CaseState:
        """A case as it stands now; raises ``CaseGone``."""

    async def entries(self, ref: str, *, after: str | None = None) -> tuple[Entry, ...]:
        """Its entries after an entry's id, oldest first; raises ``CaseGone``."""

    async def changed(self, since: datetime) -> tuple[str, ...]:
        """Refs of our cases that changed since then, in any order, some of them perhaps twice or unchanged."""

    async def fetch(self, file: RemoteFile, *, limit_bytes: int) -> Fetched:
        """A file's bytes; ``MessageRejected`` when larger."""


@runtime_checkable
class EditsEntries(Protocol):
    """Can change or remove what we added, when the customer edits or deletes a message."""

    async def edit(self, ref: str, entry_id: str, text: str | None) -> None:
        """Change the text of an entry of ours; None removes it."""
