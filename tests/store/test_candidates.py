"""Knowledge gap candidates in the knowledge store: once per id, newest first, and a file of an earlier version gains them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.candidates import Candidate, Source
from gateway.store.knowledge import SqliteKnowledgeStore

AT = datetime(2026, 4, 1, 12, tzinfo=UTC)


def candidate(name: str, *, tenant: str = "acme", age_s: int = 0, state: str = "open") -> Candidate:
    return Candidate(
        id=name,
        tenant=tenant,
        conv=f"c_{name}",
        episode=1,
        questions=(f"What is {name}?",),
        answers=("Größe 👍", "and more"),
        cited=(Source(document_id="d_1", external_id="sizes", title="Sizes"),),
        reason="asked",
        language="de",
        tags=("billing",),
        learned_at=AT - timedelta(seconds=age_s),
        state=state,
    )


def made(folder: Path) -> SqliteKnowledgeStore:
    store = SqliteKnowledgeStore(folder / "k.sqlite3")
    store.start()
    return store


def test_a_candidate_comes_back_as_it_was_and_the_first_stands(tmp_path: Path) -> None:
    store = made(tmp_path)
    one = candidate("a")
    assert store.put_candidate(one) and not store.put_candidate(replace(one, answers=("other",)))
    assert store.candidates("acme") == (one,)
    assert store.has_candidate("acme", "a") and not store.has_candidate("acme", "b")


def test_newest_first_by_state_and_tenant(tmp_path: Path) -> None:
    store = made(tmp_path)
    for one in (
        candidate("old", age_s=60),
        candidate("new"),
        candidate("done", state="written"),
        candidate("x", tenant="b"),
    ):
        store.put_candidate(one)
    assert [one.id for one in store.candidates("acme")] == ["new", "old"]
    assert [one.id for one in store.candidates("acme", limit=1)] == ["new"]
    assert [one.id for one in store.candidates("acme", state="written")] == ["done"]
    assert not store.has_candidate("b", "new")


def test_candidates_are_no_documents(tmp_path: Path) -> None:
    store = made(tmp_path)
    before = store.fingerprint("acme")
    store.put_candidate(candidate("a"))
    assert store.count("acme") == 0 and store.fingerprint("acme") == before and list(store.documents("acme")) == []
