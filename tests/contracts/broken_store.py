"""Stores that break one promise each; the StoreContract must find every one of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count

from core.domain import Audience, DeliveryState, Destination, Head, InboundEvent, Message, Visibility, Voice
from core.identity import LinkKind, LinkRecord
from core.inbound import Receipt
from core.ledger import Claimed, Commit, CommitDraft, OpenTurn
from core.ports.store import Appended, Build, Preview, StoreObserver, SystemScope
from gateway.store.documents import Document
from gateway.store.ledger import DocumentStore, DocumentTenant
from tests.contracts.broken_system import (
    BrokenSystem,
    CutsConversations,
    KeepsDuties,
    ListsWhatOthersRun,
    NeverHandsOverDuties,
    PrunesNothing,
    PrunesTooMuch,
    PrunesTwiceAsMuch,
    SharesDuties,
    SkipsWork,
    SwallowsRejections,
)
from tests.contracts.fake_documents import FakeDocuments
from tests.contracts.rigs import document_rig
from tests.contracts.words import TENANT, Rig

_fresh = count()


class BrokenStore:
    """A document store whose tenants or system scope are broken."""

    def __init__(
        self,
        inner: DocumentStore,
        tenant: type[DocumentTenant],
        system: Callable[[SystemScope], SystemScope] = lambda scope: scope,
    ) -> None:
        self._inner = inner
        self._tenant = tenant
        self.system: SystemScope = system(inner.system)

    @property
    def sweep_s(self) -> float:
        return self._inner.sweep_s

    @property
    def observer(self) -> StoreObserver | None:
        return self._inner.observer

    @observer.setter
    def observer(self, observer: StoreObserver | None) -> None:
        self._inner.observer = observer

    @property
    def readers(self) -> Callable[[], Collection[str]]:
        return self._inner.readers

    @readers.setter
    def readers(self, readers: Callable[[], Collection[str]]) -> None:
        self._inner.readers = readers

    def for_tenant(self, tenant: str) -> DocumentTenant:
        return self._tenant(self._inner, tenant)

    async def start(self) -> None:
        await self._inner.start()

    async def stop(self) -> None:
        await self._inner.stop()

    async def check(self) -> None:
        await self._inner.check()


class ForgetsDedupe(DocumentTenant):
    async def accept(self, events: Sequence[InboundEvent]) -> tuple[bool, ...]:
        return await super().accept([replace(e, dedupe_key=f"{e.dedupe_key}{next(_fresh)}") for e in events])


class ReadsInOrderOfArrival(DocumentTenant):
    async def unread(self, conv: str) -> tuple[InboundEvent, ...]:
        return tuple(sorted(await super().unread(conv), key=lambda event: event.dedupe_key))


class GrowsTheBatch(DocumentTenant):
    async def open_turn(self, conv: str, holder: str) -> OpenTurn | None:
        turn = await super().open_turn(conv, holder)
        return turn and replace(turn, events=await self.unread(conv))


class ForgetsAttempts(DocumentTenant):
    async def open_turn(self, conv: str, holder: str) -> OpenTurn | None:
        turn = await super().open_turn(conv, holder)
        return turn and replace(turn, attempt=1)


class ForgetsNonces(DocumentTenant):
    async def append(self, conv: str, *, nonce: str, build: Build, event: InboundEvent | None = None) -> Appended:
        return await super().append(conv, nonce=f"{nonce}{next(_fresh)}", build=build, event=event)


class ForgetsControls(DocumentTenant):
    async def append(self, conv: str, *, nonce: str, build: Build, event: InboundEvent | None = None) -> Appended:
        renamed = event and replace(event, dedupe_key=f"{event.dedupe_key}{next(_fresh)}")
        return await super().append(conv, nonce=nonce, build=build, event=renamed)


class BuildsOnAnOldHead(DocumentTenant):
    async def append(self, conv: str, *, nonce: str, build: Build, event: InboundEvent | None = None) -> Appended:
        old = await self.head(conv)
        if old is None:
            return await super().append(conv, nonce=nonce, build=build, event=event)
        return await super().append(conv, nonce=nonce, build=lambda newest: build(old), event=event)


class SwallowsBuilders(DocumentTenant):
    async def append(self, conv: str, *, nonce: str, build: Build, event: InboundEvent | None = None) -> Appended:
        def careless(head: Head) -> CommitDraft | None:
            try:
                return build(head)
            except ZeroDivisionError:
                return None

        return await super().append(conv, nonce=nonce, build=careless, event=event)


class LetsStaleHoldersCommit(DocumentTenant):
    async def append(self, conv: str, *, nonce: str, build: Build, event: InboundEvent | None = None) -> Appended:
        def unfenced(head: Head) -> CommitDraft | None:
            drafts = (build(replace(head, holder="", term=term)) for term in range(head.term + 1))
            return next((draft for draft in drafts if draft is not None), None)

        return await super().append(conv, nonce=nonce, build=unfenced, event=event)


class ForgetsWhoSpeaks(DocumentTenant):
    async def append(self, conv: str, *, nonce: str, build: Build, event: InboundEvent | None = None) -> Appended:
        def voiceless(head: Head) -> CommitDraft | None:
            draft = build(head)
            return draft and replace(draft, outbox=tuple(replace(row, voice=Voice.SYSTEM) for row in draft.outbox))

        return await super().append(conv, nonce=nonce, build=voiceless, event=event)


class ShowsInternalWords(DocumentTenant):
    async def transcript(
        self, conv: str, *, audience: Audience, after: tuple[int, int] = (0, -1), limit: int = 500
    ) -> tuple[Message, ...]:
        return await super().transcript(conv, audience=Audience.DESK, after=after, limit=limit)


class ShowsWhatIsNotYetSent(DocumentTenant):
    async def transcript(
        self, conv: str, *, audience: Audience, after: tuple[int, int] = (0, -1), limit: int = 500
    ) -> tuple[Message, ...]:
        found = await super().transcript(conv, audience=Audience.DESK, after=after, limit=limit)
        if audience is Audience.DESK:
            return found
        shown = (None, DeliveryState.SENT)
        return tuple(m for m in found if m.visibility is Visibility.CONTACT and m.delivery in shown)


class ForgetsRetryTimes(DocumentTenant):
    async def settle(
        self,
        claimed: Claimed,
        state: DeliveryState,
        *,
        vendor_ref: str | None = None,
        error: str | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        await super().settle(claimed, state, vendor_ref=vendor_ref, error=error)


class ForgetsLostAttempts(DocumentTenant):
    async def next_delivery(self, conv: str, to: Destination, holder: str) -> Claimed | None:
        claimed = await super().next_delivery(conv, to, holder)
        return claimed and replace(claimed, unsettled=False)


class SettlesNothingWithAClaim(DocumentTenant):
    """Whoever reads the ledger waits for a settle that nobody makes."""

    async def next_delivery(self, conv: str, to: Destination, holder: str) -> Claimed | None:
        readers, self._store.readers = self._store.readers, tuple
        claimed = await super().next_delivery(conv, to, holder)
        self._store.readers = readers
        return claimed and replace(claimed, is_settled=claimed.account in readers())


class SettlesWhatTheDeskHasNotGot(DocumentTenant):
    """Whoever reads the ledger does not read the desk's cases."""

    async def next_delivery(self, conv: str, to: Destination, holder: str) -> Claimed | None:
        claimed = await super().next_delivery(conv, to, holder)
        if claimed is None or claimed.is_settled or claimed.account not in self._store.readers():
            return claimed
        await self.settle(claimed, DeliveryState.SENT)
        return replace(claimed, is_settled=True)


class LetsPreviewsShrink(DocumentTenant):
    async def preview(self, turn_id: str) -> Preview | None:
        found = await super().preview(turn_id)
        return found and replace(found, shown=found.shown[:4])


class KnowsEveryEvent(DocumentTenant):
    async def outcome(self, event_id: str) -> Commit | None:
        try:
            return await super().outcome(event_id)
        except KeyError:
            return None


class MovesBackward(DocumentTenant):
    """The newest report counts, whatever came before."""

    async def record_receipt(self, receipt: Receipt) -> tuple[str, DeliveryState] | None:
        for state in (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ):
            if state is not receipt.state:
                shard = self._key(receipt.conv).shard
                earlier = f"{shard}|{receipt.vendor_ref}#{state.value}"
                await self._store.documents.delete("receipts", {"conv": shard, "_id": earlier})
        return await super().record_receipt(receipt)


class ForgetsParts(DocumentTenant):
    """A retry starts from the first part again."""

    async def next_delivery(self, conv: str, to: Destination, holder: str) -> Claimed | None:
        claimed = await super().next_delivery(conv, to, holder)
        return None if claimed is None else replace(claimed, sent_refs=())


class OverwritesLinks(DocumentTenant):
    """A second entry of the same number stands instead of the first."""

    async def put_link(self, record: LinkRecord) -> bool:
        shard = self._key(record.identity).shard
        await self._store.documents.delete("links", {"conv": shard, "_id": f"{shard}#{record.n}"})
        return await super().put_link(record)


class ForgetsEnds(DocumentTenant):
    """Who was once linked stays linked."""

    async def links(self, identity: str) -> tuple[LinkRecord, ...]:
        return tuple(r for r in await super().links(identity) if r.kind is not LinkKind.UNLINKED)


class ForgetsMembers(DocumentTenant):
    async def linked(self, person: str) -> tuple[str, ...]:
        return (await super().linked(person))[:1]


class ShowsEveryonesConversations(DocumentTenant):
    async def conversations_of(self, identities: Sequence[str], *, limit: int = 50) -> tuple[Head, ...]:
        return await self.conversations(limit=limit)


class NeverTold(DocumentTenant):
    async def mark_told(self, conv: str, message_id: str) -> None:
        return None


class OneTenantForAll(DocumentTenant):
    def __init__(self, store: DocumentStore, tenant: str) -> None:
        super().__init__(store, TENANT)


class Overwrites(FakeDocuments):
    """A database without the one promise: a second insert replaces the first."""

    async def insert_many(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        for document in documents:
            await self._pause()
            self.server.shard(collection, str(document["conv"]))[str(document["_id"])] = dict(document)
        return frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage:
    """One broken promise and a scenario that must notice."""

    name: str
    found_by: str
    build: Callable[[], Rig]


def _tenant(broken: type[DocumentTenant], found_by: str) -> Breakage:
    def build() -> Rig:
        rig = document_rig()
        assert isinstance(rig.store, DocumentStore)
        assert isinstance(rig.rival, DocumentStore)
        return replace(rig, store=BrokenStore(rig.store, broken), rival=BrokenStore(rig.rival, broken))

    return Breakage(name=broken.__name__, found_by=found_by, build=build)


def _system(broken: type[BrokenSystem], found_by: str) -> Breakage:
    def build() -> Rig:
        rig = document_rig()
        assert isinstance(rig.store, DocumentStore)
        return replace(rig, store=BrokenStore(rig.store, DocumentTenant, broken))

    return Breakage(name=broken.__name__, found_by=found_by, build=build)


BREAKAGES = (
    _tenant(ForgetsDedupe, "test_a_redelivered_event_is_stored_once"),
    _tenant(ReadsInOrderOfArrival, "test_unread_is_in_the_providers_order"),
    _tenant(GrowsTheBatch, "test_a_replayed_turn_keeps_its_batch_and_counts_its_attempts"),
    _tenant(ForgetsAttempts, "test_a_replayed_turn_keeps_its_batch_and_counts_its_attempts"),
    _tenant(ForgetsNonces, "test_the_same_nonce_commits_once"),
    _tenant(ForgetsControls, "test_a_control_redelivered_at_once_happens_once"),
    _tenant(BuildsOnAnOldHead, "test_sixteen_writers_of_one_seq_have_one_winner"),
    _tenant(SwallowsBuilders, "test_a_raising_builder_changes_nothing"),
    _tenant(LetsStaleHoldersCommit, "test_a_stale_holder_commits_nothing"),
    _tenant(ForgetsWhoSpeaks, "test_a_stale_bot_row_becomes_a_draft"),
    _tenant(ShowsInternalWords, "test_internal_notes_and_drafts_never_reach_the_contact"),
    _tenant(ShowsWhatIsNotYetSent, "test_a_shown_position_never_gains_an_earlier_neighbour"),
    _tenant(ForgetsRetryTimes, "test_retry_at_holds_the_whole_line"),
    _tenant(SettlesNothingWithAClaim, "test_a_row_for_who_reads_the_ledger_is_settled_with_its_claim"),
    _tenant(SettlesWhatTheDeskHasNotGot, "test_what_a_readers_desk_gets_is_settled_by_whoever_sends_it"),
    _tenant(ForgetsLostAttempts, "test_an_attempt_without_an_outcome_is_reported"),
    _tenant(LetsPreviewsShrink, "test_a_preview_only_grows"),
    _tenant(KnowsEveryEvent, "test_the_outcome_of_an_event_is_its_commit"),
    _tenant(MovesBackward, "test_reports_in_any_order_end_at_the_furthest"),
    _tenant(ForgetsParts, "test_the_next_attempt_knows_the_parts_that_arrived"),
    _tenant(OverwritesLinks, "test_sixteen_writers_of_one_number_have_one_winner"),
    _tenant(ForgetsEnds, "test_the_newest_entry_stands"),
    _tenant(ForgetsMembers, "test_a_persons_identities_are_all_found"),
    _tenant(ShowsEveryonesConversations, "test_the_conversations_of_some_identities_and_no_others"),
    _tenant(NeverTold, "test_a_message_that_somebody_was_told_of_is_not_listed_again"),
    _tenant(OneTenantForAll, "test_nothing_of_a_tenant_is_found_by_another"),
    _system(SharesDuties, "test_a_duty_has_one_holder"),
    _system(KeepsDuties, "test_a_duty_that_is_released_is_free_at_once"),
    _system(NeverHandsOverDuties, "test_a_duty_is_taken_over_from_a_holder_that_is_gone"),
    _system(ListsWhatOthersRun, "test_what_another_replica_runs_is_not_listed_until_it_is_gone"),
    _system(SkipsWork, "test_unread_conversations_are_listed_in_pages"),
    _system(CutsConversations, "test_undelivered_lines_are_listed_in_pages_of_whole_conversations"),
    _system(SwallowsRejections, "test_a_rejected_message_is_listed_with_its_error"),
    _system(PrunesTooMuch, "test_prune_keeps_the_dedupe_keys_of_fourteen_days"),
    _system(PrunesTwiceAsMuch, "test_prune_keeps_the_vendors_ids_of_young_messages"),
    _system(PrunesNothing, "test_prune_forgets_the_vendors_ids_of_old_messages"),
    Breakage(
        name="Overwrites",
        found_by="test_a_claim_has_one_winner",
        build=lambda: document_rig(documents=Overwrites),
    ),
)
