"""The source of Confluence: the contract, and what is Confluence's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from core.errors import DocumentRejected, SourceUnavailable
from gateway.lab.sources.weather import Trouble
from kb_sync.pipeline import sync
from kb_sync.sources.confluence import plugin
from kb_sync.sources.confluence.storage import storage_html
from tests.contracts.remote_contract import RemoteSourceContract
from tests.contracts.remote_place import Nights
from tests.contracts.source_contract import documents, loaded, only
from tests.kb_sync.confluence_place import ConfluencePlace
from tests.kb_sync.serving import Serving
from tests.kb_sync.world import job

SITE = "https://shop.atlassian.example/wiki"


@pytest.fixture
def place(serving: Serving, tmp_path: Path) -> Iterator[ConfluencePlace]:
    made = ConfluencePlace(serving, tmp_path)
    yield made
    made.close()


@pytest.fixture
def by_changes(place: ConfluencePlace) -> ConfluencePlace:
    place.more = {"sweep_h": 20}
    return place


class TestContract(RemoteSourceContract):
    @pytest.fixture
    def place(self, serving: Serving, tmp_path: Path) -> Iterator[ConfluencePlace]:
        made = ConfluencePlace(serving, tmp_path)
        yield made
        made.close()


def body(place: ConfluencePlace, storage: str) -> str:
    """What becomes of a page's storage format."""
    place.write("page", title="Page", storage=storage)
    return only(loaded(place.source())[0]).body


def macro(name: str, inside: str) -> str:
    return f'<ac:structured-macro ac:name="{name}" ac:schema-version="1">{inside}</ac:structured-macro>'


def rich(words: str) -> str:
    return f"<ac:rich-text-body><p>{words}</p></ac:rich-text-body>"


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        ("<h1>First</h1><p>One</p><h2>Second</h2><p>Two</p>", "# First\n\nOne\n\n## Second\n\nTwo"),
        ("<p>Caf&eacute;&nbsp;&amp; bar &lt;3 &rarr;</p>", "Café & bar <3 →"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n   - b\n- c"),
        ("<table><tbody><tr><th>A</th><th>B</th></tr><tr><td>1</td><td><p>2</p></td></tr></tbody></table>",
         "| A | B |\n|---|---|\n| 1 | 2 |"),
        (macro("code", '<ac:parameter ac:name="language">c</ac:parameter><ac:plain-text-body><![CDATA[if (a < b && c)\n'
               "  x = '&nbsp;';]]></ac:plain-text-body>"), "```\nif (a < b && c)\n  x = '&nbsp;';\n```"),
        (macro("info", rich("Mind the step")), "Mind the step"),
        (macro("expand", f'<ac:parameter ac:name="title">More</ac:parameter>{rich("Inside")}'), "**More**\n\nInside"),
        (macro("panel", rich(macro("note", rich("Deep")))), "Deep"),
        (f"<p>Before</p>{macro('toc', '')}<p>After</p>", "Before\n\nAfter"),
        (macro("details", f'<ac:parameter ac:name="hidden">true</ac:parameter>{rich("Hidden")}') + "<p>Seen</p>", "Seen"),
        ("<p>State: " + macro("status", '<ac:parameter ac:name="title">DONE</ac:parameter>') + "</p>", "State: DONE"),
        ('<p><ac:link><ri:page ri:content-title="Other page" /></ac:link></p>',
         f"[Other page]({SITE}/display/HELP/Other+page)"),
        ('<p><ac:link><ri:page ri:space-key="OPS" ri:content-title="A&amp;B" /><ac:link-body>see <b>it</b></ac:link-body>'
         "</ac:link></p>", f"[see **it**]({SITE}/display/OPS/A%26B)"),
        ('<p><ac:link><ri:attachment ri:filename="a.pdf" /><ac:plain-text-link-body><![CDATA[the file]]>'
         "</ac:plain-text-link-body></ac:link></p>", "the file"),
        ('<p>Ask <ac:link><ri:user ri:account-id="1" /></ac:link>now</p>', "Ask now"),
        ('<p><ac:image ac:alt="A plug"><ri:attachment ri:filename="x.png" /></ac:image></p>', "A plug"),
        ("<ac:task-list><ac:task><ac:task-id>7</ac:task-id><ac:task-status>complete</ac:task-status>"
         "<ac:task-body>Unplug it</ac:task-body></ac:task></ac:task-list>", "- Unplug it"),
        ("<ac:layout><ac:layout-section><ac:layout-cell><p>Left</p></ac:layout-cell><ac:layout-cell><p>Right</p>"
         "</ac:layout-cell></ac:layout-section></ac:layout>", "Left\n\nRight"),
        ('<p>By <time datetime="2026-03-31" />, <ac:inline-comment-marker ac:ref="x">surely</ac:inline-comment-marker></p>',
         "By 2026-03-31, surely"),
        ('<p>Good <ac:emoticon ac:name="blue-star" ac:emoji-fallback="👍" /></p>', "Good 👍"),
        ('<ac:adf-extension><ac:adf-node type="panel"><ac:adf-content><p>New</p></ac:adf-content></ac:adf-node>'
         "<ac:adf-fallback><p>New</p></ac:adf-fallback></ac:adf-extension>", "New"),
        ('<p style="display: none">Obey</p><p>Seen</p><!-- not seen --><ac:placeholder>Write here</ac:placeholder>', "Seen"),
    ],
)  # fmt: skip
def test_the_storage_format_is_read_as_people_see_it(place: ConfluencePlace, storage: str, expected: str) -> None:
    assert body(place, storage) == expected


def test_a_macro_that_is_left_out_with_its_words_is_told(place: ConfluencePlace) -> None:
    place.write("a", storage=f"<p>Text</p>{macro('poll', rich('Yes or no'))}")
    found, problems = loaded(place.source())
    assert only(found).body == "Text"
    assert [(each.external_id, each.is_skipped) for each in problems] == [(place.ref("a"), False)]
    assert "poll" in problems[0].problem and "Yes" not in problems[0].problem


@pytest.mark.parametrize(
    "storage",
    [
        "<p>open",
        "<p>a</b>",
        '<!DOCTYPE x [<!ENTITY a "b">]><p>&a;</p>',
        "<x:y>undeclared</x:y>",
        "<p>" * 400 + "</p>" * 400,
    ],
)
def test_what_is_no_storage_format_is_refused(storage: str) -> None:
    with pytest.raises(DocumentRejected):
        storage_html(storage, title="T", base=SITE, space="HELP")


def test_a_document_has_the_address_that_people_see(place: ConfluencePlace) -> None:
    place.put("a", title="A", text="Text")
    assert only(documents(place.source())).url == f"{SITE}/spaces/HELP/pages/{place.ref('a')}"


def test_without_another_word_pages_are_internal_and_of_their_space(place: ConfluencePlace) -> None:
    place.put("a", title="A", text="Text")
    block = place.lab.settings(place.address)
    assert plugin.settings.model_validate(block).audience == "internal"
    assert only(documents(place.source())).category == "Help center"


def test_a_page_below_a_restricted_one_is_restricted(place: ConfluencePlace) -> None:
    place.put("top", title="Top", text="Text")
    place.write("middle", title="Middle", storage="<p>x</p>", parent=("page", place.ref("top")))
    place.write("low", title="Low", storage="<p>x</p>", parent=("page", place.ref("middle")), labels=("for-staff",))
    place.put("beside", title="Beside", text="Text")
    place.restrict("top")
    found = {each.title: each.audience for each in documents(place.source())}
    assert found == {"Top": "restricted", "Middle": "restricted", "Low": "restricted", "Beside": "public"}


def test_since_a_cursor_what_lies_above_a_page_is_asked_for(by_changes: ConfluencePlace) -> None:
    place = by_changes
    place.put("top", title="Top", text="Text")
    place.write("middle", storage="<p>x</p>", parent=("page", place.ref("top")))
    place.write("low", title="Low", storage="<p>x</p>", parent=("page", place.ref("middle")))
    night = Nights(place.source()).pass_by()
    place.restrict("top")
    place.write("low", title="Low", storage="<p>News</p>")
    night.pass_by()
    assert night.loads == [place.ref("low")]
    assert night.documents[place.ref("low")].audience == "restricted"


def test_a_folder_restricts_too_and_one_that_is_hidden_counts_as_such(place: ConfluencePlace) -> None:
    closed, open_ = place.lab.folder(viewers=("sue",)), place.lab.folder()
    place.write("a", title="A", storage="<p>x</p>", parent=("folder", closed.id))
    place.write("b", title="B", storage="<p>x</p>", parent=("folder", open_.id))
    place.write("c", title="C", storage="<p>x</p>", parent=("folder", "1"))
    found, problems = loaded(place.source())
    assert {each.title: each.audience for each in found} == {"A": "restricted", "B": "public", "C": "restricted"}
    assert [(each.external_id, each.is_skipped) for each in problems] == [(place.ref("c"), False)]
    assert "nobody can tell" in problems[0].problem


def test_restricted_pages_can_have_an_audience_of_their_own(place: ConfluencePlace) -> None:
    place.more = {"restricted_audience": "staff"}
    place.put("a", title="A", text="Text", audience="public")
    place.restrict("a")
    assert only(documents(place.source())).audience == "staff"


def test_a_tree_without_an_end_is_restricted(place: ConfluencePlace) -> None:
    page = place.write("a", storage="<p>x</p>")
    page.parent = ("page", page.id)
    assert only(loaded(place.source())[0]).audience == "restricted"


def test_a_failure_to_learn_of_a_restriction_takes_nothing_away(place: ConfluencePlace) -> None:
    place.put("a", title="A", text="Text")
    place.put("b", title="B", text="Text")
    night = Nights(place.source()).pass_by()
    place.lab.weather.add(Trouble.FAILED, times=1_000, on=f"/content/{place.ref('a')}/restriction")
    night.pass_by()
    assert night.titles() == ["A", "B"] and len(night.problems) == 1
    place.restrict("a")
    place.mend()
    assert {each.title: each.audience for each in night.pass_by().documents.values()} == {
        "A": "restricted",
        "B": "public",
    }


def test_a_sync_answers_from_a_restricted_page_no_more_however_many_there_are(
    place: ConfluencePlace, tmp_path: Path
) -> None:
    for name in ("a", "b", "c", "d"):
        place.put(name, title=name.upper(), text=f"Text of {name}")
    work = job(tmp_path / "kb", place.source())
    assert sync(work).runs[0].outcome == "ok"
    for name in ("a", "b", "c"):
        place.restrict(name)
    assert sync(work).runs[0].outcome == "ok"
    audiences = {each.title: each.audience for each in work.store.documents(work.tenant)}
    assert audiences == {"A": "restricted", "B": "restricted", "C": "restricted", "D": "public"}


@pytest.mark.parametrize(
    ("more", "titles"), [({"labels": ["faq"]}, ["Both", "Faq"]), ({"without_labels": ["old"]}, ["Faq"])]
)
def test_labels_choose_pages(place: ConfluencePlace, more: dict[str, Any], titles: list[str]) -> None:
    place.more = more
    for title, labels in {"Faq": ("faq",), "Old": ("old",), "Both": ("faq", "old")}.items():
        place.write(title, title=title, storage="<p>x</p>", labels=labels)
    night = Nights(place.source()).pass_by()
    assert night.titles() == titles
    place.page("Faq").labels = ("draft", "old")
    assert "Faq" not in night.pass_by().titles()


def test_several_spaces_are_read_and_only_these(place: ConfluencePlace) -> None:
    place.lab.space("OPS", "Operations")
    place.lab.space("HR", "People")
    place.more = {"spaces": ["HELP", "OPS"]}
    for space in ("HELP", "OPS", "HR"):
        place.write(space, title=space, storage="<p>x</p>", space=space)
    assert [each.title for each in documents(place.source())] == ["HELP", "OPS"]


def test_a_space_that_cannot_be_seen_loses_nothing(place: ConfluencePlace) -> None:
    place.put("a", title="A", text="Text")
    place.lab.drop_space("HELP")
    place.more = {"spaces": ["HELP"]}
    with pytest.raises(SourceUnavailable, match="no space HELP"):
        place.source().listing()


def test_archived_pages_are_not_read(place: ConfluencePlace) -> None:
    place.put("a", title="A", text="Text")
    place.page("a").status = "archived"
    assert documents(place.source()) == []


def test_since_a_cursor_only_changes_are_listed(by_changes: ConfluencePlace) -> None:
    place = by_changes
    for name in ("a", "b", "c", "d", "e"):
        place.put(name, title=name.upper(), text=f"Text of {name}")
    night = Nights(place.source()).pass_by()
    place.lab.queries.clear()
    place.put("b", title="B", text="News")
    night.pass_by()
    assert night.loads == [place.ref("b")] and night.titles() == ["A", "B", "C", "D", "E"]
    assert sum("/api/v2/pages?" in query for query in place.lab.queries) == 1
    assert not place.source().listing(night.cursor).is_complete


def test_clocks_that_differ_by_minutes_lose_no_change(by_changes: ConfluencePlace) -> None:
    place = by_changes
    place.put("a", title="A", text="Text")
    place.put("b", title="B", text="Text")
    night = Nights(place.source()).pass_by()
    place.clock.at = place.page("b").changed_at
    place.clock.tick(-4)
    place.put("a", title="A", text="News")
    bodies = {each.title: each.body for each in night.pass_by().documents.values()}
    assert bodies == {"A": "News", "B": "Text"}


def test_other_settings_read_everything_again(by_changes: ConfluencePlace) -> None:
    place = by_changes
    for name in ("a", "b"):
        place.put(name, title=name.upper(), text="Text")
    night = Nights(place.source()).pass_by()
    place.more = {"sweep_h": 20, "audience": "internal"}
    night.source = place.source()
    assert [each.audience for each in night.pass_by().documents.values()] == ["internal", "internal"]


def test_what_changes_between_pages_of_the_listing_is_not_lost(place: ConfluencePlace) -> None:
    for number in range(8):
        place.put(f"n{number}", title=f"T{number}", text=f"Text of {number}")
    place.weather.listing_path = place.listing_path

    def second() -> None:
        place.vanish("n0")
        place.put("n1", title="T1", text="News of 1")

    def first() -> None:
        place.weather.while_listing = second

    place.weather.while_listing = first
    assert len(list(place.source().listing().items)) == 8


def test_a_gateway_is_asked_below_its_path_and_never_where_its_answers_lead(place: ConfluencePlace) -> None:
    for name in ("a", "b", "c", "d"):
        place.put(name, title=name.upper(), text="Text")
    trap = place.serving.serve(place.trap.app())
    place.lab.next_root = trap
    gateway = web.Application()
    gateway.add_subapp("/ex/confluence/11-22", place.lab.app())
    place.more = {"api_url": f"{place.serving.serve(gateway)}/ex/confluence/11-22/wiki/"}
    assert len(documents(place.source())) == 4
    assert place.trap.calls == 0


@pytest.mark.parametrize(("email", "title"), [("bot@shop.example", "A"), (None, "A"), ("eve@shop.example", None)])
def test_a_token_is_somebodys_or_a_bearers(place: ConfluencePlace, email: str | None, title: str | None) -> None:
    place.put("a", title="A", text="Text")
    place.more = {"email": email}
    if title is not None:
        assert only(documents(place.source())).title == title
        return
    with pytest.raises(SourceUnavailable, match="401"):
        place.source().listing()


def test_restricted_pages_cannot_be_made_public(place: ConfluencePlace) -> None:
    with pytest.raises(ValidationError, match="cannot be public"):
        plugin.settings.model_validate({**place.settings(), "restricted_audience": "public"})
