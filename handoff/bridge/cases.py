"""Cases: which one an episode has, opening it, reopening it, and what takes its place when it takes nothing any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from core import ids
from core.domain import Audience, Handoff, HandoffReason, Head, Message, Owner, Role, Status
from core.errors import CaseClosed, CaseGone, DeliveryError, MessageRejected, ProviderUnavailable
from core.ports.channel import Files
from core.ports.desk import DeskItem
from core.ports.helpdesk import CaseChange, CaseDraft, CaseStatus, EntryDraft, Helpdesk
from core.ports.store import TenantStore
from handoff.bridge.book import Behind, Book, CaseRecord, Position, case_key
from handoff.bridge.carrying import by_links, carried
from handoff.bridge.entries import Carried, Words, joined, private, public, words_of
from handoff.bridge.pacing import Budget, Flights, Recent
from handoff.bridge.ports import Briefs, Routed, Routes

log = structlog.get_logger(__name__)

LOOK_BACK: Final = 50
"""Messages looked through for the contact's last words."""

FOLLOWS: Final = 3
"""Cases tried for one entry; a desk that closes each at once is out of order."""

GONE: Final = "The earlier case was deleted; this one takes its place."
CLOSED: Final = "The earlier case is closed; this one goes on with it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One outbox row at work: what it is about, and ``head`` as it concerns that episode."""

    item: DeskItem
    head: Head
    episode: int
    position: Position

    @property
    def conv(self) -> str:
        """Its conversation."""
        return self.head.conv

    @classmethod
    def of(cls, item: DeskItem) -> Errand:
        """A row; its head's handoff may be over, or another one, when a desk was away for long."""
        message, head = item.message, item.head
        if message is None:
            return cls(
                item=item, head=_in_people(head, head.episode, None), episode=head.episode, position=(head.seq, -1)
            )
        as_of = _in_people(head, message.episode, message)
        return cls(item=item, head=as_of, episode=message.episode, position=message.position)


def _in_people(head: Head, episode: int, message: Message | None) -> Head:
    """The head with a handoff of this episode: its own, or the one that must have been when the row was written."""
    if head.handoff is not None and head.episode == episode:
        return head
    handoff = Handoff(
        id=(message.handoff_id if message else None) or "h_" + ids.digest(head.conv, str(episode)),
        reason=HandoffReason.POLICY,
        detail="The desk could not be reached at the time.",
        requested_at=message.created_at if message else head.updated_at,
    )
    return replace(head, episode=episode, handoff=handoff, owner=Owner.QUEUE, status=Status.ESCALATED)


class Cases:
    """One desk's cases."""

    def __init__(
        self,
        helpdesk: Helpdesk,
        book: Book,
        *,
        store: TenantStore,
        files: Files,
        routes: Routes,
        briefs: Briefs,
        channel_kind: Callable[[str], str],
        clock: Callable[[], datetime],
    ) -> None:
        self.helpdesk = helpdesk
        self.features = helpdesk.features
        self.book = book
        self.files = files
        self.budget = Budget(helpdesk.features, clock)
        self.flights = Flights()
        self.statuses: Recent[CaseStatus] = Recent()
        self._store = store
        self._routes = routes
        self._briefs = briefs
        self._channel_kind = channel_kind
        self._clock = clock

    async def add(self, ref: str, draft: EntryDraft, *, again: bool, at_once: bool = False) -> str:
        """Add an entry, once; its id.  The id is ours from then on: it is never heard as an agent's words.

        ``at_once``: also beyond the case's budget, where somebody waits for what follows.
        """
        known = await self.book.known(f"sent:{draft.key}")
        if known is not None:
            return known
        self._spend(ref, at_once=at_once)
        async with self.flights.of(ref, draft.key, draft.text):
            entry_id = await self.helpdesk.add(ref, draft, again=again)
            await self.book.note(f"ours:{ref}:{entry_id}", draft.key)
        return await self.book.note(f"sent:{draft.key}", entry_id)

    async def put(self, errand: Errand, record: CaseRecord, draft: EntryDraft) -> CaseRecord:
        """Add an entry to an episode's case, or to the one that takes its place; the case it stands in."""
        for _ in range(FOLLOWS):
            try:
                await self.add(record.ref, draft, again=errand.item.reconcile)
            except (CaseClosed, CaseGone) as lost:
                record = await self.succeeded(errand, record, lost)
            else:
                return record
        raise ProviderUnavailable("The desk closes every case at once.")

    async def change(self, ref: str, change: CaseChange, *, at_once: bool = False) -> None:
        """Change a case; ``at_once`` as in ``add``."""
        self._spend(ref, at_once=at_once)
        await self.helpdesk.change(ref, change)
        if change.status is not None:
            self.statuses[ref] = change.status

    def _spend(self, ref: str, *, at_once: bool) -> None:
        if at_once:
            self.budget.record(ref)
        else:
            self.budget.spend(ref)

    async def opened(
        self, errand: Errand, *, upto: Position, follows: CaseRecord | None = None, why: str = ""
    ) -> CaseRecord:
        """A new case for an episode, with its brief; messages up to ``upto`` are told by that."""
        number = len(await self.book.cases(errand.conv, errand.episode)) + 1
        key = case_key(errand.conv, errand.episode, number)
        routed = await self._routes.route(errand.head)
        ref = await self.helpdesk.find(key)
        refused = ""
        if ref is None:
            ref, refused = await self._created(errand, key, routed, upto=upto, follows=follows)
        if routed.assignee is not None:
            await self.book.append(f"routed:{ref}", routed.assignee)
        await self.book.put_behind(ref, Behind(conv=errand.conv))
        record = await self.book.put_case(
            errand.conv,
            errand.episode,
            ref=ref,
            row=errand.item.id,
            upto=upto,
            why="\n\n".join(part for part in (why, refused) if part),
        )
        self.statuses[ref] = CaseStatus.OPEN
        await self._complete(errand, record, routed)
        return record

    async def case(self, errand: Errand, *, upto: Position) -> CaseRecord:
        """The episode's case, opened when there is none, and complete when this row opened it before."""
        record = await self.book.case(errand.conv, errand.episode)
        if record is None:
            return await self.opened(errand, upto=upto)
        if record.row == errand.item.id and not await self._is_complete(errand, record):
            await self._complete(errand, record, await self._routes.route(errand.head))
        return record

    async def _is_complete(self, errand: Errand, record: CaseRecord) -> bool:
        return await self.book.known(f"complete:{errand.item.id}:{record.number}") is not None

    async def _complete(self, errand: Errand, record: CaseRecord, routed: Routed) -> None:
        """What did not fit into the opening entry, then the brief."""
        earlier = (await self.book.cases(errand.conv, errand.episode))[: record.number - 1]
        follows = earlier[-1] if earlier and not record.why.startswith(GONE) else None
        words, _ = await self._last_words(errand, record.upto, follows)
        if words is not None:
            for draft in (await self._said(errand, words, by_link=False))[1:]:
                await self.add(record.ref, draft, again=errand.item.reconcile)
        await self.brief(errand, record, routed)
        await self.book.note(f"complete:{errand.item.id}:{record.number}", record.ref)

    async def _created(
        self, errand: Errand, key: str, routed: Routed, *, upto: Position, follows: CaseRecord | None
    ) -> tuple[str, str]:
        """A case at the desk; without its route, and why, when the desk does not know the names in it."""
        head = errand.head
        words, _ = await self._last_words(errand, upto, follows)
        draft = CaseDraft(
            key=key,
            conv=head.conv,
            subject=await self._briefs.subject(head),
            contact=head.contact,
            channel=self._channel_kind(head.account),
            opening=await self._opening(errand, words, by_link=False),
            urgency=routed.urgency,
            team=routed.team,
            assignee=routed.assignee,
            tags=routed.tags,
            language=head.language,
            follows=None if follows is None else follows.ref,
            fields=routed.fields,
        )
        try:
            return await self.helpdesk.create(draft), ""
        except MessageRejected as error:
            log.warning("desk_case_refused", row=errand.item.id, reason=error.safe_message)
            opening = await self._opening(errand, words, by_link=True)
            bare = replace(draft, opening=opening, team=None, assignee=None, tags=(), fields={})
            return await self.helpdesk.create(bare), f"The desk did not take this case's route: {error.safe_message}"

    async def _last_words(
        self, errand: Errand, upto: Position, follows: CaseRecord | None
    ) -> tuple[Words | None, tuple[str, ...]]:
        """What the contact said last and no earlier case shows, to be read first; and these messages' ids."""
        before = (upto[0], upto[1] + 1)
        recent = await self._store.tail(errand.conv, audience=Audience.DESK, limit=LOOK_BACK, before=before)
        found: list[Words] = []
        message_ids: list[str] = []
        for message in reversed(recent):
            words = words_of(message, errand.head.contact)
            if message.episode != errand.episode or (found and words is not None and message.role is not Role.CONTACT):
                break
            if follows is not None and await self._is_told(message, follows):
                break
            if message.role is Role.CONTACT and words is not None:
                found.append(words)
                message_ids.append(message.id)
        return (joined(found[::-1]) if found else None), tuple(message_ids)

    async def _is_told(self, message: Message, record: CaseRecord) -> bool:
        return message.position <= record.upto or await self.book.known(f"told:{message.id}") is not None

    async def _opening(self, errand: Errand, words: Words | None, *, by_link: bool) -> EntryDraft:
        if words is not None:
            return (await self._said(errand, words, by_link=by_link))[0]
        text = f"{errand.head.contact.name or 'A customer'} needs a person."
        return private(f"{errand.item.id}/opening", text, at=self._clock(), max_text=self.features.max_text)[0]

    async def _said(self, errand: Errand, words: Words, *, by_link: bool) -> tuple[EntryDraft, ...]:
        files = await self.carried(words)
        shown = by_links(files, self.files) if by_link else files
        return public(f"{errand.item.id}/opening", words, shown, max_text=self.features.max_text)

    async def carried(self, words: Words) -> Carried:
        """How the files of these words get to the desk."""
        return await carried(words.attachments, self.files, self.features)

    async def brief(self, errand: Errand, record: CaseRecord, routed: Routed) -> None:
        """The private note on top of what follows, once for a row."""
        if not self.features.notes:
            return
        why = record.why if record.row == errand.item.id else ""
        reasons = f"Routed because {'; '.join(routed.reasons)}." if routed.reasons else ""
        parts = (why, await self._briefs.brief(errand.head), reasons)
        text = "\n\n".join(part for part in parts if part) or "A person is needed."
        key = f"{errand.item.id}/brief:{record.number}"
        for draft in private(key, text, at=self._clock(), max_text=self.features.max_text):
            await self.add(record.ref, draft, again=errand.item.reconcile)

    async def reopened(self, errand: Errand, record: CaseRecord) -> CaseRecord:
        """The episode's case once more: it is open, routed anew, and says why it is back."""
        handoff = errand.head.handoff
        if await self._is_complete(errand, record):
            return record
        try:
            if self.features.reads and handoff is not None:
                assignee = (await self.helpdesk.state(record.ref)).assignee
                await self.book.note(f"base:{record.ref}:{handoff.id}", "" if assignee is None else assignee.id)
            routed = await self.routed(errand, record, CaseChange(status=CaseStatus.OPEN, took_back=True))
            await self.book.cleared(record.ref, self._clock())
            words, message_ids = await self._last_words(errand, errand.position, record)
            for draft in () if words is None else await self._said(errand, words, by_link=False):
                await self.add(record.ref, draft, again=errand.item.reconcile)
            await self.brief(errand, record, routed)
            for message_id in message_ids:
                await self.book.note(f"told:{message_id}", record.ref)
            await self.book.note(f"complete:{errand.item.id}:{record.number}", record.ref)
        except (CaseClosed, CaseGone) as lost:
            return await self.succeeded(errand, record, lost)
        return record

    async def routed(self, errand: Errand, record: CaseRecord, change: CaseChange) -> Routed:
        """Bring a case where it belongs now, along with a change; once for a row, whose later attempts have the budget."""
        routed = await self._routes.route(errand.head)
        done = f"brought:{errand.item.id}:{record.ref}"
        if await self.book.known(done) is not None:
            return routed
        if routed.assignee is not None:
            await self.book.append(f"routed:{record.ref}", routed.assignee)
        try:
            await self.change(
                record.ref,
                replace(
                    change, urgency=routed.urgency, team=routed.team, assignee=routed.assignee, add_tags=routed.tags
                ),
            )
        except MessageRejected as error:
            log.warning("desk_route_refused", ref=record.ref, reason=error.safe_message)
            await self.change(record.ref, change)
        await self.book.note(done, record.ref)
        return routed

    async def succeeded(self, errand: Errand, record: CaseRecord, lost: DeliveryError) -> CaseRecord:
        """The case that takes the place of one that takes nothing any more: it was merged, else a follow-up is opened."""
        newest = await self.book.case(errand.conv, errand.episode)
        if newest is not None and newest.number > record.number:
            return newest
        self.statuses.pop(record.ref, None)
        is_gone = isinstance(lost, CaseGone)
        if not is_gone and (target := await self._merged_into(record.ref)) is not None:
            await self.merged(record.ref, target)
            return await self.book.put_case(errand.conv, errand.episode, ref=target, upto=record.upto)
        why = GONE if is_gone else CLOSED
        upto = (errand.position[0], errand.position[1] - 1)
        return await self.opened(errand, upto=upto, follows=None if is_gone else record, why=why)

    async def _merged_into(self, ref: str) -> str | None:
        if not self.features.reads:
            return None
        try:
            state = await self.helpdesk.state(ref)
        except (CaseGone, CaseClosed):
            return None
        return state.merged_into if state.merged_into != ref else None

    async def merged(self, ref: str, target: str) -> None:
        """All conversations behind ``ref`` are behind ``target`` now; what stands there already was not meant for them."""
        here = {known.conv for known in await self.book.behind(target)}
        coming = [known.conv for known in await self.book.behind(ref) if known.conv not in here]
        last = (await self.helpdesk.entries(target) or (None,))[-1] if coming else None
        for conv in coming:
            floor = Behind(conv=conv) if last is None else Behind(conv=conv, after=last.id, at=last.at)
            await self.book.put_behind(target, floor)
        for known in await self.book.behind(ref):
            head = await self._store.head(known.conv)
            record = None if head is None else await self.book.case(known.conv, head.episode)
            if head is not None and record is not None and record.ref == ref:
                await self.book.put_case(known.conv, head.episode, ref=target, upto=record.upto)
