"""A helpdesk on paper: cases in memory, every call numbered, so that any of them can go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from core.errors import CaseClosed, CaseGone, DeliveryError, MessageRejected, OutcomeUnknown
from core.ports.channel import Fetched, RawRequest
from core.ports.helpdesk import (
    By,
    CaseChange,
    CaseDraft,
    CaseState,
    CaseStatus,
    CaseTouched,
    DeskAgent,
    DeskFeatures,
    Entry,
    EntryDraft,
    Heard,
    RemoteFile,
)

SUE = DeskAgent(id="a1", name="Sue Jones", email="sue@desk.example")
MAX = DeskAgent(id="a2", name="Max Lee")
FEATURES = DeskFeatures(
    pushes=True,
    signed=True,
    reads=True,
    notes=True,
    gives_back="a tag",
    edits=True,
    deletes=True,
    merges=True,
    closes=True,
)
Trouble = Callable[[], DeliveryError]


def lost() -> DeliveryError:
    """The call was done and its answer lost."""
    return OutcomeUnknown("lost")


@dataclass(slots=True)
class PaperCase:
    """A case; ``drafts`` are the entries of ours as we gave them, by entry id."""

    ref: str
    draft: CaseDraft
    state: CaseState
    entries: list[Entry] = field(default_factory=list)
    drafts: dict[str, EntryDraft] = field(default_factory=dict)
    changes: list[CaseChange] = field(default_factory=list)
    is_gone: bool = False

    def said(self, *, is_public: bool) -> list[tuple[str, str]]:
        """(by, text) of its entries, oldest first."""
        return [
            (entry.by, entry.text) for entry in self.entries if entry.is_public is is_public and not entry.is_deleted
        ]


class PaperHelpdesk:
    """Keeps our keys, or with ``keeps_keys`` False only the text; ``says_agent``: shows what we add as an agent's own."""

    kind = "paper"

    def __init__(self, features: DeskFeatures = FEATURES) -> None:
        self.features = features
        self.cases: dict[str, PaperCase] = {}
        self.calls: list[str] = []
        self.before: dict[int, Trouble] = {}
        self.after: dict[int, Trouble] = {}
        self.refuses: Callable[[str, object], bool] = lambda call, what: False
        self.keeps_keys = True
        self.says_agent = False
        self.files: dict[str, bytes] = {}
        self.heard: list[Heard] = []
        self.on_add: Callable[[str], Awaitable[None]] | None = None
        self.is_stuck = False
        self.lists_changes = True
        self.called = asyncio.Event()
        self._number = 0

    def now(self) -> datetime:
        """The desk's clock: later at every look."""
        self._number += 1
        return datetime.now(UTC) + timedelta(microseconds=self._number)

    def _new(self) -> str:
        self._number += 1
        return f"{self._number:06d}"

    def _begin(self, call: str, what: object = None) -> int:
        self.calls.append(call)
        self.called.set()
        number = len(self.calls)
        if (trouble := self.before.get(number)) is not None:
            raise trouble()
        if self.refuses(call, what):
            raise MessageRejected(f"{call} refused")
        return number

    def _end(self, number: int) -> None:
        if (trouble := self.after.get(number)) is not None:
            raise trouble()

    def case(self, ref: str) -> PaperCase:
        case = self.cases.get(ref)
        if case is None or case.is_gone:
            raise CaseGone("gone")
        return case

    def verify(self, request: RawRequest) -> None:
        """Everything is proven."""

    def parse(self, request: RawRequest) -> tuple[Heard, ...]:
        if self.heard:
            said, self.heard = tuple(self.heard), []
            return said
        return (CaseTouched(ref=request.body.decode()),)

    async def find(self, key: str) -> str | None:
        number = self._begin("find")
        found = next((case.ref for case in self.cases.values() if case.draft.key == key and not case.is_gone), None)
        self._end(number)
        return found

    async def create(self, draft: CaseDraft) -> str:
        number = self._begin("create", draft)
        ref = f"k{self._new()}"
        state = CaseState(ref=ref, status=CaseStatus.OPEN, key=draft.key, team=draft.team)
        self.cases[ref] = PaperCase(ref=ref, draft=draft, state=state)
        self._put(self.cases[ref], draft.opening)
        self._end(number)
        return ref

    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        number = self._begin("add", draft)
        case = self.case(ref)
        if case.state.status is CaseStatus.CLOSED:
            raise CaseClosed("closed")
        known = [entry_id for entry_id, kept in case.drafts.items() if kept.key == draft.key] if again else []
        entry_id = known[0] if known else self._put(case, draft)
        if self.on_add is not None:
            await self.on_add(ref)
        self._end(number)
        return entry_id

    def _put(self, case: PaperCase, draft: EntryDraft) -> str:
        entry = Entry(
            id=self._new(),
            by=By.AGENT if self.says_agent else By.CONTACT if draft.by is By.CONTACT else By.OURS,
            is_public=draft.is_public,
            text=draft.text,
            at=self.now(),
            agent=SUE if self.says_agent else None,
            key=draft.key if self.keeps_keys else None,
        )
        case.entries.append(entry)
        case.drafts[entry.id] = draft
        return entry.id

    async def change(self, ref: str, change: CaseChange) -> None:
        number = self._begin("change", change)
        case = self.case(ref)
        if case.state.status is CaseStatus.CLOSED:
            raise CaseClosed("closed")
        case.changes.append(change)
        case.state = replace(
            case.state,
            status=change.status or case.state.status,
            team=change.team or case.state.team,
            gives_back=case.state.gives_back and not change.took_back,
        )
        self._end(number)

    async def state(self, ref: str) -> CaseState:
        self._end(self._begin("state"))
        return self.case(ref).state

    async def entries(self, ref: str, *, after: str | None = None) -> tuple[Entry, ...]:
        self._end(self._begin("entries"))
        if self.is_stuck:
            await asyncio.Event().wait()
        return tuple(entry for entry in self.case(ref).entries if entry.id > (after or ""))

    async def changed(self, since: datetime) -> tuple[str, ...]:
        self._end(self._begin("changed"))
        return tuple(self.cases) if self.lists_changes else ()

    async def fetch(self, file: RemoteFile, *, limit_bytes: int) -> Fetched:
        self._end(self._begin("fetch"))
        return Fetched(body=self.files[file.origin], media_type=file.media_type)

    # people at work
    def says(self, ref: str, text: str, *, agent: DeskAgent = SUE, **facts: object) -> str:
        """An agent writes; a public entry unless ``facts`` say otherwise."""
        known: dict[str, object] = {"by": By.AGENT, "is_public": True, "at": self.now(), "agent": agent}
        entry = Entry(id=self._new(), text=text, **{**known, **facts})  # type: ignore[arg-type]  # facts are Entry's
        self.cases[ref].entries.append(entry)
        return entry.id

    def notes(self, ref: str, text: str, *, agent: DeskAgent = SUE) -> str:
        return self.says(ref, text, agent=agent, is_public=False)

    def sets(self, ref: str, **facts: object) -> None:
        """Somebody changes the case."""
        case = self.cases[ref]
        case.state = replace(case.state, **{"changed_by": SUE, **facts})  # type: ignore[arg-type]  # facts are CaseState's

    def alters(self, ref: str, entry_id: str, **facts: object) -> None:
        case = self.cases[ref]
        case.entries = [
            replace(entry, revision=self._new(), **facts) if entry.id == entry_id else entry  # type: ignore[arg-type]
            for entry in case.entries
        ]
