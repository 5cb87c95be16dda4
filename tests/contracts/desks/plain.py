"""The reference helpdesk: all features, in memory.  Its server is a vendor that keeps its word; the broken ones are made of it.

It dedupes nothing by itself, as most vendors do not: whoever adds an entry twice has it twice.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from core.domain import Attachment
from core.errors import (
    CaseClosed,
    CaseGone,
    CredentialsInvalid,
    MessageRejected,
    OutcomeUnknown,
    PayloadMalformed,
    ProviderUnavailable,
    SignatureInvalid,
    Throttled,
)
from core.inbound import Ignored
from core.ports.channel import Fetched, Files, RawRequest
from core.ports.helpdesk import (
    By,
    CaseAsked,
    CaseChange,
    CaseDraft,
    CaseState,
    CaseStatus,
    CaseTouched,
    CaseWish,
    DeskAgent,
    DeskFeatures,
    Entry,
    EntryDraft,
    EntryMade,
    Heard,
    RemoteFile,
)

T = TypeVar("T")
AGENTS: Mapping[str, DeskAgent] = {
    "sue": DeskAgent(id="a1", name="Sue Jones", email="sue@desk.example"),
    "max": DeskAgent(id="a2", name="Max Lee", email="max@desk.example"),
}
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
SIGNATURE = "X-Plain-Signature"
FEATURES = DeskFeatures(
    pushes=True,
    signed=True,
    reads=True,
    notes=True,
    gives_back="the button “Back to the bot”",
    edits=True,
    deletes=True,
    merges=True,
    closes=True,
    max_text=20_000,
    max_file_bytes=1_000_000,
)


class Weather(StrEnum):
    """What becomes of one call."""

    THROTTLED = "throttled"
    FAILED = "failed"
    LOST = "lost"


@dataclass(slots=True)
class PlainCase:
    """A case on the server."""

    ref: str
    key: str
    subject: str
    status: CaseStatus = CaseStatus.OPEN
    assignee: str | None = None
    team: str | None = None
    urgency: str | None = None
    tags: set[str] = field(default_factory=set)
    entries: list[Entry] = field(default_factory=list)
    authors: dict[str, str] = field(default_factory=dict)
    merged_into: str | None = None
    gives_back: bool = False
    changed_by: DeskAgent | None = None
    changed_at: datetime = NEVER
    revision: int = 0
    is_deleted: bool = False


@dataclass(slots=True)
class PlainServer:
    """The vendor: cases, files, and what goes wrong.  ``weather`` is asked at each call, ``pause`` awaited around it."""

    secret: str = "plain-secret"
    cases: dict[str, PlainCase] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    calls: int = 0
    numbers: int = 0
    is_down: bool = False
    refuses: bool = False
    troubles: list[tuple[Weather, float]] = field(default_factory=list)
    weather: Callable[[], Weather | None] = lambda: None
    pause: Callable[[], Awaitable[None]] | None = None
    touched: Callable[[str, Entry | None], None] = lambda ref, entry: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def number(self) -> int:
        """The next number of anything; entries sort by it."""
        self.numbers += 1
        return self.numbers

    def case(self, ref: str) -> PlainCase:
        """A case that is there."""
        case = self.cases.get(ref)
        if case is None or case.is_deleted:
            raise CaseGone("There is no such case.")
        return case

    def touch(self, case: PlainCase, entry: Entry | None = None, *, by: DeskAgent | None = None) -> None:
        """A case changed: whoever subscribed is told."""
        case.revision += 1
        case.changed_at, case.changed_by = self.now(), by or case.changed_by
        self.touched(case.ref, entry)

    def put(self, case: PlainCase, author: str, **facts: Any) -> Entry:
        """One more entry."""
        entry = Entry(id=f"e{self.number():06d}", at=self.now(), **facts)
        case.entries.append(entry)
        case.authors[entry.id] = author
        self.touch(case, entry, by=entry.agent)
        return entry

    def keep(self, name: str, body: bytes) -> RemoteFile:
        """A file of a case."""
        file_id = f"f{self.number()}"
        self.files[file_id] = (name, body)
        return RemoteFile(id=file_id, name=name, media_type="image/png", size_bytes=len(body), origin=file_id)

    async def call(self, work: Callable[[], T]) -> T:
        """One API call, in whatever weather."""
        if self.pause is not None:
            await self.pause()
        self.calls += 1
        if self.is_down:
            raise ProviderUnavailable("The plain desk cannot be reached.")
        if self.refuses:
            raise CredentialsInvalid("The plain desk refuses the key.")
        trouble, retry_s = self.troubles.pop(0) if self.troubles else (self.weather(), 1.0)
        if trouble is Weather.THROTTLED:
            raise Throttled("The plain desk asks for a pause.", retry_after_s=retry_s)
        if trouble is Weather.FAILED:
            raise ProviderUnavailable("The plain desk answers 500.")
        result = work()
        if self.pause is not None:
            await self.pause()
        if trouble is Weather.LOST:
            raise OutcomeUnknown("The plain desk's answer was lost.")
        return result


class Push(msgspec.Struct, omit_defaults=True):
    """A webhook call of the plain desk."""

    ref: str
    id: str
    what: str = "touched"
    entry: str = ""
    agent: str = ""


def signed(push: Push, secret: str, *, at: datetime) -> RawRequest:
    """A push as the server posts it."""
    body = msgspec.json.encode(push)
    proof = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return RawRequest(method="POST", path="/webhooks/desk", headers={SIGNATURE: proof}, body=body, received_at=at)


class PlainHelpdesk:
    """One account at the plain desk; implements core.ports.helpdesk.Helpdesk and EditsEntries."""

    kind = "plain"

    def __init__(self, server: PlainServer, files: Files, *, features: DeskFeatures = FEATURES) -> None:
        self.server = server
        self.features = features
        self.files = files

    def verify(self, request: RawRequest) -> None:
        """By HMAC over the body."""
        wanted = hmac.new(self.server.secret.encode(), request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(request.headers.get(SIGNATURE, ""), wanted):
            raise SignatureInvalid("The plain desk did not sign this.")

    def parse(self, request: RawRequest) -> tuple[Heard, ...]:
        """A ping, a whole entry or a wish."""
        try:
            push = msgspec.json.decode(request.body, type=Push)
        except msgspec.DecodeError as error:
            raise PayloadMalformed("Not a push of the plain desk.") from error
        match push.what:
            case "entry":
                return (EntryMade(ref=push.ref, entry=self._pushed(push)),)
            case "asked":
                agent = next(agent for agent in AGENTS.values() if agent.id == push.agent)
                return (CaseAsked(ref=push.ref, id=push.id, wish=CaseWish.GIVE_BACK, agent=agent),)
            case "touched":
                return (CaseTouched(ref=push.ref),)
        return (Ignored("unknown_push"),)

    def _pushed(self, push: Push) -> Entry:
        case = self.server.cases[push.ref]
        return self.seen(next(entry for entry in case.entries if entry.id == push.entry))

    def seen(self, entry: Entry) -> Entry:
        """An entry as the vendor tells it."""
        return entry

    async def find(self, key: str) -> str | None:
        """By our key."""

        def look() -> str | None:
            found = [case.ref for case in self.server.cases.values() if case.key == key and not case.is_deleted]
            return found[0] if found else None

        return await self.server.call(look)

    async def create(self, draft: CaseDraft) -> str:
        """A case with its opening entry, twice if asked twice."""
        files = await self.uploads(draft.opening)

        def make() -> str:
            server, ref = self.server, f"k{self.server.number()}"
            case = server.cases[ref] = PlainCase(
                ref=ref,
                key=draft.key,
                subject=draft.subject,
                team=draft.team,
                urgency=draft.urgency,
                tags={*draft.tags},
            )
            case.assignee = draft.assignee
            self._write(case, draft.opening, files)
            return ref

        return await self.server.call(make)

    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        """An entry; looked for first when ``again``."""
        files = await self.uploads(draft)

        def put() -> str:
            case = self._open(ref)
            known = [entry.id for entry in case.entries if entry.key == draft.key] if again else []
            return known[0] if known else self._write(case, draft, files).id

        return await self.server.call(put)

    async def uploads(self, draft: EntryDraft) -> tuple[tuple[str, bytes], ...]:
        """The bytes of a draft's files."""
        return tuple([(file.name, await self.read(file)) for file in draft.files])

    async def read(self, file: Attachment) -> bytes:
        """The bytes of one file."""
        return await self.files.read(file)

    def _open(self, ref: str) -> PlainCase:
        case = self.server.case(ref)
        if case.status is CaseStatus.CLOSED:
            raise CaseClosed("The case takes nothing any more.")
        return case

    def _write(self, case: PlainCase, draft: EntryDraft, files: tuple[tuple[str, bytes], ...]) -> Entry:
        links = "".join(f"\n\n[{name}]({address})" for name, address in draft.links)
        return self.server.put(
            case,
            draft.author,
            by=By.CONTACT if draft.by is By.CONTACT else By.OURS,
            is_public=draft.is_public,
            text=draft.text + links,
            key=draft.key,
            files=tuple(self.server.keep(name, body) for name, body in files),
        )

    async def change(self, ref: str, change: CaseChange) -> None:
        """What is given, and nothing else."""

        def apply() -> None:
            case = self._open(ref)
            case.status = change.status or case.status
            case.urgency, case.team = change.urgency or case.urgency, change.team or case.team
            case.assignee = change.assignee or case.assignee
            case.tags |= {*change.add_tags}
            case.tags -= {*change.remove_tags}
            case.gives_back = case.gives_back and not change.took_back
            self.server.touch(case)

        await self.server.call(apply)

    async def state(self, ref: str) -> CaseState:
        """As it stands."""

        def look() -> CaseState:
            case = self.server.case(ref)
            return CaseState(
                ref=ref,
                status=case.status,
                key=case.key,
                assignee=AGENTS.get(case.assignee or ""),
                team=case.team,
                tags=frozenset(case.tags),
                merged_into=case.merged_into,
                gives_back=case.gives_back,
                changed_by=case.changed_by,
                revision=str(case.revision),
            )

        return await self.server.call(look)

    async def entries(self, ref: str, *, after: str | None = None) -> tuple[Entry, ...]:
        """In the order they were made."""

        def look() -> tuple[Entry, ...]:
            return tuple(self.seen(entry) for entry in self.server.case(ref).entries if entry.id > (after or ""))

        return await self.server.call(look)

    async def changed(self, since: datetime) -> tuple[str, ...]:
        """By the server's clock."""
        return await self.server.call(
            lambda: tuple(case.ref for case in self.server.cases.values() if case.changed_at >= since)
        )

    async def fetch(self, file: RemoteFile, *, limit_bytes: int) -> Fetched:
        """A file's bytes."""
        name, body = await self.server.call(lambda: self.server.files[file.origin])
        if len(body) > limit_bytes:
            raise MessageRejected("The file is too large.")
        return Fetched(body=body, media_type=file.media_type, name=name)

    async def edit(self, ref: str, entry_id: str, text: str | None) -> None:
        """Change an entry of ours."""

        def change() -> None:
            case = self._open(ref)
            case.entries = [_edited(entry, text) if entry.id == entry_id else entry for entry in case.entries]
            self.server.touch(case)

        await self.server.call(change)


def _edited(entry: Entry, text: str | None) -> Entry:
    if text is None:
        return replace(entry, text="", is_deleted=True, revision="gone")
    return replace(entry, text=text, revision=hashlib.blake2b(text.encode(), digest_size=4).hexdigest())
