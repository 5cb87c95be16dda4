"""Part of the RemoteSourceContract: words that a vendor may not have, and bad days of its service."""

from __future__ import annotations

import traceback

import pytest

from core.errors import DocumentRejected, FrontdeskError, SourceUnavailable
from core.ports.knowledge import Document, Source, SourceProblem
from gateway.lab.sources.weather import Trouble
from tests.contracts.remote_place import Nights, RemotePlace
from tests.contracts.source_contract import Place, SourceContract, documents, loaded, only, skipped

LONGEST_PATIENCE_S = 1_500.0
"""What a source waits at most, in all, before it gives up a listing."""


def failure(source: Source) -> FrontdeskError:
    """What listing and loading everything fails with."""
    with pytest.raises((SourceUnavailable, DocumentRejected)) as caught:
        for item in source.listing().items:
            item.load()
    return caught.value


def messages(error: BaseException) -> str:
    """All that an error could show, with its causes."""
    return "".join(traceback.format_exception(error)) + getattr(error, "safe_message", "")


def remote(place: Place) -> RemotePlace:
    """The place of a remote source; scenarios of the SourceContract that are asked otherwise here know only a Place."""
    assert isinstance(place, RemotePlace)
    return place


def told(place: Place, field: str) -> bool:
    """Whether the vendor can say this of an item."""
    return field not in remote(place).lacks


class _Vocabulary(SourceContract):
    """Scenarios of the SourceContract that ask for words the vendor may not have."""

    @pytest.mark.parametrize("field", ["title", "text", "url", "audience", "category", "language", "updated"])
    def test_whatever_a_reader_sees_changes_the_hash(self, place: Place, field: str) -> None:
        if told(place, field):
            super().test_whatever_a_reader_sees_changes_the_hash(place, field)
            return
        place.put("a", title="A", text="Text", **{field: "2026-01-01" if field == "updated" else "de"})
        first = only(documents(place.source()))
        assert first == only(documents(place.source()))

    def test_an_audience_is_kept(self, place: Place) -> None:
        if told(place, "audience"):
            super().test_an_audience_is_kept(place)
            return
        place.put("a", title="A", text="Text", audience="staff")
        assert only(documents(place.source())).audience == remote(place).settings().get("audience", "public")

    def test_updated_at_is_aware(self, place: Place) -> None:
        if told(place, "updated"):
            super().test_updated_at_is_aware(place)
            return
        place.put("a", title="A", text="Text", updated="2026-03-31")
        assert only(documents(place.source())).updated_at is None

    def test_without_a_date_nothing_is_invented(self, place: Place) -> None:
        if told(place, "undated"):
            super().test_without_a_date_nothing_is_invented(place)
            return
        place.put("a", title="A", text="Text")
        updated = only(documents(place.source())).updated_at
        assert updated is not None and updated.utcoffset() is not None

    @pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https://a b"])
    def test_an_address_a_browser_must_not_open_is_left_out(self, place: Place, url: str) -> None:
        if told(place, "url"):
            super().test_an_address_a_browser_must_not_open_is_left_out(place, url)
            return
        place.put("a", title="A", text="Text", url=url)
        shown = only(documents(place.source())).url
        assert shown != url
        assert (shown is None) != told(place, "own url") and (shown or "https://").startswith(("https://", "http://"))

    def test_a_broken_document_is_reported_in_plain_words(self, place: Place) -> None:
        place.put_broken("bad")
        found, problems = loaded(place.source())
        if not told(place, "broken"):
            assert problems == []
            return
        assert found == [] and len(skipped(problems)) == 1
        assert problems[0].problem and "Traceback" not in problems[0].problem
        assert remote(place).ref("bad") in problems[0].external_id

    def test_a_broken_document_does_not_stop_the_others(self, place: Place) -> None:
        place.put("a", title="A", text="Text of a")
        place.put_broken("bad")
        place.put("z", title="Z", text="Text of z")
        found, problems = loaded(place.source())
        assert {"A", "Z"} <= {document.title for document in found}
        assert len(skipped(problems)) == told(place, "broken")

    def test_an_item_that_vanished_is_a_rejected_document(self, place: Place) -> None:
        if told(place, "fetch"):
            super().test_an_item_that_vanished_is_a_rejected_document(place)
            return
        place.put("a", title="A", text="Text")
        items = list(place.source().listing().items)
        place.vanish("a")
        assert [document.title for item in items for document in item.load().documents] == ["A"]


class Weathers(_Vocabulary):
    """Bad days: what is waited for, what is tried again, and what is said in the end."""

    def test_it_waits_as_long_as_it_is_told(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text")
        place.weather.add(Trouble.THROTTLED, retry_after_s=7)
        assert only(documents(place.source())).title == "A"
        assert any(7 <= slept < 8 for slept in place.slept)

    def test_it_does_not_wait_for_ever(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text")
        place.weather.add(Trouble.THROTTLED, times=1_000, retry_after_s=30)
        assert isinstance(failure(place.source()), SourceUnavailable)
        assert sum(place.slept) <= LONGEST_PATIENCE_S

    def test_it_does_not_wait_until_tomorrow(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text")
        place.weather.add(Trouble.THROTTLED, times=1_000, retry_after_s=86_400)
        assert isinstance(failure(place.source()), SourceUnavailable)
        assert sum(place.slept) <= LONGEST_PATIENCE_S

    @pytest.mark.parametrize("trouble", [Trouble.FAILED, Trouble.LOST])
    def test_a_short_failure_is_not_noticed(self, place: RemotePlace, trouble: Trouble) -> None:
        place.put("a", title="A", text="Text")
        place.weather.add(trouble)
        assert only(documents(place.source())).title == "A"

    @pytest.mark.parametrize("trouble", [Trouble.FAILED, Trouble.LOST])
    def test_a_long_failure_is_said(self, place: RemotePlace, trouble: Trouble) -> None:
        place.put("a", title="A", text="Text")
        place.weather.add(trouble, times=1_000)
        assert isinstance(failure(place.source()), SourceUnavailable)
        assert sum(place.slept) <= LONGEST_PATIENCE_S

    def test_a_source_recovers(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text")
        source = place.source()
        place.weather.add(Trouble.FAILED, times=1_000)
        failure(source)
        place.mend()
        assert only(documents(source)).title == "A"

    def test_an_outage_while_items_are_loaded_is_said(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text")
        source = place.source()
        items = list(source.listing().items)
        place.lock()
        if not told(place, "fetch"):
            assert [document.title for item in items for document in item.load().documents] == ["A"]
            return
        for item in items:
            with pytest.raises((DocumentRejected, SourceUnavailable)) as caught:
                item.load()
            assert caught.value.safe_message

    def test_one_item_that_always_fails_does_not_stop_the_others(self, place: RemotePlace) -> None:
        for name in ("a", "b", "c"):
            place.put(name, title=name.upper(), text=f"Text of {name}")
        night = Nights(place.source()).pass_by()
        if told(place, "fetch"):
            place.put("b", title="B", text="Another text of b")
            place.fail_item("b")
            night.pass_by()
            assert len(night.problems) == 1 and "500" in night.problems[0]
        assert night.titles() == ["A", "B", "C"]

    def test_what_failed_is_read_when_it_can_be_read_again(self, place: RemotePlace) -> None:
        for name in ("a", "b"):
            place.put(name, title=name.upper(), text=f"Text of {name}")
        night = Nights(place.source()).pass_by()
        place.put("b", title="B", text="News of b")
        if told(place, "fetch"):
            place.fail_item("b")
            night.pass_by()
            place.mend()
        bodies = {document.title: document.body for document in night.pass_by().documents.values()}
        assert bodies == {"A": "Text of a", "B": "News of b"} and night.problems == []

    def test_a_page_for_people_is_not_taken_for_data(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text")
        if not told(place, "json"):
            place.weather.add(Trouble.HTML, times=1_000)
            found, _ = self._all_or_nothing(place.source())
            assert all("sign in" not in document.body.lower() for document in found)
            return
        place.weather.add(Trouble.HTML, times=1_000)
        error = failure(place.source())
        assert isinstance(error, SourceUnavailable) and "HTML" in error.safe_message

    def test_half_an_answer_is_not_taken_for_a_whole_one(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text")
        if not told(place, "garbage"):
            place.weather.add(Trouble.LOST, times=1_000)
        else:
            place.weather.add(Trouble.GARBAGE, times=1_000)
        assert failure(place.source()).safe_message

    def test_locked_out_is_said_with_what_to_do(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text")
        place.weather.add(Trouble.LOCKED_OUT, times=1_000)
        error = failure(place.source())
        assert isinstance(error, SourceUnavailable) and "401" in error.safe_message
        assert "credentials" in error.safe_message

    def test_a_redirect_into_the_house_is_not_followed(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text")
        place.set_trap()
        assert isinstance(failure(place.source()), SourceUnavailable)
        assert place.trap.calls == 0

    def test_it_says_who_it_is(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text")
        documents(place.source())
        assert place.weather.agents and all("Frontdesk" in agent for agent in place.weather.agents)

    @staticmethod
    def _all_or_nothing(source: Source) -> tuple[list[Document], list[SourceProblem]]:
        try:
            return loaded(source)
        except SourceUnavailable:
            return [], []
