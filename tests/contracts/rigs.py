"""The document ledger on the fake database, ready for the StoreContract."""

from __future__ import annotations

from random import Random

from gateway.store.ledger import DocumentStore
from tests.contracts.fake_documents import FakeDocuments, Fate, Server
from tests.contracts.words import Clock, Numbers, Rig

LEASE_S = 15.0


class Monotonic:
    """A monotonic clock that stands until told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def let_lease_pass(self) -> None:
        self.now += LEASE_S


def document_rig(*, seed: int | None = None, documents: type[FakeDocuments] = FakeDocuments) -> Rig:
    """Two processes on one fake database; with a seed one write in ten is lost, unanswered or doubled."""
    server, clock, monotonic, new_id = Server(), Clock(), Monotonic(), Numbers()
    random = None if seed is None else Random(seed)

    def fate() -> Fate:
        if random is None or random.random() > 0.1:
            return Fate.APPLY
        return random.choice((Fate.LOSE_BEFORE, Fate.LOSE_AFTER, Fate.TWICE))

    stores = [
        DocumentStore(
            documents(server, fates=fate, random=random),
            clock=clock,
            monotonic=monotonic,
            new_id=new_id,
            lease_s=LEASE_S,
        )
        for _ in range(2)
    ]
    return Rig(store=stores[0], rival=stores[1], clock=clock, let_lease_pass=monotonic.let_lease_pass)
