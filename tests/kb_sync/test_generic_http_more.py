"""Generic_http beside the contract: ways of paging, changes only, who may read, and settings that cannot be meant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from core.errors import SourceUnavailable
from core.ports.knowledge import Source
from gateway.lab.sources.json_api import JsonApi
from gateway.lab.sources.weather import Trouble
from kb_sync import SourceContext
from kb_sync.sources.generic_http import plugin
from tests.contracts.remote_place import Nights
from tests.contracts.source_contract import documents, loaded, only
from tests.kb_sync.serving import Serving
from tests.kb_sync.world import NOW

SLUGS = [f"n{number}" for number in range(7)]


class Service:
    """A stand-in with its source, whose clock can be moved."""

    def __init__(self, serving: Serving, folder: Path) -> None:
        self.serving, self.folder, self.at = serving, folder, NOW
        self.api = JsonApi(page_size=3)
        self.address = serving.serve(self.api.app())
        self.sources: list[Source] = []

    def source(self, fields: dict[str, Any] | None = None, **own: Any) -> Source:
        block: dict[str, Any] = {
            "url": f"{self.address}/articles", "headers": {"X-Api-Key": self.api.key}, "items": "data",
            "fields": {"id": "slug", "text": "content", **(fields or {})}, "format": "plain", **own,
        }  # fmt: skip
        context = SourceContext(
            id="help", tenant="acme", clock=self.now, folder=self.folder, sleep=lambda _seconds: None
        )
        made = plugin.build(context, plugin.settings.model_validate(block))
        self.sources.append(made)
        return made

    def now(self) -> datetime:
        return self.at

    def fill(self) -> None:
        for slug in SLUGS:
            self.api.put(slug, title=slug, content=f"Text of {slug}")


@pytest.fixture
def service(serving: Serving, tmp_path: Path) -> Iterator[Service]:
    made = Service(serving, tmp_path)
    yield made
    for source in made.sources:
        source.close()


@pytest.mark.parametrize(
    ("pages", "paging", "calls"),
    [
        ("link", {"next": "links.next"}, 3),
        ("header", {"link_header": True}, 3),
        ("cursor", {"cursor": "meta.cursor", "cursor_param": "cursor"}, 3),
        ("page", {"page_param": "page"}, 8),
        ("page", {"page_param": "page", "page_count": "meta.pages"}, 6),
        ("page", {"page_param": "page", "page_count_header": "X-Pages"}, 6),
        ("offset", {"offset_param": "offset"}, 8),
    ],
)
def test_every_way_of_paging_finds_all(service: Service, pages: str, paging: dict[str, Any], calls: int) -> None:
    service.fill()
    service.api.pages = pages
    found = documents(service.source(paging=paging, params={"kind": "a b&c"}))
    assert [document.external_id for document in found] == SLUGS
    assert len(service.api.listed) == calls and {query["kind"] for query in service.api.listed} == {"a b&c"}


def test_a_service_that_answers_its_last_page_for_ever_comes_to_an_end(service: Service) -> None:
    service.fill()
    service.api.pages, service.api.clamps = "page", True
    assert len(documents(service.source(paging={"page_param": "page"}))) == len(SLUGS)


def test_without_paging_there_is_one_page(service: Service) -> None:
    service.fill()
    assert [document.external_id for document in documents(service.source())] == SLUGS[:3]


def _saying(body: Any) -> Any:
    return lambda _request: web.json_response(body)


@pytest.mark.parametrize(
    ("body", "paging", "said"),
    [
        (
            {"data": [], "links": {"next": "https://evil.example/articles"}},
            {"next": "links.next"},
            "carry your headers",
        ),
        ({"data": [], "links": {"next": "//evil.example/x"}}, {"next": "links.next"}, "carry your headers"),
        ({"data": [], "links": {"next": {"no": "address"}}}, {"next": "links.next"}, "circle|carry your headers"),
        ({"data": [], "meta": {"cursor": "same"}}, {"cursor": "meta.cursor"}, "circle"),
        ({"data": [{"slug": "a"}]}, {"page_param": "page", "page_count": "meta.pages"}, "number of pages"),
        ({"data": {"a": 1}}, {}, "an object at `items` "),
        ({"error": "no"}, {}, "nothing at `items` "),
        ([1, 2], {}, "nothing at `items` "),
    ],
)
def test_a_list_that_cannot_be_read_to_its_end_takes_nothing_away(
    service: Service, body: Any, paging: dict[str, Any], said: str
) -> None:
    service.api.says = _saying(body)
    with pytest.raises(SourceUnavailable, match=said):
        service.source(paging=paging).listing()


@pytest.mark.parametrize(
    "row", [{"title": "A"}, {"slug": ""}, {"slug": None}, {"slug": True}, {"slug": ["a"]}, "a", None]
)
def test_an_item_without_an_id_is_one_problem(service: Service, row: Any) -> None:
    service.api.says = _saying({"data": [row, {"slug": 7, "content": "Seven"}]})
    found, problems = loaded(service.source())
    assert only(found).external_id == "7"
    assert [(each.external_id, "fields.id" in each.problem) for each in problems] == [("page 1, item 1", True)]


def test_a_list_of_texts_is_put_together(service: Service) -> None:
    service.api.put("a", title="A", blocks=[{"text": "One"}, {"text": "Two"}])
    assert only(documents(service.source({"text": "blocks[].text"}))).body == "One\n\nTwo"


def test_html_keeps_its_heading_and_titles_their_signs(service: Service) -> None:
    service.api.put("a", title="Fees &amp; taxes", content="<h1>Fees</h1><p>None.</p><script>alert(1)</script>")
    document = only(documents(service.source(format="html")))
    assert (document.title, document.body) == ("Fees & taxes", "# Fees\n\nNone.")


def test_markdown_cannot_say_who_may_read_it(service: Service) -> None:
    service.api.put("a", title="A", content="---\naudience: public\n---\nText", audience="staff")
    document = only(documents(service.source(format="markdown")))
    assert document.audience == "staff" and "Text" in document.body


def test_relative_addresses_are_below_the_prefix(service: Service) -> None:
    service.api.put("a", title="A", content="Text", url="/help/a")
    assert only(documents(service.source(url_prefix="https://shop.example"))).url == "https://shop.example/help/a"


@pytest.mark.parametrize(
    ("said", "own", "audience", "is_doubtful"),
    [
        ({}, {}, "public", False),
        ({}, {"audience": "staff"}, "staff", False),
        ({"audience": "staff"}, {}, "staff", False),
        ({"audience": ["staff"]}, {}, "restricted", True),
        ({"audience": False}, {}, "restricted", True),
        ({"audience": "all"}, {"audiences": {"all": "public"}}, "public", False),
        ({"audience": "staf"}, {"audiences": {"all": "public"}}, "restricted", True),
        ({"audience": "public"}, {"audiences": {"all": "public"}}, "restricted", True),
        ({"audience": True}, {"audiences": {"true": "public"}}, "public", False),
        ({"audience": "x"}, {"audiences": {"all": "public"}, "unknown_audience": "nobody"}, "nobody", True),
        ({}, {"fields": {"audience": "visiblity"}}, "restricted", True),
        ({}, {"fields": {"audience": "visibility"}, "audiences": {"": "public"}}, "public", False),
    ],
)
def test_what_is_not_known_to_be_public_is_not(
    service: Service, said: dict[str, Any], own: dict[str, Any], audience: str, is_doubtful: bool
) -> None:
    service.api.put("a", title="A", content="Text", **said)
    found, problems = loaded(service.source(**own))
    assert only(found).audience == audience
    assert [problem.is_skipped for problem in problems] == [False] * is_doubtful


def _detailed(service: Service, fields: dict[str, Any] | None = None, **own: Any) -> Source:
    service.api.has_text = False
    detail = {"detail_url": f"{service.address}/articles/{{id}}", "detail_item": "article"}
    return service.source(fields, **detail, **own)


def test_an_etag_spares_the_text(service: Service) -> None:
    service.fill()
    source = _detailed(service, paging={"next": "links.next"})
    Nights(source).pass_by().pass_by()
    assert set(service.api.sent.values()) == {1} and service.api.unchanged == len(SLUGS)


def test_a_date_in_the_list_spares_the_call(service: Service) -> None:
    service.api.put("a", title="A", content="Text", changed="2026-03-01T10:00:00Z")
    night = Nights(_detailed(service, {"updated": "changed"})).pass_by().pass_by()
    assert (service.api.sent["a"], service.api.unchanged) == (1, 0)
    service.api.put("a", title="A", content="News", changed="2026-03-02T10:00:00Z")
    assert [each.body for each in night.pass_by().documents.values()] == ["News"]


def test_a_date_of_this_minute_is_not_trusted(service: Service) -> None:
    moment = (NOW - timedelta(seconds=30)).isoformat()
    service.api.put("a", title="A", content="Text", changed=moment)
    night = Nights(_detailed(service, {"updated": "changed"})).pass_by()
    service.api.put("a", title="A", content="News in the same minute", changed=moment)
    assert [each.body for each in night.pass_by().documents.values()] == ["News in the same minute"]


def test_who_may_read_is_looked_at_although_the_text_is_the_same(service: Service) -> None:
    service.api.put("a", title="A", content="Text", audience="public")
    night = Nights(_detailed(service)).pass_by()
    service.api.articles["a"]["audience"] = "staff"
    service.api.says = lambda request: web.Response(status=304) if request.headers.get("If-None-Match") else None
    assert [each.audience for each in night.pass_by().documents.values()] == ["staff"]


def test_what_is_restricted_and_cannot_be_read_is_public_no_more(service: Service) -> None:
    service.api.put("a", title="A", content="Text", audience="public")
    service.api.put("b", title="B", content="Text", audience="public")
    night = Nights(_detailed(service)).pass_by()
    service.api.articles["a"]["audience"] = "staff"
    for slug in ("a", "b"):
        service.api.articles[slug]["title"] += " news"
        service.api.weather.add(Trouble.FAILED, times=1_000, on=f"/articles/{slug}")
    assert night.pass_by().titles() == ["B"]
    assert any("not for everybody" in problem for problem in night.problems)


def test_other_settings_read_everything_again(service: Service) -> None:
    service.fill()
    night = Nights(service.source()).pass_by()
    night.source = service.source(category="help")
    assert {each.category for each in night.pass_by().documents.values()} == {"help"}


def _since(service: Service, **own: Any) -> Source:
    fields = {"updated": "changed", "deleted": "gone"}
    return service.source(fields, paging={"next": "links.next"}, since={"param": "updated_since", **own})


def test_only_changes_are_asked_for(service: Service) -> None:
    for day, slug in enumerate(SLUGS, start=1):
        service.api.put(slug, title=slug, content="Text", changed=f"2026-03-0{day}T10:00:00Z")
    night = Nights(_since(service)).pass_by()
    service.api.put("n1", title="n1", content="News", changed="2026-03-08T10:00:00Z")
    service.api.articles["n2"] |= {"gone": True, "changed": "2026-03-08T10:00:00Z"}
    night.pass_by()
    assert service.api.listed[-1]["updated_since"] == "2026-03-07T09:58:00Z"
    assert sorted(night.documents) == [slug for slug in SLUGS if slug != "n2"]
    assert night.documents["n1"].body == "News"


def test_everything_is_listed_again_after_a_day(service: Service) -> None:
    service.api.put("a", title="A", content="Text", changed="2026-03-01T10:00:00Z")
    service.api.put("b", title="B", content="Text", changed="2026-03-01T10:00:00Z")
    night = Nights(_since(service, complete_every_h=24)).pass_by()
    del service.api.articles["a"]
    service.at += timedelta(hours=23)
    assert night.pass_by().titles() == ["A", "B"]
    service.at += timedelta(hours=1)
    assert night.pass_by().titles() == ["B"]
    service.at += timedelta(hours=1)
    assert not night.source.listing(night.cursor).is_complete


def test_changes_by_seconds(service: Service) -> None:
    service.api.put("a", title="A", content="Text", changed=1_772_359_200)
    night = Nights(_since(service, format="unix")).pass_by()
    assert only(night.documents.values()).updated_at == datetime.fromisoformat("2026-03-01T10:00:00+00:00")
    night.pass_by()
    assert service.api.listed[-1]["updated_since"] == str(1_772_359_200 - 120)


def test_what_a_list_told_is_put_away_with_the_next(service: Service) -> None:
    service.fill()
    source = service.source()
    documents(source)
    documents(source)
    assert len(list(service.folder.iterdir())) == 1
    source.close()
    assert list(service.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"items": "data["}, "JMESPath"),
        ({"paging": {"next": "a", "cursor": "b"}}, "not several"),
        ({"paging": {"page_count": "a"}}, "go with page_param"),
        ({"detail_url": "https://api.example/articles"}, "{id}"),
        ({"detail_url": "https://{id}.example/articles"}, "{id}"),
        ({"detail_url": "https://other.example/{id}"}, "scheme, host and port"),
        ({"unknown_audience": "public"}, "must not be public"),
        ({"headers": {"X Key": "a"}}, "no name of a header"),
        ({"headers": {"X-Key": "token\n"}}, "line break"),
        ({"headers": {"X-Key": ""}}, "is empty"),
        ({"headers": {"X-Key": "ключ"}}, "other scripts"),
        ({"url": "http://api.example/articles"}, "https"),
        ({"url": "https://user:secret@api.example/articles"}, "no name and password"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(own: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        plugin.settings.model_validate({"url": "https://api.example/articles", **own})
