"""The document ledger on the fake database, ready for the StoreContract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

from gateway.store.ledger import DocumentStore, DocumentTenant
from gateway.store.mongodb import mongo_documents
from tests.contracts.fake_documents import FakeDocuments, Fate, Server
from tests.contracts.words import TENANT, Clock, Numbers, Rig

LEASE_S = 15.0


class Monotonic:
    """A monotonic clock that stands until told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def let_lease_pass(self) -> None:
        self.now += LEASE_S


class Pair:
    """Processes on one fake database, most often two; with a seed one write in ten is lost, unanswered or doubled."""

    def __init__(self, *, seed: int | None = None, documents: type[FakeDocuments] = FakeDocuments) -> None:
        self.server, self.clock, self.monotonic, self.new_id = Server(), Clock(), Monotonic(), Numbers()
        self._random = None if seed is None else Random(seed)
        self._documents = documents
        self.first, self.second, self.third = self.process(), self.process(), self.process()

    def process(self) -> DocumentStore:
        """One more process."""
        return DocumentStore(
            self._documents(self.server, fates=self._fate, random=self._random),
            clock=self.clock,
            monotonic=self.monotonic,
            new_id=self.new_id,
            lease_s=LEASE_S,
        )

    @property
    def one(self) -> DocumentTenant:
        return self.first.for_tenant(TENANT)

    @property
    def two(self) -> DocumentTenant:
        return self.second.for_tenant(TENANT)

    def _fate(self) -> Fate:
        if self._random is None or self._random.random() > 0.1:
            return Fate.APPLY
        return self._random.choice((Fate.LOSE_BEFORE, Fate.LOSE_AFTER, Fate.TWICE))


async def mongo_rig(address: str) -> AsyncIterator[Rig]:
    """Two processes on one real database."""
    clock, monotonic, new_id = Clock(), Monotonic(), Numbers()
    databases = [mongo_documents(address) for _ in range(2)]
    first, second = (
        DocumentStore(documents, clock=clock, monotonic=monotonic, new_id=new_id, lease_s=LEASE_S)
        for documents in databases
    )
    yield Rig(store=first, rival=second, clock=clock, let_lease_pass=monotonic.let_lease_pass)
    for documents in databases:
        await documents.stop()


def document_rig(*, seed: int | None = None, documents: type[FakeDocuments] = FakeDocuments) -> Rig:
    """A pair for the contract."""
    pair = Pair(seed=seed, documents=documents)
    return Rig(store=pair.first, rival=pair.second, clock=pair.clock, let_lease_pass=pair.monotonic.let_lease_pass)
