"""Reading a case back: its entries, the wishes of its people, then its state, in this order.

So a reply that was written before somebody solved the case or gave it back is relayed first, and one that came afterwards
wins.  Cases are read one at a time each; who asks while a reading waits shares it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final
from weakref import WeakValueDictionary

import structlog

from core.domain import Audience, EventKind, Head, Owner, Role
from core.ending import ended
from core.errors import CaseGone, DeliveryError, MessageRejected, Throttled
from core.ports.helpdesk import CaseAsked, CaseChange, CaseState, CaseStatus, CaseWish, DeskAgent, Entry
from core.ports.store import TenantStore
from handoff.bridge.book import Behind, CaseRecord
from handoff.bridge.cases import Cases
from handoff.bridge.hearing import meant_for, name_of
from handoff.bridge.pacing import Recent
from handoff.bridge.ports import Assists
from handoff.bridge.relaying import Relay
from handoff.service import HandoffService, Wish

log = structlog.get_logger(__name__)

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 60.0
AT_ONCE: Final = 8
"""Cases read at the same time: a desk that is back is not stormed."""

LOOK_BACK: Final = 300
ENDED: Final = (CaseStatus.SOLVED, CaseStatus.CLOSED)


class Reader:
    """Reads the cases of one desk."""

    def __init__(
        self,
        cases: Cases,
        relay: Relay,
        *,
        store: TenantStore,
        handoff: HandoffService,
        assists: Assists,
        clock: Callable[[], datetime],
        on_ignored: Callable[[str], None],
    ) -> None:
        self._cases = cases
        self._book = cases.book
        self._helpdesk = cases.helpdesk
        self._features = cases.features
        self._relay = relay
        self._store = store
        self._handoff = handoff
        self._assists = assists
        self._clock = clock
        self._on_ignored = on_ignored
        self._seen: Recent[str] = Recent()
        self._queued: dict[str, asyncio.Task[None]] = {}
        self._paused: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._room = asyncio.Semaphore(AT_ONCE)

    def touch(self, ref: str) -> asyncio.Task[None]:
        """Read a case soon, until it succeeds; the reading that was asked for and has not begun is shared."""
        queued = self._queued.get(ref)
        if queued is not None:
            if ref in self._paused:
                self._paused[ref].set()
            return queued
        task = self._queued[ref] = asyncio.create_task(self._until_read(ref), name=f"case-{ref}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            log.error("desk_case_not_read", case=task.get_name(), error=type(error).__name__, exc_info=error)

    async def close(self) -> None:
        """Stop all reading; safe twice."""
        await ended(*self._tasks)
        self._queued.clear()

    async def _until_read(self, ref: str) -> None:
        pause_s = FIRST_PAUSE_S
        try:
            while True:
                try:
                    await self.read(ref)
                except MessageRejected as error:
                    log.warning("desk_case_unreadable", ref=ref, reason=error.safe_message)
                    return
                except DeliveryError as error:
                    if pause_s == FIRST_PAUSE_S:
                        log.info("desk_case_waits", ref=ref, code=error.code)
                    wait_s, is_asked = error.retry_after_s or pause_s, isinstance(error, Throttled)
                else:
                    return
                self._queued.setdefault(ref, _own_task())
                await self._pause(ref, wait_s, is_asked=is_asked)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        finally:
            if self._queued.get(ref) is _own_task():
                del self._queued[ref]

    async def _pause(self, ref: str, wait_s: float, *, is_asked: bool) -> None:
        """Wait before another attempt; a call from the desk shows that it is back, unless it asked for the pause itself."""
        if is_asked:
            await asyncio.sleep(wait_s)
            return
        woken = self._paused[ref] = asyncio.Event()
        try:
            async with asyncio.timeout(wait_s):
                await woken.wait()
        except TimeoutError:
            pass
        finally:
            if self._paused.get(ref) is woken:
                del self._paused[ref]

    async def read(self, ref: str) -> None:
        """Read a case once; raises ``DeliveryError`` and ``StoreUnavailable``."""
        lock = self._locks.setdefault(ref, asyncio.Lock())
        async with lock, self._room:
            if self._queued.get(ref) is _own_task():
                del self._queued[ref]
            behind = await self._book.behind(ref)
            if not behind:
                self._on_ignored("unknown_case")
                return
            try:
                merged = await self._read(ref, behind)
            except CaseGone:
                await self._gone(ref, behind)
                return
        if merged is not None:
            self.touch(merged)

    async def _read(self, ref: str, behind: list[Behind]) -> str | None:
        """The case that took this one's place, if one did."""
        is_whole = self._features.edits or self._features.deletes or ref not in self._seen
        entries = await self._helpdesk.entries(ref, after=None if is_whole else self._seen[ref])
        await self._entries(ref, behind, entries, is_whole=is_whole)
        await self._wishes(ref, behind)
        state = await self._helpdesk.state(ref)
        if state.merged_into is not None and state.merged_into != ref:
            await self._cases.merged(ref, state.merged_into)
            return state.merged_into
        if not state.gives_back:
            await self._book.cleared(ref, self._clock())
        before = self._cases.statuses.get(ref)
        self._cases.statuses[ref] = state.status
        for known in behind:
            await self._state(ref, known.conv, state, before)
        return None

    async def hear(self, ref: str, entries: tuple[Entry, ...]) -> None:
        """Entries of a desk that is not read back."""
        lock = self._locks.setdefault(ref, asyncio.Lock())
        async with lock:
            behind = await self._book.behind(ref)
            if not behind:
                self._on_ignored("unknown_case")
                return
            await self._entries(ref, behind, entries, is_whole=False)
            await self._wishes(ref, behind)

    async def _entries(self, ref: str, behind: list[Behind], entries: tuple[Entry, ...], *, is_whole: bool) -> None:
        for index, entry in enumerate(entries):
            await self._relay.entry(ref, meant_for(behind, entries, index, is_whole=is_whole), entry)
            self._seen[ref] = entry.id

    async def _wishes(self, ref: str, behind: list[Behind]) -> None:
        for number, asked in await self._book.wishes(ref):
            for known in behind:
                head, record = await self._current(ref, known.conv)
                if head is not None and record is not None:
                    await self._wish(head, asked)
                else:
                    self._on_ignored("stale_wish")
            await self._book.carried_out(ref, number, self._clock())

    async def _wish(self, head: Head, asked: CaseAsked) -> None:
        match asked.wish:
            case CaseWish.CLAIM:
                kind, change = EventKind.AGENT_CLAIMED, None
            case CaseWish.GIVE_BACK:
                kind, change = EventKind.AGENT_GAVE_BACK, CaseChange(status=CaseStatus.PENDING, took_back=True)
            case CaseWish.RESOLVE:
                kind, change = EventKind.AGENT_RESOLVED, CaseChange(status=CaseStatus.SOLVED)
        await self._at_desk(head, kind, f"{asked.ref}:{asked.id}", asked.agent)
        if change is not None:
            try:
                await self._cases.change(asked.ref, change, at_once=True)
            except DeliveryError as error:
                log.info("desk_status_not_set", ref=asked.ref, code=error.code)

    async def _state(self, ref: str, conv: str, state: CaseState, before: CaseStatus | None) -> None:
        """What the case's state says that the conversation does not know yet."""
        head, record = await self._current(ref, conv)
        if head is None or record is None or head.handoff is None or not await self._is_at_desk(head):
            return
        by = state.changed_by or state.assignee
        assignee = state.assignee
        if head.owner in (Owner.QUEUE, Owner.BOT) and assignee is not None and await self._is_news(ref, head, assignee):
            key = f"claim:{ref}:{head.handoff.id}:{assignee.id}"
            await self._at_desk(head, EventKind.AGENT_CLAIMED, key, assignee)
        if state.gives_back:
            await self._give_back(ref, head, state, by)
        elif await self._is_solved(ref, head, record, state, before):
            await self._assists.tagged(head, sorted(state.tags))
            await self._at_desk(head, EventKind.AGENT_RESOLVED, f"solved:{ref}:{head.handoff.id}", by)

    async def _is_solved(
        self, ref: str, head: Head, record: CaseRecord, state: CaseState, before: CaseStatus | None
    ) -> bool:
        """Whether the case was ended for this handoff: not before an agent went on in it, nor without the contact's last words.

        An agent who answers in a case that is solved already has begun anew, and ends that when they solve it anew.
        """
        handoff = head.handoff
        if handoff is None or (state.status not in ENDED and before is not None):
            return False
        began = CaseStatus.OPEN
        if await self._book.known(f"opened:{handoff.id}") is None:
            began = CaseStatus(await self._book.note(f"began:{ref}:{handoff.id}", before or state.status))
        if state.status not in ENDED or (began in ENDED and before in (None, *ENDED)):
            return False
        return await self._is_told_all(head, record)

    async def _give_back(self, ref: str, head: Head, state: CaseState, by: DeskAgent | None) -> None:
        """An agent gives the conversation back.  A wish that was granted and could not be cleared is only cleared."""
        if head.handoff is None:
            return
        number = len(await self._book.listed(f"back:{ref}")) or 1
        if await self._book.known(f"cleared:{ref}:{number}") is not None:
            number += 1
        if await self._book.known(f"back:{ref}:{number}") is None:
            await self._at_desk(head, EventKind.AGENT_GAVE_BACK, f"back:{ref}:{number}:{head.handoff.id}", by)
            await self._book.note(f"back:{ref}:{number}", self._clock().isoformat())
        rests = self._features.status and state.status is CaseStatus.OPEN
        change = CaseChange(status=CaseStatus.PENDING if rests else None, took_back=True)
        await self._cases.change(ref, change, at_once=True)
        await self._book.cleared(ref, self._clock())

    async def _current(self, ref: str, conv: str) -> tuple[Head | None, CaseRecord | None]:
        """The conversation and its record of this case, when people are at it and this is the case they have."""
        head = await self._store.head(conv)
        if head is None or head.handoff is None:
            return None, None
        record = await self._book.case(conv, head.episode)
        return (head, record) if record is not None and record.ref == ref else (None, None)

    async def _is_at_desk(self, head: Head) -> bool:
        """Whether the desk knows of this handoff: else its state is that of an earlier one.

        The row that opens it has arrived, or there is none because an agent took over here.
        """
        handoff = head.handoff
        if handoff is None:
            return False
        if await self._book.known(f"opened:{handoff.id}") is not None:
            return True
        recent = await self._store.tail(head.conv, audience=Audience.DESK, limit=LOOK_BACK)
        return all(message.handoff_id != handoff.id for message in recent)

    async def _is_news(self, ref: str, head: Head, assignee: DeskAgent) -> bool:
        """Whether somebody was assigned by a person: not by our route, and not left from the handoff before."""
        routed = await self._book.listed(f"routed:{ref}")
        if not {assignee.id, assignee.name, assignee.email}.isdisjoint(routed):
            return False
        handoff = head.handoff
        return handoff is not None and await self._book.known(f"base:{ref}:{handoff.id}") != assignee.id

    async def _is_told_all(self, head: Head, record: CaseRecord) -> bool:
        """Whether the desk has the contact's last words: what was solved without them is not solved."""
        recent = await self._store.tail(head.conv, audience=Audience.DESK, limit=LOOK_BACK)
        for message in reversed(recent):
            if message.role is Role.CONTACT and message.episode == head.episode:
                is_in_brief = message.position <= record.upto
                return is_in_brief or await self._book.known(f"told:{message.id}") is not None
        return True

    async def _gone(self, ref: str, behind: list[Behind]) -> None:
        """A case was deleted: who waits in it gets another one, once; a second deletion is an answer."""
        self._cases.statuses.pop(ref, None)
        for known in behind:
            head, record = await self._current(ref, known.conv)
            if head is not None and record is not None and record.number == 1:
                text = "The case was deleted at the desk while the customer waited."
                await self._handoff.tell(known.conv, text, key=f"gone:{ref}")

    async def _at_desk(self, head: Head, kind: EventKind, key: str, by: DeskAgent | None) -> None:
        wish = Wish(kind=kind, key=key, agent=name_of(by), takes_over=True, from_desk=True)
        try:
            await self._handoff.at_desk(head.conv, wish)
        except LookupError:
            self._on_ignored("unknown_conversation")


def _own_task() -> asyncio.Task[None]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("not in a task")
    return task
