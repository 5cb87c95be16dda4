"""One source into the store: what is loaded, what is kept, what is held back, and where the next run goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import DocumentRejected
from core.ids import document_id
from core.ports.knowledge import Listing, SourceDocument, SourceRun
from kb_sync.job import Rules, SyncJob
from kb_sync.pipeline import sync, withdraw
from tests.kb_sync.feed import BROKEN, NOBODY_KNOWN, Feed
from tests.kb_sync.test_pipeline import found
from tests.kb_sync.world import folders, job


@pytest.fixture
def feed() -> Feed:
    made = Feed()
    made.put("a", "b", "c", "d")
    return made


def run(made: SyncJob, **wishes: bool) -> SourceRun:
    return sync(made, **wishes).runs[0]  # type: ignore[arg-type]


def texts(made: SyncJob) -> dict[str, str]:
    return {document.external_id: document.body for document in made.store.documents("acme")}


def test_what_the_listing_says_is_unchanged_is_not_loaded(tmp_path: Path, feed: Feed) -> None:
    run(job(tmp_path, feed))
    assert feed.taken() == ["a", "b", "c", "d"]
    feed.put("b", text="New.")
    made = job(tmp_path, feed)
    done = run(made)
    assert feed.taken() == ["b"] and texts(made)["b"] == "New."
    assert (done.seen, done.changed, done.unchanged, done.outcome) == (4, 1, 3, "ok")


def test_a_source_that_can_ask_is_given_the_known_version(tmp_path: Path, feed: Feed) -> None:
    feed.tells_versions = False
    run(job(tmp_path, feed))
    feed.put("b", text="New.", version="etag-2")
    feed.loaded.clear()
    done = run(job(tmp_path, feed))
    assert sorted(feed.loaded) == [("a", "v1"), ("b", "v2"), ("c", "v3"), ("d", "v4")]
    assert (done.changed, done.unchanged) == (1, 3)
    assert job(tmp_path).store.versions("acme", "help")["b"] == "etag-2"


def test_a_deleted_item_goes_and_is_forgotten(tmp_path: Path, feed: Feed) -> None:
    run(job(tmp_path, feed))
    feed.remove("d")
    made = job(tmp_path, feed)
    assert run(made).removed == 1 and set(texts(made)) == set("abc") == set(made.store.versions("acme", "help"))
    feed.put("d", version="v4")
    assert run(job(tmp_path, feed)).added == 1


def test_a_listing_since_a_cursor_leaves_the_rest_as_it_was(tmp_path: Path, feed: Feed) -> None:
    feed.is_incremental = True
    run(job(tmp_path, feed))
    feed.put("b", text="New.")
    feed.remove("c")
    made = job(tmp_path, feed)
    done = run(made)
    assert feed.cursors == ["", "4"] and feed.taken() == ["a", "b", "b", "c", "d"]
    assert texts(made) == {"a": "Text of a.", "b": "New.", "d": "Text of d."}
    assert (done.seen, done.changed, done.removed, done.unchanged, done.cursor) == (1, 1, 1, 2, "6")


def test_a_source_that_goes_away_in_the_middle_is_read_on_from_there(tmp_path: Path, feed: Feed) -> None:
    feed.is_incremental, feed.fails_after = True, 2
    made = job(tmp_path, feed)
    done = run(made)
    assert (done.outcome, done.error, done.added, done.fresh_at, done.cursor) == ("failed", "it went away", 2, None, "")
    assert set(texts(made)) == {"a", "b"} and feed.taken() == ["a", "b"]
    feed.fails_after = None
    assert run(job(tmp_path, feed)).outcome == "ok"
    assert feed.taken() == ["c", "d"] and feed.cursors == ["", ""]


def test_a_source_that_goes_away_takes_nothing_with_it(tmp_path: Path, feed: Feed) -> None:
    run(job(tmp_path, feed))
    feed.fails_after = 1
    made = job(tmp_path, feed)
    assert run(made).outcome == "failed" and set(texts(made)) == set("abcd")


def test_a_source_that_goes_away_while_an_item_is_loaded_keeps_the_others(tmp_path: Path, feed: Feed) -> None:
    feed.load_fails = frozenset("c")
    made = job(tmp_path, feed)
    done = run(made)
    assert (
        done.outcome == "failed" and done.error == "it went away while it was read" and set(texts(made)) == {"a", "b"}
    )
    feed.load_fails = frozenset()
    feed.taken()
    run(job(tmp_path, feed))
    assert feed.taken() == ["c", "d"]


def test_a_listing_that_breaks_costs_its_own_source_only(tmp_path: Path, feed: Feed) -> None:
    class Odd(Feed):
        def _items(self, since: int) -> Iterator[SourceDocument]:
            raise KeyError("results")

    class Odder(Feed):
        def listing(self, cursor: str = "") -> Listing:
            raise ValueError(cursor)

    class Oddest(Feed):
        def listing(self, cursor: str = "") -> Listing:
            return replace(super().listing(cursor), cursor=lambda: str(1 // 0))

    class Wrong(Feed):
        def listing(self, cursor: str = "") -> Listing:
            raise DocumentRejected("it is no list")

    odd = [Odd(id="odd"), Odder(id="odder"), Oddest(id="oddest"), Wrong(id="wrong")]
    report = sync(job(tmp_path, *odd, feed))
    assert [one.outcome for one in report.runs] == ["failed"] * 4 + ["ok"]
    assert [one.error for one in report.runs[:4]] == [
        "it cannot be listed (KeyError)",
        "it cannot be listed (ValueError)",
        "it cannot be listed (ZeroDivisionError)",
        "it is no list",
    ]
    assert [one.closed for one in (*odd, feed)] == [1] * 5


def test_an_item_that_cannot_be_read_is_stale_until_it_can(tmp_path: Path, feed: Feed) -> None:
    run(job(tmp_path, feed))
    feed.put("b", text=BROKEN)
    made = job(tmp_path, feed)
    done = run(made)
    assert (done.outcome, done.skipped, done.stale, done.unchanged) == ("partial", 1, 1, 4)
    since = made.store.stale("acme", "help")
    assert set(since) == {"b"} and texts(made)["b"] == "Text of b."
    assert run(job(tmp_path, feed)).stale == 1 and made.store.stale("acme", "help") == since
    feed.put("b", text="Mended.")
    done = run(job(tmp_path, feed))
    assert (done.stale, done.outcome) == (0, "ok") and made.store.stale("acme", "help") == {}


def test_an_item_that_went_back_to_what_is_known_is_stale_no_more(tmp_path: Path, feed: Feed) -> None:
    run(job(tmp_path, feed))
    feed.put("b", text=BROKEN)
    run(job(tmp_path, feed))
    feed.put("b", version="v2")
    feed.taken()
    assert run(job(tmp_path, feed)).stale == 0 and feed.taken() == []


def test_an_item_that_fails_is_asked_for_once_more_before_the_cursor_moves(tmp_path: Path, feed: Feed) -> None:
    feed.is_incremental = True
    run(job(tmp_path, feed))
    feed.put("b", text=BROKEN)
    assert [run(job(tmp_path, feed)).cursor for _ in range(2)] == ["4", "5"]
    assert feed.cursors == ["", "4", "4"]


def test_doubts_are_told_again_while_the_item_is_as_it_was(tmp_path: Path, feed: Feed) -> None:
    feed.put("b", text="Really?")
    for _ in range(3):
        assert [(one.external_id, one.problem) for one in run(job(tmp_path, feed)).problems] == [("b", "doubtful")]
    feed.put("b", text="Really.")
    assert run(job(tmp_path, feed)).problems == ()


def test_an_empty_item_is_looked_at_again(tmp_path: Path, feed: Feed) -> None:
    feed.put("e", text="")
    run(job(tmp_path, feed))
    feed.taken()
    run(job(tmp_path, feed))
    assert feed.taken() == ["e"]


@pytest.mark.parametrize("settings", [{"help": "other"}, {}])
def test_other_settings_read_everything_anew(tmp_path: Path, feed: Feed, settings: dict[str, str]) -> None:
    feed.is_incremental = True
    run(replace(job(tmp_path, feed), settings={"help": "one"}))
    feed.taken()
    run(replace(job(tmp_path, feed), settings={"help": "one"}))
    assert feed.taken() == []
    run(replace(job(tmp_path, feed), settings=settings))
    assert feed.taken() == ["a", "b", "c", "d"] and feed.cursors == ["", "4", ""]


def test_full_reads_everything_anew(tmp_path: Path, feed: Feed) -> None:
    run(job(tmp_path, feed))
    feed.taken()
    assert run(job(tmp_path, feed), full=True).changed == 0 and feed.taken() == ["a", "b", "c", "d"]


def shop(count: int) -> Feed:
    made = Feed()
    made.put(*(f"n{number:02}" for number in range(count)))
    return made


@pytest.mark.parametrize(
    ("count", "gone", "is_held"),
    [(10, 2, False), (10, 3, True), (4, 2, False), (1, 1, True), (2, 2, True), (30, 6, False)],
)
def test_the_loss_of_a_large_part_waits(tmp_path: Path, count: int, gone: int, is_held: bool) -> None:
    feed = shop(count)
    first = run(job(tmp_path, feed))
    feed.remove(*sorted(feed.entries)[:gone])
    made = job(tmp_path, feed)
    report = sync(made)
    done = report.runs[0]
    assert (done.outcome == "refused", done.held, len(texts(made))) == (
        is_held,
        gone * is_held,
        count - gone * (not is_held),
    )
    assert report.is_refused is is_held and (report.generation is None) is is_held
    if is_held:
        assert done.error and done.error.startswith(f"{gone} of {count} documents are gone") and "--yes" in done.error
        assert done.fresh_at == first.fresh_at
        assert sync(job(tmp_path, feed), yes=True).runs[0].removed == gone


def test_what_may_not_be_read_any_more_goes_however_much_it_is(tmp_path: Path) -> None:
    feed = shop(10)
    run(job(tmp_path, feed))
    names = sorted(feed.entries)
    feed.put(*names[:8], audience=NOBODY_KNOWN)
    made = job(tmp_path, feed)
    done = run(made)
    assert (done.outcome, done.removed, done.held) == ("ok", 8, 0) and sorted(texts(made)) == names[8:]
    assert names[0] not in found(made, names[0]) and len(done.problems) == 8
    feed.put(names[0])
    assert run(job(tmp_path, feed)).added == 1


def test_what_may_not_be_read_any_more_goes_where_a_loss_is_held(tmp_path: Path) -> None:
    feed = shop(10)
    run(job(tmp_path, feed))
    names = sorted(feed.entries)
    feed.put(names[0], audience=NOBODY_KNOWN)
    feed.remove(*names[5:])
    made = job(tmp_path, feed)
    done = run(made)
    assert (done.outcome, done.removed, done.held) == ("refused", 1, 5)
    assert sorted(texts(made)) == names[1:] and names[0] not in found(made, names[0])


def test_a_policy_allows_any_loss(tmp_path: Path) -> None:
    feed = shop(10)
    run(job(tmp_path, feed))
    feed.remove(*list(feed.entries)[:9])
    assert run(replace(job(tmp_path, feed), rules=Rules(removed_at_most=1.0))).removed == 9


def test_a_held_loss_is_seen_again_whatever_the_source_remembers(tmp_path: Path) -> None:
    feed = shop(10)
    feed.is_incremental = True
    run(job(tmp_path, feed))
    feed.remove(*list(feed.entries)[:5])
    feed.put("new")
    made = job(tmp_path, feed)
    assert [run(made).outcome for _ in range(2)] == ["refused"] * 2 and feed.cursors == ["", "10", "10"]
    assert "new" in texts(made)
    assert run(job(tmp_path, feed), yes=True).removed == 5


def test_a_dry_run_stores_nothing(tmp_path: Path, feed: Feed) -> None:
    made = job(tmp_path, feed)
    first = sync(made)
    before = (texts(made), made.store.versions("acme", "help"), made.store.history("acme", "help"))
    feed.put("e", "b", text="New.")
    feed.remove("a", "d")
    done = run(job(tmp_path, feed), is_dry=True)
    assert (done.added, done.changed, done.removed, done.unchanged) == (1, 1, 2, 1)
    assert (texts(made), made.store.versions("acme", "help"), made.store.history("acme", "help")) == before
    live = made.store.live("acme")
    assert live is not None and live.id == first.generation and "a" in found(made, "text of a")
    assert run(job(tmp_path, feed)).added == 1


def test_what_others_may_read_now_is_answered_no_more_at_once(tmp_path: Path, feed: Feed) -> None:
    feed.put("a", text="The secret discount.")
    made = job(tmp_path, feed)
    sync(made)
    feed.put("a", text="The secret discount.", audience="staff")
    refusing = replace(job(tmp_path, feed), rules=Rules(documents_at_least=99))
    assert sync(refusing).is_refused
    assert "a" not in found(made, "secret discount")


def test_a_withdrawn_item_is_gone_at_once_and_may_come_back(tmp_path: Path, feed: Feed) -> None:
    made = job(tmp_path, feed)
    sync(made)
    assert withdraw(made, "help", ["b", "unknown"]) == 1
    assert "b" not in found(made, "text of b") and set(texts(made)) == {"a", "c", "d"}
    assert "b" not in made.store.versions("acme", "help")
    sync(job(tmp_path, feed))
    assert "b" in found(made, "text of b")


def test_a_killed_run_is_told_so(tmp_path: Path, feed: Feed) -> None:
    made = job(tmp_path, feed)
    first = run(made)
    made.store.save_run(replace(first, started_at=made.clock(), finished_at=None, outcome="running"))
    run(made)
    assert [(one.outcome, one.error) for one in made.store.history("acme", "help")] == [
        ("ok", None),
        ("failed", "the sync was killed"),
        ("ok", None),
    ]


def test_a_source_that_is_no_longer_configured_is_answered_from_no_more(tmp_path: Path, feed: Feed) -> None:
    made = job(tmp_path, feed)
    sync(made)
    sync(replace(job(tmp_path), rules=Rules(documents_at_least=1)))
    assert found(made, "text of b") == [] and made.store.history("acme", "help") == ()
    assert made.store.document("acme", document_id("acme", "help", "b")) is None and len(folders(made)) == 2


def test_loading_in_parallel_gives_the_same(tmp_path: Path) -> None:
    one, many = shop(30), shop(30)
    many.parallel = 8
    sync(job(tmp_path / "one", one))
    sync(job(tmp_path / "many", many))
    assert job(tmp_path / "one").store.fingerprint("acme") == job(tmp_path / "many").store.fingerprint("acme")
