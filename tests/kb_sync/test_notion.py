"""The source of Notion: the contract, and what is Notion's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import SourceUnavailable
from core.ports.knowledge import SupportsHearing
from gateway.lab.sources.notion import NotionBlock, NotionLab, rich
from gateway.lab.sources.weather import Trouble
from kb_sync.sources.notion import plugin
from kb_sync.sources.notion.settings import notion_id
from tests.contracts.remote_contract import RemoteSourceContract
from tests.contracts.remote_place import Nights
from tests.contracts.source_contract import documents, loaded, only
from tests.kb_sync.notion_place import NotionPlace
from tests.kb_sync.serving import Serving


@pytest.fixture
def place(serving: Serving, tmp_path: Path) -> Iterator[NotionPlace]:
    made = NotionPlace(serving, tmp_path)
    yield made
    made.close()


@pytest.fixture
def by_changes(place: NotionPlace) -> NotionPlace:
    place.more = {"sweep_h": 20}
    return place


class TestContract(RemoteSourceContract):
    @pytest.fixture
    def place(self, serving: Serving, tmp_path: Path) -> Iterator[NotionPlace]:
        made = NotionPlace(serving, tmp_path)
        yield made
        made.close()


def _lists(lab: NotionLab) -> list[NotionBlock]:
    deep = lab.words("bulleted_list_item", "deeper", lab.words("paragraph", "and more"))
    return [
        lab.words("bulleted_list_item", "one", deep),
        lab.words("bulleted_list_item", "two"),
        lab.words("numbered_list_item", "first"),
        lab.words("numbered_list_item", "second"),
        lab.words("to_do", "done", checked=True),
        lab.words("to_do", "open", checked=False),
    ]


def _table(lab: NotionLab) -> list[NotionBlock]:
    rows = [lab.block("table_row", {"cells": [rich(cell) for cell in row]}) for row in (("A", "B"), ("1", "2\n3"))]
    return [lab.block("table", {"table_width": 2, "has_column_header": True}, rows)]


def _styled(lab: NotionLab) -> list[NotionBlock]:
    runs = [*rich("Press "), *rich("Reset ", bold=True), *rich("or "), *rich("F1", code=True), *rich(", see ")]
    runs += [*rich("help", href="https://shop.example/help"), *rich(" not "), *rich("this", href="javascript:x")]
    return [lab.block("paragraph", {"rich_text": runs})]


def _framed(lab: NotionLab) -> list[NotionBlock]:
    return [
        lab.words("callout", "Mind the step", lab.words("paragraph", "Really"), icon={"type": "emoji", "emoji": "💡"}),
        lab.words("quote", "He said\nthis"),
        lab.words("toggle", "Why?", lab.words("paragraph", "Because")),
    ]


def _columns(lab: NotionLab) -> list[NotionBlock]:
    left, right = (lab.block("column", {}, [lab.words("paragraph", side)]) for side in ("Left", "Right"))
    return [lab.block("column_list", {}, [left, right])]


def _media(lab: NotionLab) -> list[NotionBlock]:
    file = {"type": "file", "file": {"url": "https://files.example/x?X-Amz-Signature=1"}, "caption": rich("A plug")}
    return [
        lab.block("image", file),
        lab.block("bookmark", {"url": "https://shop.example/a", "caption": []}),
        lab.block("equation", {"expression": "E=mc^2"}),
    ]


def _unseen(lab: NotionLab) -> list[NotionBlock]:
    quiet = [lab.block(kind) for kind in ("divider", "breadcrumb", "table_of_contents", "unsupported", "template")]
    return [lab.words("paragraph", "Seen"), *quiet, lab.block("meeting_notes", {}, [lab.words("paragraph", "Sue: no")])]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda lab: [lab.words("heading_1", "One"), lab.words("heading_3", "Three", lab.words("paragraph", "In it"))],
         "# One\n\n### Three\n\nIn it"),
        (_lists, "- one\n   - deeper\n      and more\n- two\n1. first\n2. second\n- [x] done\n- [ ] open"),
        (_table, "| A | B |\n|---|---|\n| 1 | 2 3 |"),
        (_styled, "Press **Reset** or `F1`, see [help](https://shop.example/help) not this"),
        (_framed, "> Mind the step\n>\n> Really\n\n> He said\n> this\n\n**Why?**\n\nBecause"),
        (lambda lab: [lab.words("code", "a ``` b\n  c", language="plain text", caption=rich("Try it"))],
         "````\na ``` b\n  c\n````\n\nTry it"),
        (lambda lab: [lab.words("code", "x = 1", language="python")], "```python\nx = 1\n```"),
        (_columns, "Left\n\nRight"),
        (_media, "A plug\n\n[https://shop.example/a](https://shop.example/a)\n\n`E=mc^2`"),
        (_unseen, "Seen"),
        (lambda lab: [lab.words("some_new_kind", "New words", lab.words("paragraph", "below"))], "New words\n\nbelow"),
    ],
)  # fmt: skip
def test_blocks_become_markdown(place: NotionPlace, make: Any, expected: str) -> None:
    place.write("a", make(place.lab))
    assert only(documents(place.source())).body == expected


def test_more_blocks_than_one_answer_holds_are_read(place: NotionPlace) -> None:
    place.write("a", [place.lab.words("paragraph", str(number)) for number in range(8)])
    assert only(documents(place.source())).body.split() == list("01234567")


def test_a_synced_copy_shows_its_original_or_says_that_it_cannot(place: NotionPlace) -> None:
    lab = place.lab
    original = lab.block("synced_block", {"synced_from": None}, [lab.words("paragraph", "Shared words")])
    copy = lab.block("synced_block", {"synced_from": {"block_id": original.id}}, [lab.words("paragraph", "x")])
    lost = lab.block("synced_block", {"synced_from": {"block_id": lab.id()}}, [lab.words("paragraph", "x")])
    place.write("a", [original])
    place.write("b", [copy, lost, lab.words("paragraph", "End")])
    found, problems = loaded(place.source())
    assert [each.body for each in found] == ["Shared words", "Shared words\n\nEnd"]
    assert len(problems) == 1 and "not shared" in problems[0].problem and not problems[0].is_skipped


def test_what_is_nested_without_end_is_refused(place: NotionPlace) -> None:
    block = place.lab.words("paragraph", "deepest")
    for _ in range(40):
        block = place.lab.words("toggle", "x", block)
    place.write("a", [block])
    found, problems = loaded(place.source())
    assert found == [] and "30 deep" in problems[0].problem


def test_pages_changed_twice_in_a_minute_are_read_again(by_changes: NotionPlace) -> None:
    place = by_changes
    place.put("a", title="A", text="One")
    page = place.pages["a"]
    place.clock.at = page.edited_at + timedelta(seconds=20)
    night = Nights(place.source()).pass_by()
    place.lab.write(page, [place.lab.words("paragraph", "Two")])
    place.clock.tick(1)
    bodies = [each.body for each in night.pass_by().documents.values()]
    assert bodies == ["Two"]


def test_since_a_cursor_only_changes_are_asked_for(by_changes: NotionPlace) -> None:
    place = by_changes
    for name in ("a", "b", "c", "d"):
        place.put(name, title=name.upper(), text=f"Text of {name}")
    night = Nights(place.source()).pass_by()
    place.put("b", title="B", text="News")
    place.lab.asked.clear()
    night.pass_by()
    assert night.loads == [place.ref("b")] and night.titles() == ["A", "B", "C", "D"]
    assert [each["filter"]["timestamp"] for each in place.lab.asked] == ["last_edited_time"]
    assert not place.source().listing(night.cursor).is_complete


def test_other_settings_read_everything_again(by_changes: NotionPlace) -> None:
    place = by_changes
    for name in ("a", "b"):
        place.put(name, title=name.upper(), text="Text")
    night = Nights(place.source()).pass_by()
    place.more = {"sweep_h": 20, "audience": "internal"}
    night.source = place.source()
    assert [each.audience for each in night.pass_by().documents.values()] == ["internal", "internal"]


def test_a_database_with_several_sources_is_read_whole_or_in_part(place: NotionPlace) -> None:
    lab = place.lab
    other = lab.new_database(data_sources=2)
    for at, title in enumerate(("First", "Second")):
        lab.page(title, [lab.words("paragraph", "x")], parent=lab.row_of(other, at=at))
    place.more = {"databases": [other], "audience_property": None, "audiences": {}}
    assert [each.title for each in documents(place.source())] == ["First", "Second"]
    place.more |= {"databases": [], "data_sources": [lab.databases[other][1]]}
    assert [each.title for each in documents(place.source())] == ["Second"]


def test_a_tree_of_pages_is_read_wherever_they_lie(place: NotionPlace) -> None:
    lab = place.lab
    root = lab.page("Root", [lab.words("paragraph", "Top")], parent={"type": "workspace", "workspace": True})
    child = lab.page("Child", [lab.words("paragraph", "Below")], parent={"type": "page_id", "page_id": root.id})
    grandchild = lab.page("Deep", [lab.words("paragraph", "Deep")], parent={"type": "page_id", "page_id": child.id})
    place.more = {"databases": [], "pages": [root.id], "audience": "internal", "sweep_h": 20}
    place.clock.tick()
    night = Nights(place.source()).pass_by()
    assert night.titles() == ["Child", "Deep", "Root"]
    assert {each.audience for each in night.documents.values()} == {"internal"}
    assert "Deep" not in [each.body for each in night.documents.values() if each.title == "Child"]
    lab.write(grandchild, [lab.words("paragraph", "News")])
    place.clock.tick()
    night.pass_by()
    assert night.loads == [grandchild.id]
    child.in_trash = True
    assert night.pass_by().titles() == ["Root"]


def test_a_tree_that_cannot_be_seen_loses_nothing(place: NotionPlace) -> None:
    root = place.lab.page("Root", [], parent={"type": "workspace", "workspace": True})
    root.is_shared = False
    place.more = {"pages": [root.id]}
    with pytest.raises(SourceUnavailable, match="404"):
        place.source().listing()


def test_a_database_that_is_given_in_part_only_is_no_listing(place: NotionPlace) -> None:
    place.put("a", title="A", text="Text")
    place.lab.status = "incomplete"
    with pytest.raises(SourceUnavailable, match="divide"):
        place.source().listing()


def test_a_page_with_odd_properties_does_not_stop_the_others(place: NotionPlace) -> None:
    for name in ("a", "b"):
        place.put(name, title=name.upper(), text="Text")
    place.pages["a"].properties["Name"] = {"id": "title", "type": "title", "title": [7]}
    found, problems = loaded(place.source())
    assert [each.title for each in found] == ["B"]
    assert [(each.external_id, each.is_skipped) for each in problems] == [(place.ref("a"), True)]


def test_a_status_chooses_pages(place: NotionPlace) -> None:
    place.more = {"status_property": "Status", "statuses": ["Published", "Live"]}
    for title, status in {"Out": "Published", "Draft": "Draft", "None": None}.items():
        page = place.write(title, [place.lab.words("paragraph", "x")], title=title)
        page.properties["Status"] = {"type": "status", "status": status and {"name": status}}
    assert [each.title for each in documents(place.source())] == ["Out"]


@pytest.mark.parametrize(
    "said",
    [
        {"type": "select", "select": {"name": "board"}},
        {"type": "multi_select", "multi_select": [{"name": "public"}, {"name": "staff"}]},
        {"type": "people", "people": []},
        {"type": "rich_text", "rich_text": []},
        None,
    ],
)
def test_pages_for_unknown_readers_are_nobodys(place: NotionPlace, said: dict[str, Any] | None) -> None:
    place.put("a", title="A", text="Text")
    properties = place.pages["a"].properties
    place.pages["a"].properties = {name: value for name, value in properties.items() if name != "Readers"}
    if said is not None:
        place.pages["a"].properties["Readers"] = said
    found, problems = loaded(place.source())
    assert only(found).audience == "restricted"
    assert "Readers" in problems[0].problem and not problems[0].is_skipped


def test_without_another_word_pages_are_internal(place: NotionPlace) -> None:
    made = plugin.settings.model_validate(place.lab.settings(place.address))
    assert made.audience == "internal"


def test_a_published_address_is_shown_before_the_one_in_notion(place: NotionPlace) -> None:
    place.put("a", title="A", text="Text")
    assert str(only(documents(place.source())).url).startswith("https://www.notion.so/")
    place.pages["a"].public_url = "https://shop.notion.site/A"
    assert only(documents(place.source())).url == "https://shop.notion.site/A"


def test_an_overload_is_waited_for(place: NotionPlace) -> None:
    place.put("a", title="A", text="Text")
    place.weather.add(Trouble.THROTTLED, times=3, retry_after_s=2)
    assert only(documents(place.source())).title == "A"


@pytest.mark.parametrize(
    "given",
    [
        "897e5a76ae524b489fdfe71f5945d1af",
        "897E5A76-AE52-4B48-9FDF-E71F5945D1AF",
        "https://www.notion.so/shop/Help-center-897e5a76ae524b489fdfe71f5945d1af?v=1#x",
    ],
)
def test_an_id_is_understood_as_people_have_it(given: str) -> None:
    assert notion_id(given) == "897e5a76-ae52-4b48-9fdf-e71f5945d1af"


@pytest.mark.parametrize(
    "block",
    [
        {"databases": []},
        {"databases": ["help"]},
        {"status_property": "Status"},
        {"audience_property": None},
        {"audiences": {}},
        {"unknown_audience": "public"},
        {"webhook_tokens": [""]},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(place: NotionPlace, block: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        plugin.settings.model_validate({**place.settings(), **block})


def test_it_hears(place: NotionPlace) -> None:
    assert isinstance(place.source(), SupportsHearing)
