"""The KnowledgeStoreContract on every store, and on careless ones, which it must find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from core.candidates import Candidate
from core.ports.knowledge import Document, SourceRun
from core.ports.knowledge_store import EMPTY
from gateway.store.knowledge import SqliteKnowledgeStore
from gateway.store.mongodb.blocking import connected
from gateway.store.mongodb.knowledge import MongoKnowledgeStore
from tests.contracts.knowledge_store_contract import KnowledgeStoreContract, scenarios


class TestSqlite(KnowledgeStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> SqliteKnowledgeStore:
        return started(SqliteKnowledgeStore, tmp_path)


class TestMongo(KnowledgeStoreContract):
    @pytest.fixture
    def store(self, mongodb: str) -> Iterator[MongoKnowledgeStore]:
        made = MongoKnowledgeStore(connected(mongodb))
        made.start()
        yield made
        made.close()


def started(make: type[SqliteKnowledgeStore], folder: Path) -> SqliteKnowledgeStore:
    made = make(folder / "deep" / "knowledge.sqlite3")
    made.start()
    return made


class ForgetsOthers(SqliteKnowledgeStore):
    """Its documents are one batch's."""

    def apply(
        self,
        tenant: str,
        source: str,
        *,
        put: Sequence[Document],
        remove: Sequence[str],
        versions: Mapping[str, str] = EMPTY,
        stale: Mapping[str, datetime] = EMPTY,
    ) -> None:
        names = {each.external_id for each in put}
        gone = [*remove, *(name for name in self.entries(tenant, source) if put and name not in names)]
        super().apply(tenant, source, put=put, remove=gone, versions=versions, stale=stale)


class KeepsVersions(SqliteKnowledgeStore):
    """An empty version forgets nothing."""

    def apply(
        self,
        tenant: str,
        source: str,
        *,
        put: Sequence[Document],
        remove: Sequence[str],
        versions: Mapping[str, str] = EMPTY,
        stale: Mapping[str, datetime] = EMPTY,
    ) -> None:
        known = {item: version for item, version in versions.items() if version}
        super().apply(tenant, source, put=put, remove=remove, versions=known, stale=stale)


class NamesInItsOwnOrder(SqliteKnowledgeStore):
    """Documents by name come as they are stored."""

    def documents_named(self, tenant: str, source: str, names: Iterable[str]) -> Iterator[Document]:
        return super().documents_named(tenant, source, sorted(names))


class CutsLists(SqliteKnowledgeStore):
    """Gives the first page of documents."""

    def documents(self, tenant: str) -> Iterator[Document]:
        return (each for _, each in zip(range(200), super().documents(tenant), strict=False))


class RetiresAll(SqliteKnowledgeStore):
    """Whoever was live is retired, whatever was said."""

    def set_live(
        self,
        tenant: str,
        generation: str,
        *,
        documents: int,
        chunks: int,
        at: datetime,
        former: str = "retired",
        fence: int | None = None,
    ) -> None:
        super().set_live(tenant, generation, documents=documents, chunks=chunks, at=at)


class NeverRefuses(SqliteKnowledgeStore):
    """A refused release is as one that is being built."""

    def set_refused(self, tenant: str, generation: str, *, documents: int, chunks: int) -> None:
        pass


class ClaimsForAll(SqliteKnowledgeStore):
    """Whoever asks first after somebody else gets it too."""

    def claim_run(self, tenant: str, source: str, due_at: datetime, *, by: str) -> bool:
        return super().claim_run(tenant, source, due_at, by=by) or by != "three"


class KeepsEveryRun(SqliteKnowledgeStore):
    """A source's runs in the order they came."""

    def history(self, tenant: str, source: str) -> tuple[SourceRun, ...]:
        return super().history(tenant, source)[::-1]


class ForgetsDocumentsToo(SqliteKnowledgeStore):
    """A source that is no longer configured leaves nothing."""

    def forget_run(self, tenant: str, source: str) -> None:
        super().forget_run(tenant, source)
        self.apply(tenant, source, put=[], remove=list(self.entries(tenant, source)))


class ListsOldestFirst(SqliteKnowledgeStore):
    """Candidates in the order they were learned."""

    def candidates(self, tenant: str, *, state: str = "open", limit: int = 200) -> tuple[Candidate, ...]:
        return super().candidates(tenant, state=state, limit=limit)[::-1]


BREAKAGES = (
    (ForgetsOthers, "test_documents_come_in_order_of_source_and_id"),
    (KeepsVersions, "test_versions_are_kept_with_the_documents"),
    (NamesInItsOwnOrder, "test_documents_by_name_come_in_the_order_that_was_asked_for"),
    (CutsLists, "test_many_documents_are_streamed_whole"),
    (RetiresAll, "test_refused_withdrawn_and_lessened_generations"),
    (NeverRefuses, "test_refused_withdrawn_and_lessened_generations"),
    (ClaimsForAll, "test_a_due_run_is_claimed_once"),
    (KeepsEveryRun, "test_the_last_runs_are_kept_newest_first"),
    (ForgetsDocumentsToo, "test_a_forgotten_source_leaves_its_documents_only"),
    (ListsOldestFirst, "test_candidates_come_newest_first_by_state_and_tenant"),
)


@pytest.mark.parametrize(("broken", "found_by"), BREAKAGES, ids=lambda each: getattr(each, "__name__", None))
def test_the_contract_finds_a_careless_store(tmp_path: Path, broken: type[SqliteKnowledgeStore], found_by: str) -> None:
    with pytest.raises(AssertionError):
        scenarios()[found_by](started(broken, tmp_path))


def test_the_contract_is_not_shrinking() -> None:
    assert len(scenarios()) >= 28
