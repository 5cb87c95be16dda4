"""KnowledgeStoreContract: what every knowledge store promises; a store's tests subclass it and give a ``store``.

The same scenarios run against deliberately broken stores, where each breakage must be found.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.errors import StoreError
from core.ports.knowledge import SourceProblem
from core.ports.knowledge_store import Entry
from gateway.store.knowledge_runs import KEPT_PROBLEMS, KEPT_RUNS
from tests.contracts.knowledge_words import AT, HOUR, RUN, WholeStore, candidate, document, generation, put

RACERS = 8


class DocumentsContract:
    """Documents and what is remembered of the items they came from."""

    def test_documents_come_back_as_they_were(self, store: WholeStore) -> None:
        made = document("a|b", body="Größe 👍 " * 1000, origin="file.jsonl")
        put(store, made)
        assert store.document("acme", made.id) == made
        assert list(store.documents("acme")) == [made]
        assert store.entries("acme", "help") == {"a|b": Entry(made.hash, "file.jsonl", "public")}

    def test_putting_again_replaces(self, store: WholeStore) -> None:
        put(store, document("a"), document("a", body="New"))
        assert [d.body for d in store.documents("acme")] == ["New"] and store.count("acme") == 1

    def test_putting_and_removing_at_once(self, store: WholeStore) -> None:
        put(store, document("a"), document("b"))
        store.apply("acme", "help", put=[document("c")], remove=["a", "unknown"])
        assert [d.external_id for d in store.documents("acme")] == ["b", "c"]

    def test_documents_come_in_order_of_source_and_id(self, store: WholeStore) -> None:
        put(store, document("b", source="z"), document("a", source="z"), document("Z", source="z"))
        put(store, document("ä", source="z"), document("c", source="a"))
        wanted = [("a", "c"), ("z", "Z"), ("z", "a"), ("z", "b"), ("z", "ä")]
        assert [(d.source, d.external_id) for d in store.documents("acme")] == wanted

    def test_documents_by_name_come_in_the_order_that_was_asked_for(self, store: WholeStore) -> None:
        one, two = document("a"), document("b")
        put(store, one, two, document("c"), document("a", source="news"), document("b", tenant="other"))
        assert list(store.documents_named("acme", "help", iter(["b", "gone", "a"]))) == [two, one]
        assert list(store.documents_named("acme", "nobody", ["a"])) == []
        assert list(store.documents_named("acme", "help", [])) == []

    def test_many_documents_are_streamed_whole(self, store: WholeStore) -> None:
        names = [f"n{number:03}" for number in range(220)]
        store.apply("acme", "help", put=[document(name) for name in names], remove=[])
        assert [d.external_id for d in store.documents("acme")] == names
        assert [d.external_id for d in store.documents_named("acme", "help", reversed(names))] == names[::-1]
        assert store.count("acme") == 220
        store.apply("acme", "help", put=[], remove=names[1:])
        assert [d.external_id for d in store.documents("acme")] == names[:1]

    def test_tenants_and_sources_do_not_meet(self, store: WholeStore) -> None:
        put(store, document("a"), document("a", source="news"), document("a", tenant="other"))
        assert store.sources("acme") == ("help", "news") and store.sources("other") == ("help",)
        assert store.document("other", "d_acme_help_a") is None
        store.apply("acme", "news", put=[], remove=["a"])
        counts = store.count("acme"), store.count("acme", "help"), store.count("acme", "news"), store.count("other")
        assert counts == (1, 1, 0, 1)

    def test_the_fingerprint_is_that_of_the_documents(self, store: WholeStore) -> None:
        empty = store.fingerprint("acme")
        put(store, document("a"), document("b"))
        both = store.fingerprint("acme")
        put(store, document("a", body="New"))
        changed = store.fingerprint("acme")
        store.apply("acme", "help", put=[document("a")], remove=[])
        assert store.fingerprint("acme") == both and len({empty, both, changed}) == 3
        put(store, document("a", tenant="other"))
        assert store.fingerprint("acme") == both

    def test_the_fingerprint_is_the_same_in_every_store(self, store: WholeStore) -> None:
        put(store, document("b"), document("ä", body="Größe"), document("a", source="news"))
        assert store.fingerprint("acme") == "2601425568bc22fca593e8a9e85fedd8"

    def test_versions_are_kept_with_the_documents(self, store: WholeStore) -> None:
        store.apply("acme", "help", put=[document("a")], remove=[], versions={"a": "1", "b": "x"})
        store.apply("acme", "news", put=[], remove=[], versions={"a": "other"})
        assert store.versions("acme", "help") == {"a": "1", "b": "x"}
        store.apply("acme", "help", put=[], remove=["a"], versions={"a": "2", "b": ""})
        assert store.versions("acme", "help") == {"a": "2"} and store.versions("other", "help") == {}
        store.forget_versions("acme", "help")
        assert store.versions("acme", "help") == {} and store.versions("acme", "news") == {"a": "other"}

    def test_an_item_is_stale_until_it_is_read(self, store: WholeStore) -> None:
        store.apply("acme", "help", put=[], remove=[], versions={"a": "1"}, stale={"b": AT})
        store.apply("acme", "help", put=[], remove=[], stale={"a": AT + HOUR, "b": AT + HOUR})
        assert store.stale("acme", "help") == {"a": AT + HOUR, "b": AT}
        assert store.versions("acme", "help") == {"a": "1"}
        store.apply("acme", "help", put=[], remove=[], versions={"a": "2", "b": ""})
        assert store.stale("acme", "help") == {} and store.versions("acme", "help") == {"a": "2"}

    def test_the_audience_of_what_is_stored_is_known(self, store: WholeStore) -> None:
        store.apply("acme", "help", put=[replace(document("a"), audience="staff")], remove=[])
        assert store.entries("acme", "help")["a"].audience == "staff" and store.entries("acme", "news") == {}

    def test_threads_share_a_store(self, store: WholeStore) -> None:
        def write(number: int) -> None:
            for each in range(5):
                put(store, document(f"t{number}-{each}"))
                assert store.live("acme") is None

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(write, range(6)))
        assert store.count("acme") == 30


class GenerationsContract:
    """Generations, and which of them is live."""

    def test_one_generation_is_live(self, store: WholeStore) -> None:
        for name, age_s in (("g1", 20), ("g2", 10)):
            store.new_generation(generation(name, age_s=age_s))
            assert store.live("acme") is None or name == "g2"
            store.set_live("acme", name, documents=3, chunks=7, at=AT)
        live = store.live("acme")
        assert live is not None and (live.id, live.documents, live.chunks, live.live_at) == ("g2", 3, 7, AT)
        assert [(g.id, g.state) for g in store.generations("acme")] == [("g2", "live"), ("g1", "retired")]
        store.set_live("acme", "g1", documents=3, chunks=7, at=AT)
        assert [(g.id, g.state) for g in store.generations("acme")] == [("g2", "retired"), ("g1", "live")]

    def test_going_live_again_changes_nothing_else(self, store: WholeStore) -> None:
        store.new_generation(generation("g1"))
        for chunks in (1, 2):
            store.set_live("acme", "g1", documents=1, chunks=chunks, at=AT)
        assert [(g.id, g.state, g.chunks) for g in store.generations("acme")] == [("g1", "live", 2)]

    def test_many_releases(self, store: WholeStore) -> None:
        for number in range(25):
            name, former = f"g{number:02}", f"g{number - 3:02}"
            store.new_generation(replace(generation(name), created_at=AT + number * HOUR))
            store.set_live("acme", name, documents=1, chunks=1, at=AT + number * HOUR)
            store.forget_generation("acme", former)
        kept = [(g.id, g.state) for g in store.generations("acme")]
        assert kept == [("g24", "live"), ("g23", "retired"), ("g22", "retired")]

    def test_an_unknown_generation_never_goes_live(self, store: WholeStore) -> None:
        store.new_generation(generation("g1"))
        store.set_live("acme", "g1", documents=1, chunks=1, at=AT)
        store.new_generation(generation("g2", tenant="other"))
        with pytest.raises(StoreError, match="g2"):
            store.set_live("acme", "g2", documents=1, chunks=1, at=AT)
        live = store.live("acme")
        assert live is not None and live.id == "g1" and store.live("other") is None

    def test_failed_and_forgotten_generations(self, store: WholeStore) -> None:
        store.new_generation(generation("g1"))
        store.set_failed("acme", "g1")
        assert [g.state for g in store.generations("acme")] == ["failed"]
        store.forget_generation("acme", "g1")
        assert store.generations("acme") == ()
        store.new_generation(generation("g1"))
        assert [g.state for g in store.generations("acme")] == ["building"]

    def test_refused_withdrawn_and_lessened_generations(self, store: WholeStore) -> None:
        for name, age_s in (("g1", 30), ("g2", 20), ("g3", 10)):
            store.new_generation(generation(name, age_s=age_s))
        store.set_live("acme", "g1", documents=1, chunks=1, at=AT)
        store.set_live("acme", "g2", documents=1, chunks=1, at=AT, former="withdrawn")
        store.set_refused("acme", "g3", documents=5, chunks=9)
        for _ in range(2):
            store.set_hidden("acme", "g2")
        three, two, one = store.generations("acme")
        assert (three.state, three.documents, three.chunks) == ("refused", 5, 9) and one.state == "withdrawn"
        assert two.state == "live" and two.signature == "s/less" and one.signature == "s"

    def test_a_refused_generation_goes_live_when_somebody_says_so(self, store: WholeStore) -> None:
        store.new_generation(generation("g1"))
        store.set_refused("acme", "g1", documents=5, chunks=9)
        store.set_live("acme", "g1", documents=5, chunks=9, at=AT)
        assert [(g.state, g.documents) for g in store.generations("acme")] == [("live", 5)]


class RunsContract:
    """Runs of sources, and who may run what is due."""

    def test_runs(self, store: WholeStore) -> None:
        problems = (SourceProblem(external_id="a", problem="x"),)
        done = replace(RUN, finished_at=AT, outcome="partial", problems=problems, fresh_at=AT)
        store.save_run(RUN)
        store.save_run(done)
        store.save_run(replace(RUN, source="news"))
        store.save_run(replace(RUN, tenant="other"))
        assert store.runs("acme") == (done, replace(RUN, source="news"))
        store.forget_run("acme", "news")
        assert store.runs("acme") == (done,) and len(store.runs("other")) == 1

    def test_the_last_runs_are_kept_newest_first(self, store: WholeStore) -> None:
        problems = tuple(SourceProblem(external_id=str(number), problem="x") for number in range(KEPT_PROBLEMS + 5))
        runs = [replace(RUN, started_at=AT + number * HOUR, added=number) for number in range(KEPT_RUNS + 3)]
        for run in runs:
            store.save_run(run)
        store.save_run(replace(RUN, source="news"))
        done = replace(
            runs[-1], finished_at=AT, outcome="partial", problems=problems, cursor="c", held=3, stale=1, basis="b"
        )
        store.save_run(done)
        history = store.history("acme", "help")
        assert [run.added for run in history] == list(range(KEPT_RUNS + 2, 2, -1))
        assert history[0] == replace(done, problems=problems[:KEPT_PROBLEMS])
        assert store.runs("acme")[0] == done and store.history("other", "help") == ()

    def test_a_forgotten_source_leaves_its_documents_only(self, store: WholeStore) -> None:
        for source in ("help", "news"):
            one = document("a", source=source)
            store.apply("acme", source, put=[one], remove=[], versions={"a": "1"}, stale={"b": AT})
            store.save_run(replace(RUN, source=source))
            store.claim_run("acme", source, AT, by="one")
        store.forget_run("acme", "help")
        left = [(store.versions("acme", s), store.stale("acme", s), store.history("acme", s)) for s in ("help", "news")]
        assert left[0] == ({}, {}, ()) and all(left[1]) and store.last_due("acme", "help") is None
        assert store.count("acme") == 2 and [run.source for run in store.runs("acme")] == ["news"]

    def test_a_due_run_is_claimed_once(self, store: WholeStore) -> None:
        assert store.last_due("acme", "help") is None
        assert store.claim_run("acme", "help", AT, by="one") and not store.claim_run("acme", "help", AT, by="two")
        assert store.claim_run("acme", "news", AT, by="two") and store.claim_run("other", "help", AT, by="two")
        assert store.claim_run("acme", "help", AT + HOUR, by="two")
        assert not store.claim_run("acme", "help", AT, by="three")
        assert store.last_due("acme", "help") == AT + HOUR and store.last_due("acme", "news") == AT

    def test_of_many_that_claim_a_run_one_gets_it(self, store: WholeStore) -> None:
        ready = threading.Barrier(RACERS)

        def claim(racer: int) -> list[int]:
            ready.wait(20)
            return [n for n in range(6) if store.claim_run("acme", "help", AT + n * HOUR, by=str(racer))]

        with ThreadPoolExecutor(RACERS) as pool:
            claimed = [number for each in pool.map(claim, range(RACERS)) for number in each]
        assert len(claimed) == len(set(claimed)) and 5 in claimed


class CandidatesContract:
    """What agents answered."""

    def test_a_candidate_comes_back_as_it_was_and_the_first_stands(self, store: WholeStore) -> None:
        one = candidate("a")
        assert store.put_candidate(one) and not store.put_candidate(replace(one, answers=("other",)))
        assert store.candidates("acme") == (one,)
        assert store.has_candidate("acme", "a") and not store.has_candidate("acme", "b")

    def test_candidates_come_newest_first_by_state_and_tenant(self, store: WholeStore) -> None:
        made = (candidate("old", age_s=60), candidate("new"), candidate("done", state="written"))
        for one in (*made, candidate("x", tenant="b")):
            store.put_candidate(one)
        assert [one.id for one in store.candidates("acme")] == ["new", "old"]
        assert [one.id for one in store.candidates("acme", limit=1)] == ["new"]
        assert [one.id for one in store.candidates("acme", state="written")] == ["done"]
        assert not store.has_candidate("b", "new")

    def test_candidates_are_no_documents(self, store: WholeStore) -> None:
        before = store.fingerprint("acme")
        store.put_candidate(candidate("a"))
        assert store.count("acme") == 0 and store.fingerprint("acme") == before and list(store.documents("acme")) == []


class KnowledgeStoreContract(DocumentsContract, GenerationsContract, RunsContract, CandidatesContract):
    """All scenarios."""


def scenarios() -> dict[str, Callable[[WholeStore], None]]:
    """By name."""
    contract = KnowledgeStoreContract()
    return {name: getattr(contract, name) for name in dir(contract) if name.startswith("test_")}
