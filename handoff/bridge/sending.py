"""Outbound: one row of the outbox becomes what it is at the desk.  Every step may be repeated, and then changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from core.domain import Audience, Message, Role, Visibility
from core.errors import CaseClosed, CaseGone, MessageRejected
from core.ports.channel import Sent
from core.ports.desk import DeskItem
from core.ports.helpdesk import By, CaseChange, CaseStatus, EntryDraft
from core.ports.store import TenantStore
from handoff.assist import is_draft
from handoff.bridge.book import CaseRecord
from handoff.bridge.carrying import by_links
from handoff.bridge.cases import Cases, Errand
from handoff.bridge.entries import Words, joined, note_of, private, public, quoted, words_of
from handoff.bridge.ports import Assists
from handoff.learning import open_drafts
from handoff.service import HandoffService

LOOK_AHEAD: Final = 100
TOGETHER: Final = 20
"""Messages of one entry, when several wait: more are no longer read as one."""

FILES_TOGETHER: Final = 10


class Sender:
    """Brings rows to one desk."""

    def __init__(self, cases: Cases, *, store: TenantStore, handoff: HandoffService, assists: Assists) -> None:
        self._cases = cases
        self._book = cases.book
        self._features = cases.features
        self._store = store
        self._handoff = handoff
        self._assists = assists

    async def send(self, item: DeskItem) -> Sent:
        """Bring one row to the desk; the case it stands in, None where there is nothing to show."""
        record = await self._step(item.signal)(Errand.of(item))
        return Sent(None if record is None else record.ref)

    def _step(self, signal: str | None) -> Callable[[Errand], Awaitable[CaseRecord | None]]:
        steps: dict[str | None, Callable[[Errand], Awaitable[CaseRecord | None]]] = {
            "opened": self._opened,
            "rerouted": self._rerouted,
            "claimed": self._claimed,
            "given_back": self._given_back,
            "resolved": self._resolved,
            "rated": self._rated,
        }
        return steps.get(signal, self._message)

    async def _opened(self, errand: Errand) -> CaseRecord:
        message = errand.item.message
        is_internal = message is not None and message.visibility is Visibility.INTERNAL
        upto = _before(errand) if is_internal else errand.position
        known = await self._book.case(errand.conv, errand.episode)
        if known is None or known.row == errand.item.id:
            record = await self._cases.case(errand, upto=upto)
        else:
            record = await self._cases.reopened(errand, known)
        handoff_id = None if message is None else message.handoff_id
        if handoff_id is None and errand.head.handoff is not None:
            handoff_id = errand.head.handoff.id
        await self._book.note(f"opened:{handoff_id}", record.ref)
        return record

    async def _rerouted(self, errand: Errand) -> CaseRecord | None:
        record = await self._book.case(errand.conv, errand.episode)
        if record is None:
            return None
        try:
            routed = await self._cases.routed(errand, record, CaseChange())
            because = f", because {'; '.join(routed.reasons)}" if routed.reasons else ""
            await self._note(errand, record, f"Nobody came in time: the case was routed again{because}.")
        except (CaseClosed, CaseGone) as lost:
            return await self._cases.succeeded(errand, record, lost)
        return record

    async def _claimed(self, errand: Errand) -> CaseRecord:
        """Somebody took over elsewhere: from here on the case shows what is said, and nobody need answer in it."""
        record = await self._cases.case(errand, upto=_before(errand))
        for draft in self._private(errand, f"Taken over outside this desk.\n\n{_quote(errand)}"):
            record = await self._cases.put(errand, record, draft)
        return record

    async def _given_back(self, errand: Errand) -> CaseRecord | None:
        record = await self._book.case(errand.conv, errand.episode)
        if record is None:
            return None
        try:
            await self._note(errand, record, f"The assistant answers again.\n\n{_quote(errand)}")
            await self._cases.change(record.ref, CaseChange(status=CaseStatus.PENDING, took_back=True))
        except (CaseClosed, CaseGone):
            return None
        return record

    async def _resolved(self, errand: Errand) -> CaseRecord | None:
        record = await self._book.case(errand.conv, errand.episode)
        if record is None:
            return None
        try:
            if await self._is_shared(errand, record):
                await self._note(errand, record, "One of the conversations behind this case is resolved.")
            else:
                await self._cases.change(record.ref, CaseChange(status=CaseStatus.SOLVED))
        except (CaseClosed, CaseGone):
            return None
        return record

    async def _is_shared(self, errand: Errand, record: CaseRecord) -> bool:
        """Whether the case is at work for another conversation, or for a later episode of this one."""
        for known in await self._book.behind(record.ref):
            head = await self._store.head(known.conv)
            if head is None or head.handoff is None or (head.conv, head.episode) == (errand.conv, errand.episode):
                continue
            newest = await self._book.case(known.conv, head.episode)
            if newest is not None and newest.ref == record.ref:
                return True
        return False

    async def _rated(self, errand: Errand) -> CaseRecord | None:
        record = await self._book.case(errand.conv, errand.episode)
        if record is None or errand.item.message is None:
            return None
        try:
            await self._note(errand, record, errand.item.message.text)
        except (CaseClosed, CaseGone):
            return None
        return record

    async def _message(self, errand: Errand) -> CaseRecord | None:
        message = errand.item.message
        if message is None:
            return None
        record = await self._cases.case(errand, upto=_before(errand))
        if message.position <= record.upto or await self._book.known(f"told:{message.id}") is not None:
            return record
        words = words_of(message, errand.head.contact)
        if is_draft(message):
            return await self._suggestion(errand, record)
        if words is None:
            return await self._internal(errand, record, message)
        return await self._words(errand, record, message, words)

    async def _internal(self, errand: Errand, record: CaseRecord, message: Message) -> CaseRecord:
        drafts = note_of(errand.item.id, message, max_text=self._features.max_text) if self._features.notes else ()
        for draft in drafts:
            record = await self._cases.put(errand, record, draft)
        await self._book.note(f"told:{message.id}", record.ref)
        return record

    async def _words(self, errand: Errand, record: CaseRecord, message: Message, words: Words) -> CaseRecord:
        if words.by is By.CONTACT and self._cases.budget.is_limited:
            told, words = await self._gathered(errand, record, message)
        else:
            told = (message.id,)
        carried = await self._cases.carried(words)
        try:
            record = await self._all(
                errand, record, public(errand.item.id, words, carried, max_text=self._features.max_text)
            )
        except MessageRejected:
            without = by_links(carried, self._cases.files)
            record = await self._refused(
                errand, record, public(errand.item.id, words, without, max_text=self._features.max_text)
            )
        if words.by is By.CONTACT:
            await self._wake(record)
        for message_id in told:
            await self._book.note(f"told:{message_id}", record.ref)
        return await self._translated(errand, record, message) if words.by is By.CONTACT else record

    async def _translated(self, errand: Errand, record: CaseRecord, message: Message) -> CaseRecord:
        """What the contact wrote, in the agents' language, when no suggestion will say it."""
        later = await self._store.transcript(
            message.conv, audience=Audience.DESK, after=message.position, limit=LOOK_AHEAD
        )
        if not self._features.notes or any(is_draft(each) for each in later):
            return record
        text = await self._assists.suggestion(errand.item.head, ())
        key, max_text = f"{errand.item.id}/translated", self._features.max_text
        for entry in private(key, text, at=message.created_at, max_text=max_text) if text else ():
            record = await self._cases.put(errand, record, entry)
        return record

    async def _all(self, errand: Errand, record: CaseRecord, drafts: Sequence[EntryDraft]) -> CaseRecord:
        for draft in drafts:
            record = await self._cases.put(errand, record, draft)
        return record

    async def _refused(self, errand: Errand, record: CaseRecord, drafts: Sequence[EntryDraft]) -> CaseRecord:
        """Once more without the files; a message that the desk does not take at all is told of, and gives way."""
        try:
            return await self._all(errand, record, drafts)
        except MessageRejected as error:
            text = f"A message could not be shown here: {error.safe_message} It stands in the conversation."
            await self._handoff.tell(errand.conv, text, key=f"refused:{errand.item.id}")
            raise

    async def _gathered(self, errand: Errand, record: CaseRecord, message: Message) -> tuple[tuple[str, ...], Words]:
        """This message and all that wait behind it, once the budget has room; the choice stands at every attempt."""
        name = f"batch:{errand.item.id}"
        kept = await self._book.known(name)
        if kept is None:
            self._cases.budget.pace(record.ref)
            chosen = msgspec.json.encode(await self._waiting(message)).decode()
            kept = await self._book.note(name, chosen)
        told = (message.id, *msgspec.json.decode(kept, type=tuple[str, ...]))
        messages = [found for message_id in told if (found := await self._store.message(message_id)) is not None]
        words = [said for each in messages if (said := words_of(each, errand.head.contact)) is not None]
        return told, joined(words)

    async def _waiting(self, message: Message) -> tuple[str, ...]:
        """Messages of the same contact right behind this one; what agents alone see does not come between."""
        later = await self._store.transcript(
            message.conv, audience=Audience.DESK, after=message.position, limit=LOOK_AHEAD
        )
        found: list[str] = []
        length, files = len(message.text), len(message.attachments)
        for each in later:
            if each.visibility is Visibility.INTERNAL or _is_from_desk(each):
                continue
            length, files = length + len(each.text) + 2, files + len(each.attachments)
            is_same = each.role is Role.CONTACT and (each.author, each.episode) == (message.author, message.episode)
            fits = length <= self._features.max_text and files <= FILES_TOGETHER and len(found) + 1 < TOGETHER
            if not is_same or not fits:
                break
            found.append(each.id)
        return tuple(found)

    async def _wake(self, record: CaseRecord) -> None:
        """A case that rested is open again when the customer writes; agents look at open ones."""
        if not self._features.status:
            return
        status = self._cases.statuses.get(record.ref)
        if status is None and self._features.reads:
            status = self._cases.statuses[record.ref] = (await self._cases.helpdesk.state(record.ref)).status
        if status in (CaseStatus.PENDING, CaseStatus.SOLVED):
            await self._cases.change(record.ref, CaseChange(status=CaseStatus.OPEN))

    async def _suggestion(self, errand: Errand, record: CaseRecord) -> CaseRecord:
        """The newest drafts in one note; those that the conversation has overtaken are nobody's help any more."""
        draft = errand.item.message
        if draft is None or not self._features.notes or await self._is_overtaken(draft):
            return record
        self._cases.budget.pace(record.ref)
        before = (draft.seq, draft.index + 1)
        recent = await self._store.tail(draft.conv, audience=Audience.DESK, limit=LOOK_AHEAD, before=before)
        text = await self._assists.suggestion(errand.item.head, _since_contact(open_drafts(recent), recent))
        for entry in self._private(errand, text) if text else ():
            record = await self._cases.put(errand, record, entry)
        return record

    async def _is_overtaken(self, draft: Message) -> bool:
        later = await self._store.transcript(draft.conv, audience=Audience.DESK, after=draft.position, limit=LOOK_AHEAD)
        return any(
            each.role is Role.CONTACT
            or is_draft(each)
            or (each.role is Role.AGENT and each.visibility is Visibility.CONTACT)
            for each in later
        )

    async def _note(self, errand: Errand, record: CaseRecord, text: str) -> None:
        for draft in self._private(errand, text):
            await self._cases.add(record.ref, draft, again=errand.item.reconcile)

    def _private(self, errand: Errand, text: str) -> tuple[EntryDraft, ...]:
        message = errand.item.message
        at = errand.head.updated_at if message is None else message.created_at
        return private(errand.item.id, text, at=at, max_text=self._features.max_text) if self._features.notes else ()


def _before(errand: Errand) -> tuple[int, int]:
    """Right before the row's own message."""
    return errand.position[0], errand.position[1] - 1


def _quote(errand: Errand) -> str:
    message = errand.item.message
    return "" if message is None else quoted(message.text)


def _since_contact(drafts: Sequence[Message], messages: Sequence[Message]) -> tuple[Message, ...]:
    last = max((each.position for each in messages if each.role is Role.CONTACT), default=(0, -1))
    return tuple(draft for draft in drafts if draft.position > last)


def _is_from_desk(message: Message) -> bool:
    """Whether an agent said it at the desk itself: it stands there already."""
    _, _, key = (message.event_id or "").partition("|")
    return ":desk:" in key and message.role is Role.AGENT
