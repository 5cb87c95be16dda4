"""The source of Zendesk's help centre: the contract in both ways of listing, and what is Zendesk's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.ports.knowledge import Loaded
from gateway.lab.sources.zendesk_guide import EXPORT_PAGE
from tests.contracts.remote_contract import Nights, RemoteSourceContract
from tests.contracts.source_contract import documents, loaded, only, skipped
from tests.kb_sync.guide_place import NOBODY_KNOWN, STAFF, Guided, GuidePlace, SweptPlace
from tests.kb_sync.serving import Serving
from tests.kb_sync.world import NOW


class TestByChanges(RemoteSourceContract):
    @pytest.fixture
    def place(self, serving: Serving, tmp_path: Path) -> Iterator[GuidePlace]:
        made = GuidePlace(serving, tmp_path)
        yield made
        made.close()


class TestByListing(RemoteSourceContract):
    @pytest.fixture
    def place(self, serving: Serving, tmp_path: Path) -> Iterator[GuidePlace]:
        made = SweptPlace(serving, tmp_path)
        yield made
        made.close()


@pytest.fixture
def place(serving: Serving, tmp_path: Path) -> Iterator[GuidePlace]:
    made = GuidePlace(serving, tmp_path)
    yield made
    made.close()


@pytest.fixture
def bilingual(serving: Serving, tmp_path: Path) -> Iterator[GuidePlace]:
    made = GuidePlace(serving, tmp_path, locales=("en-us", "de"))
    yield made
    made.close()


def translate(place: GuidePlace, name: str, title: str, text: str, *, locale: str = "de") -> None:
    place.lab.write(place.articles[name], title, text, locale=locale)
    place.clock.tick()


class TestDocuments:
    def test_headings_of_the_text_stay_and_the_title_is_the_articles(self, place: GuidePlace) -> None:
        place.put("a", title="Returns", text="")
        place.lab.write(
            place.articles["a"], "Returns", "<h1>Within Europe</h1><p>30 days.</p><h2>Abroad</h2><p>60.</p>"
        )
        document = only(documents(place.source()))
        assert document.title == "Returns"
        assert document.body == "# Within Europe\n\n30 days.\n\n## Abroad\n\n60."

    def test_what_a_reader_does_not_see_is_not_read(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="")
        hidden = '<p style="display:none">obey</p><script>obey()</script><!-- obey -->'
        place.lab.write(place.articles["a"], "A", f"<p>Seen.</p>{hidden}")
        assert only(documents(place.source())).body == "Seen."

    def test_a_title_is_no_markup(self, place: GuidePlace) -> None:
        place.put("a", title="</h1><p>1 < 2", text="Text")
        document = only(documents(place.source()))
        assert (document.title, document.body) == ("</h1><p>1 < 2", "Text")

    def test_a_section_is_the_category(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text", category="Returns")
        assert only(documents(place.source())).category == "Returns"

    def test_the_category_above_can_be_the_category(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text", category="Returns")
        assert only(documents(Guided(place, category_from="category").source())).category == "General"

    def test_a_section_that_is_renamed_renames_the_category(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text", category="Returns")
        night = Nights(Guided(place, sweep_h=0).source()).pass_by()
        (number,) = place.lab.sections
        place.lab.sections[number] = ("Sending back", place.lab.sections[number][1])
        (document,) = night.pass_by().documents.values()
        assert document.category == "Sending back"

    def test_the_documents_id_names_article_and_language(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        document = only(documents(place.source()))
        assert (document.external_id, document.origin) == (f"{place.ref('a')}/en-us", place.ref("a"))
        assert document.language == "en"


class TestWhatIsLeftOut:
    def test_drafts(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        place.lab.unpublish(place.articles["a"])
        assert list(place.source().listing().items) == []

    def test_a_draft_since_it_was_listed(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        (item,) = place.source().listing().items
        place.lab.unpublish(place.articles["a"])
        assert item.load() == Loaded(documents=(), version=item.version)

    def test_labels_let_in_and_keep_out(self, place: GuidePlace) -> None:
        for name, labels in (("a", ("faq",)), ("b", ()), ("c", ("faq", "legacy"))):
            place.put(name, title=name.upper(), text="Text")
            place.articles[name].labels = labels
        source = Guided(place, labels=["faq"], without_labels=["legacy"]).source()
        assert [each.title for each in documents(source)] == ["A"]

    def test_a_label_that_is_taken_away_takes_the_article_away(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        place.articles["a"].labels = ("faq",)
        night = Nights(Guided(place, labels=["faq"]).source()).pass_by()
        assert night.titles() == ["A"]
        place.articles["a"].labels = ()
        place.lab.touch(place.articles["a"])
        assert night.pass_by().titles() == []

    def test_a_vote_is_no_change(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        night = Nights(place.source()).pass_by()
        place.clock.tick(3_600)
        place.lab.touch(place.articles["a"])
        night.pass_by()
        assert night.loads == [] and place.fetched("a") == 1


class TestAudience:
    def test_an_unknown_segment_is_not_read_and_said(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        place.articles["a"].segments = (NOBODY_KNOWN,)
        found, problems = loaded(place.source())
        assert found == [] and place.fetched("a") == 0
        assert "999" in problems[0].problem and "audiences" in problems[0].problem and not problems[0].is_skipped

    def test_what_goes_to_an_unknown_segment_goes(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        night = Nights(place.source()).pass_by()
        place.articles["a"].segments = (NOBODY_KNOWN,)
        place.lab.touch(place.articles["a"])
        assert night.pass_by().titles() == [] and len(night.problems) == 1

    def test_any_of_its_segments_may_read_it(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        place.articles["a"].segments = (NOBODY_KNOWN, STAFF)
        assert only(documents(place.source())).audience == "staff"

    def test_everyone_may_be_told_otherwise(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        assert only(documents(Guided(place, audience="members").source())).audience == "members"

    def test_restricted_and_unreadable_is_taken_away(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        night = Nights(place.source()).pass_by()
        place.restrict("a")
        place.fail_item("a")
        assert night.pass_by().titles() == []
        assert "not for everyone" in night.problems[0]
        place.mend()
        night.cursor = ""
        assert [each.audience for each in night.pass_by().documents.values()] == ["staff"]

    def test_unreadable_and_restricted_as_before_is_kept(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text", audience="staff")
        night = Nights(place.source()).pass_by()
        place.put("a", title="A", text="News", audience="staff")
        place.fail_item("a")
        assert night.pass_by().titles() == ["A"] and "500" in night.problems[0]


class TestTranslations:
    def test_a_document_for_each_language(self, bilingual: GuidePlace) -> None:
        bilingual.put("a", title="Returns", text="30 days.")
        translate(bilingual, "a", "Rückgabe", "<p>30 Tage.</p>")
        found = {each.external_id.split("/")[1]: each for each in documents(bilingual.source())}
        assert {locale: (each.title, each.language) for locale, each in found.items()} == {
            "en-us": ("Returns", "en"),
            "de": ("Rückgabe", "de"),
        }
        assert len({each.origin for each in found.values()}) == 1

    def test_only_the_languages_that_are_wanted(self, bilingual: GuidePlace) -> None:
        bilingual.put("a", title="Returns", text="30 days.")
        bilingual.put("b", title="English only", text="Text")
        translate(bilingual, "a", "Rückgabe", "<p>30 Tage.</p>")
        assert [each.title for each in documents(Guided(bilingual, locales=["de"]).source())] == ["Rückgabe"]

    def test_one_language_costs_one_call(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        documents(place.source())
        assert not [path for path in place.weather.calls if path.endswith("/translations")]

    @pytest.mark.parametrize("flaw", ["draft", "outdated"])
    def test_a_translation_that_is_not_ready_is_left_out(self, bilingual: GuidePlace, flaw: str) -> None:
        bilingual.put("a", title="Returns", text="30 days.")
        translate(bilingual, "a", "Rückgabe", "<p>30 Tage.</p>")
        night = Nights(bilingual.source()).pass_by()
        assert night.titles() == ["Returns", "Rückgabe"]
        setattr(bilingual.articles["a"].texts["de"], flaw, True)
        bilingual.lab.touch(bilingual.articles["a"])
        assert night.pass_by().titles() == ["Returns"]

    def test_a_translation_of_a_draft_is_read(self, bilingual: GuidePlace) -> None:
        bilingual.put("a", title="Returns", text="30 days.")
        translate(bilingual, "a", "Rückgabe", "<p>30 Tage.</p>")
        night = Nights(bilingual.source()).pass_by()
        bilingual.articles["a"].texts["en-us"].draft = True
        bilingual.lab.touch(bilingual.articles["a"])
        assert night.pass_by().titles() == ["Rückgabe"]
        assert Nights(bilingual.source()).pass_by().titles() == ["Rückgabe"]

    def test_a_new_translation_is_found_by_the_complete_listing_too(self, bilingual: GuidePlace) -> None:
        bilingual.put("a", title="Returns", text="30 days.")
        night = Nights(Guided(bilingual, sweep_h=0).source()).pass_by()
        translate(bilingual, "a", "Rückgabe", "<p>30 Tage.</p>")
        assert night.pass_by().titles() == ["Returns", "Rückgabe"]

    def test_one_empty_language_does_not_cost_the_other(self, bilingual: GuidePlace) -> None:
        bilingual.put("a", title="Returns", text="30 days.")
        translate(bilingual, "a", "Rückgabe", " ")
        found, problems = loaded(bilingual.source())
        assert [each.title for each in found] == ["Returns"]
        assert [each.external_id for each in skipped(problems)] == [f"{bilingual.ref('a')}/de"]


class TestCursor:
    def test_changes_are_asked_for_until_a_sweep_is_due(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        source = place.source()
        cursor = source.listing().cursor()
        assert not source.listing(cursor).is_complete
        since, swept = cursor.split("/")
        assert source.listing(f"{since}/{int(swept) - 20 * 3_600}").is_complete
        assert source.listing(f"{since}/{int(swept) + 60}").is_complete, "from the future: the clock was set back"

    def test_the_cursor_is_by_zendesks_clock(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        since, swept = place.source().listing().cursor().split("/")
        assert int(since) == int(place.clock.at.timestamp()) - 60
        assert int(swept) == int(NOW.timestamp())

    def test_what_is_deleted_goes_with_the_sweep(self, place: GuidePlace) -> None:
        for name in ("a", "b"):
            place.put(name, title=name.upper(), text=f"Text of {name}")
        night = Nights(place.source()).pass_by()
        place.vanish("a")
        assert night.pass_by().titles() == ["A", "B"]
        since, swept = night.cursor.split("/")
        night.cursor = f"{since}/{int(swept) - 86_400}"
        assert night.pass_by().titles() == ["B"]

    def test_an_edit_within_the_second_of_its_listing_is_not_missed(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="One")
        place.clock.tick(-10)
        night = Nights(Guided(place, sweep_h=0).source()).pass_by()
        place.lab.write(place.articles["a"], "A", "Two")
        assert [each.body for each in night.pass_by().documents.values()] == ["Two"]

    def test_the_export_has_pages(self, place: GuidePlace) -> None:
        place.put("first", title="First", text="Text")
        night = Nights(place.source()).pass_by()
        for number in range(EXPORT_PAGE + 3):
            place.lab.publish(f"Title {number}", "Text")
            place.clock.tick(1)
        listing = place.source().listing(night.cursor)
        assert len(list(listing.items)) == EXPORT_PAGE + 4 and not listing.is_complete
        assert place.weather.calls["/api/v2/help_center/incremental/articles"] == 2

    def test_an_export_that_does_not_get_on_gives_way_to_a_sweep(self, place: GuidePlace) -> None:
        place.put("first", title="First", text="Text")
        night = Nights(place.source()).pass_by()
        place.lab.page_size = 100
        for number in range(EXPORT_PAGE + 3):
            place.lab.publish(f"Title {number}", "Text")
        listing = place.source().listing(night.cursor)
        assert listing.is_complete and len(list(listing.items)) == EXPORT_PAGE + 4


class TestManners:
    def test_calls_are_spread_over_the_minute(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        documents(Guided(place, requests_per_minute=1).source())
        assert len(place.slept) == place.weather.calls.total() - 1 and all(0 < slept <= 600 for slept in place.slept)

    def test_a_night_without_news_is_one_call(self, place: GuidePlace) -> None:
        for name in ("a", "b", "c"):
            place.put(name, title=name.upper(), text="Text")
        place.clock.tick(3_600)
        night = Nights(place.source()).pass_by()
        before = place.weather.calls.total()
        night.pass_by()
        assert place.weather.calls.total() - before == 1
