"""SourceContract: what every knowledge source owes the sync, whatever it reads from.

A source's test gives a ``Place``: something its source reads, that the test can write to and break.  Each scenario gets a
fresh one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import pytest

from core import ids
from core.errors import DocumentRejected, SourceUnavailable
from core.ports.knowledge import Document, Loaded, Source, SourceProblem
from tests.kb_sync.world import NOW


class Place(Protocol):
    """Where a source's documents come from."""

    def source(self, *, id: str = "help", tenant: str = "acme") -> Source:
        """A source over this place, built anew as after a restart."""

    def put(self, name: str, *, title: str, text: str, **meta: str) -> None:
        """Add or replace a document; ``meta`` are url, category, audience, language, updated."""

    def put_broken(self, name: str) -> None:
        """Add something that looks like a document and cannot be read."""

    def remove(self, name: str) -> None:
        """Take a document away."""

    def vanish(self, name: str) -> None:
        """Take it away so that an item listed before can no longer be read."""

    def lock(self) -> None:
        """From now on the place cannot be listed."""

    def unlock(self) -> None:
        """It can again."""


def loaded(source: Source) -> tuple[list[Document], list[SourceProblem]]:
    """Everything a source has, and every problem."""
    documents: list[Document] = []
    problems: list[SourceProblem] = []
    for item in source.listing().items:
        try:
            part = item.load()
        except DocumentRejected as error:
            part = Loaded(
                documents=(), problems=(SourceProblem(external_id=item.external_id, problem=error.safe_message),)
            )
        documents += part.documents
        problems += part.problems
    return documents, problems


def documents(source: Source) -> list[Document]:
    """Everything a source has; no problem is expected."""
    found, problems = loaded(source)
    assert problems == []
    return found


def only(found: Iterable[Document]) -> Document:
    """The one document."""
    (document,) = found
    return document


def skipped(problems: Iterable[SourceProblem]) -> list[SourceProblem]:
    """Those that cost a document."""
    return [problem for problem in problems if problem.is_skipped]


class SourceContract:
    """Subclass with a fixture ``place``."""

    def test_an_empty_place_has_nothing(self, place: Place) -> None:
        assert documents(place.source()) == []

    def test_a_document_arrives_with_its_words(self, place: Place) -> None:
        place.put("returns", title="Returns", text="Send it back within 30 days.")
        document = only(documents(place.source()))
        assert document.title == "Returns"
        assert document.body == "Send it back within 30 days."

    def test_a_document_knows_where_it_is_from(self, place: Place) -> None:
        place.put("returns", title="Returns", text="Within 30 days.")
        document = only(documents(place.source(id="help", tenant="acme")))
        assert (document.tenant, document.source) == ("acme", "help")
        assert document.id == ids.document_id("acme", "help", document.external_id)

    def test_the_same_words_in_another_source_are_another_document(self, place: Place) -> None:
        place.put("returns", title="Returns", text="Within 30 days.")
        one, two = only(documents(place.source(id="one"))), only(documents(place.source(id="two")))
        assert one.id != two.id and one.external_id == two.external_id

    def test_the_same_words_for_another_tenant_are_another_document(self, place: Place) -> None:
        place.put("returns", title="Returns", text="Within 30 days.")
        assert only(documents(place.source(tenant="a"))).id != only(documents(place.source(tenant="b"))).id

    def test_external_ids_are_unique_and_not_empty(self, place: Place) -> None:
        for name in ("a", "b", "c"):
            place.put(name, title=name, text=f"Text of {name}")
        names = [document.external_id for document in documents(place.source())]
        assert len(set(names)) == 3 and all(names)

    def test_origin_is_the_listed_item(self, place: Place) -> None:
        place.put("a", title="A", text="Text")
        source = place.source()
        items = [item.external_id for item in source.listing().items]
        assert only(documents(source)).origin in items

    def test_reading_twice_gives_the_same(self, place: Place) -> None:
        place.put("a", title="A", text="Text")
        source = place.source()
        assert documents(source) == documents(source)

    def test_a_restart_changes_nothing(self, place: Place) -> None:
        place.put("a", title="A", text="Text")
        assert documents(place.source()) == documents(place.source())

    def test_an_item_can_be_loaded_twice(self, place: Place) -> None:
        place.put("a", title="A", text="Text")
        (item,) = place.source().listing().items
        assert item.load() == item.load()

    def test_the_listing_has_a_stable_order(self, place: Place) -> None:
        for name in ("c", "a", "b"):
            place.put(name, title=name, text=f"Text of {name}")
        source = place.source()
        first = [document.external_id for document in documents(source)]
        assert first == [document.external_id for document in documents(source)]

    def test_items_load_in_threads(self, place: Place) -> None:
        for number in range(12):
            place.put(f"n{number}", title=f"Title {number}", text=f"Text of {number}")
        source = place.source()
        with ThreadPoolExecutor(4) as pool:
            parts = list(pool.map(lambda item: item.load().documents, source.listing().items))
        assert [document for part in parts for document in part] == documents(source)

    def test_synced_at_comes_from_the_clock(self, place: Place) -> None:
        place.put("a", title="A", text="Text")
        assert only(documents(place.source())).synced_at == NOW

    def test_updated_at_is_aware(self, place: Place) -> None:
        place.put("a", title="A", text="Text", updated="2026-03-31")
        updated = only(documents(place.source())).updated_at
        assert updated is not None and updated.utcoffset() is not None and updated.date().isoformat() == "2026-03-31"

    def test_without_a_date_nothing_is_invented(self, place: Place) -> None:
        place.put("a", title="A", text="Text")
        assert only(documents(place.source())).updated_at is None

    @pytest.mark.parametrize("field", ["title", "text", "url", "audience", "category", "language", "updated"])
    def test_whatever_a_reader_sees_changes_the_hash(self, place: Place, field: str) -> None:
        before = {
            "title": "A",
            "text": "Text",
            "url": "https://shop.example/a",
            "audience": "public",
            "category": "one",
        }
        before |= {"language": "en", "updated": "2026-01-01"}
        after = {"title": "B", "text": "Other", "url": "https://shop.example/b", "audience": "staff", "category": "two"}
        after |= {"language": "de", "updated": "2026-01-02"}
        place.put("a", **before)
        first = only(documents(place.source()))
        place.put("a", **{**before, field: after[field]})
        second = only(documents(place.source()))
        assert first.id == second.id and first.hash != second.hash

    def test_what_is_removed_is_gone(self, place: Place) -> None:
        place.put("a", title="A", text="Text of a")
        place.put("b", title="B", text="Text of b")
        place.remove("a")
        assert only(documents(place.source())).title == "B"

    def test_what_is_added_is_found_by_the_same_source(self, place: Place) -> None:
        source = place.source()
        assert documents(source) == []
        place.put("a", title="A", text="Text")
        assert only(documents(source)).title == "A"

    def test_audience_is_public_unless_said_otherwise(self, place: Place) -> None:
        place.put("a", title="A", text="Text")
        assert only(documents(place.source())).audience == "public"

    def test_an_audience_is_kept(self, place: Place) -> None:
        place.put("a", title="A", text="Text", audience="staff")
        assert only(documents(place.source())).audience == "staff"

    def test_a_broken_document_is_reported_in_plain_words(self, place: Place) -> None:
        place.put_broken("bad")
        found, problems = loaded(place.source())
        assert found == [] and len(skipped(problems)) == 1
        assert problems[0].problem and "Traceback" not in problems[0].problem and "bad" in problems[0].external_id

    def test_a_broken_document_does_not_stop_the_others(self, place: Place) -> None:
        place.put("a", title="A", text="Text of a")
        place.put_broken("bad")
        place.put("z", title="Z", text="Text of z")
        found, problems = loaded(place.source())
        assert sorted(document.title for document in found) == ["A", "Z"] and len(skipped(problems)) == 1

    def test_a_document_without_text_is_reported(self, place: Place) -> None:
        place.put("empty", title="Empty", text=" \n\n ")
        found, problems = loaded(place.source())
        assert found == [] and len(skipped(problems)) == 1

    def test_a_text_that_is_too_long_is_reported(self, place: Place) -> None:
        place.put("long", title="Long", text="word " * 500_000)
        found, problems = loaded(place.source())
        assert found == [] and "2,000,000" in problems[0].problem

    def test_an_item_that_vanished_is_a_rejected_document(self, place: Place) -> None:
        place.put("a", title="A", text="Text")
        items = list(place.source().listing().items)
        place.vanish("a")
        for item in items:
            with pytest.raises(DocumentRejected):
                item.load()

    def test_a_place_that_cannot_be_listed_is_unavailable(self, place: Place) -> None:
        place.put("a", title="A", text="Text")
        place.lock()
        with pytest.raises(SourceUnavailable) as caught:
            list(place.source().listing().items)
        assert caught.value.safe_message

    def test_building_a_source_does_no_io(self, place: Place) -> None:
        place.lock()
        place.source()

    def test_a_place_that_can_be_listed_again_is(self, place: Place) -> None:
        place.put("a", title="A", text="Text")
        source = place.source()
        place.lock()
        with pytest.raises(SourceUnavailable):
            list(source.listing().items)
        place.unlock()
        assert only(documents(source)).title == "A"

    def test_invisible_characters_do_not_arrive(self, place: Place) -> None:
        hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")
        place.put("a", title="Re\u200bturns", text=f"Send\u202e it\u2060 back.{hidden}\ufeff")
        document = only(documents(place.source()))
        assert (document.title, document.body) == ("Returns", "Send it back.")

    def test_control_characters_do_not_arrive(self, place: Place) -> None:
        place.put("a", title="A", text="Send\x07 it\x1b[31m back.\x7f")
        body = only(documents(place.source())).body
        assert not any(unicodedata.category(letter) == "Cc" for letter in body.replace("\n", ""))

    def test_lines_end_one_way(self, place: Place) -> None:
        place.put("a", title="A", text="One\r\nTwo\rThree")
        assert only(documents(place.source())).body == "One\nTwo\nThree"

    def test_letters_are_composed(self, place: Place) -> None:
        place.put("a", title="A", text="Cafe\u0301")
        assert only(documents(place.source())).body == "Café"

    @pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https://a b"])
    def test_an_address_a_browser_must_not_open_is_left_out(self, place: Place, url: str) -> None:
        place.put("a", title="A", text="Text", url=url)
        found, problems = loaded(place.source())
        assert only(found).url is None and len(problems) == 1 and not problems[0].is_skipped

    def test_other_scripts_arrive(self, place: Place) -> None:
        place.put("a", title="返品について", text="商品到着後30日以内。 Größe, naïve, 👍")
        document = only(documents(place.source()))
        assert document.title == "返品について" and "Größe, naïve, 👍" in document.body
