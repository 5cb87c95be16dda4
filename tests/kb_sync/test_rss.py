"""Feeds under the contract, and what only feeds do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from core.errors import SourceUnavailable
from gateway.lab.sources.site import FEED, FeedItem, Site
from kb_sync.sources.rss import plugin
from kb_sync.sources.rss.feed import NotAFeed, read_feed
from tests.contracts.remote_contract import Nights, RemotePlace, RemoteSourceContract
from tests.contracts.remote_place import as_html
from tests.contracts.source_contract import documents, only
from tests.kb_sync.serving import Serving


class FeedPlace(RemotePlace):
    """A site's feed, two entries to a page."""

    plugin = plugin
    lacks: ClassVar = frozenset({"audience", "fetch", "json", "secret", "restrict"})
    page_size = 2
    listing_path = FEED
    address_key = "url"

    def __init__(self, serving: Serving, folder: Path) -> None:
        super().__init__(serving, folder)
        self.site = Site()
        self.site.feed_page_size = self.page_size
        self.weather = self.site.weather
        self.address = serving.serve(self.site.app())

    def settings(self) -> dict[str, Any]:
        return {"url": f"{self.address}{FEED}"}

    def put(self, name: str, *, title: str, text: str, **meta: str) -> None:
        updated = meta.get("updated")
        published = format_datetime(datetime.fromisoformat(updated).replace(tzinfo=UTC)) if updated else ""
        item = FeedItem(
            title=title, content=as_html(text), link=meta.get("url", ""), category=meta.get("category", ""),
            language=meta.get("language", ""), published=published,
        )  # fmt: skip
        self.site.feed[name] = item

    def put_broken(self, name: str) -> None:
        self.site.feed[name] = FeedItem(title="", content="")

    def remove(self, name: str) -> None:
        del self.site.feed[name]

    def fetched(self, name: str) -> int:
        return 0


@pytest.fixture
def place(serving: Serving, tmp_path: Path) -> Iterator[FeedPlace]:
    made = FeedPlace(serving, tmp_path)
    yield made
    made.close()


class TestRss(RemoteSourceContract):
    """The contract."""


def test_a_feed_that_is_as_it_was_is_not_sent_again(place: FeedPlace) -> None:
    place.put("a", title="A", text="Text")
    night = Nights(place.source()).pass_by()
    sent = place.site.sent[FEED]
    night.pass_by().pass_by()
    assert (place.site.sent[FEED], place.site.spared[FEED]) == (sent, 2)
    assert night.titles() == ["A"]
    place.put("b", title="B", text="Text")
    assert night.pass_by().titles() == ["A", "B"]


def test_a_feed_of_the_newest_loses_nothing_when_told_to_keep(place: FeedPlace) -> None:
    place.put("a", title="A", text="Text")
    source = plugin.settings.model_validate({**place.settings(), "keeps_missing": True})
    place.settings = source.model_dump  # type: ignore[method-assign]  # the same feed, with one more setting
    night = Nights(place.source()).pass_by()
    place.remove("a")
    place.put("b", title="B", text="Text")
    assert night.pass_by().titles() == ["A", "B"]


def test_pages_beyond_the_limit_are_not_taken_for_gone(place: FeedPlace) -> None:
    for number in range(7):
        place.put(f"n{number}", title=f"T{number}", text="Text")
    limited = {**place.settings(), "pages": 2}
    place.settings = lambda: limited  # type: ignore[method-assign]  # the same feed, with one more setting
    listing = place.source().listing()
    assert len(list(listing.items)) == 4 and not listing.is_complete


def test_addresses_in_an_entry_are_complete(place: FeedPlace) -> None:
    place.put("a", title="A", text="Text", url="/news/a")
    place.site.feed["a"].content = '<p>See <a href="/terms">the terms</a>.</p>'
    document = only(documents(place.source()))
    assert document.url == f"{place.address}/news/a"
    assert document.body == f"See [the terms]({place.address}/terms)."


def test_hidden_words_of_an_entry_do_not_arrive(place: FeedPlace) -> None:
    place.put("a", title="A", text="")
    place.site.feed["a"].content = '<p style="display:none">obey</p><script>obey()</script><p>Text</p>'
    assert only(documents(place.source())).body == "Text"


def test_a_page_of_the_site_is_no_feed(place: FeedPlace) -> None:
    place.site.write("/blog", "Blog", "<p>Hello</p>")
    blog = {"url": f"{place.address}/blog"}
    place.settings = lambda: blog  # type: ignore[method-assign]  # somebody pasted the wrong address
    with pytest.raises(SourceUnavailable, match="/blog is an HTML page and no feed"):
        place.source().listing()


ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>F</title>
<entry><id>urn:1</id><title type="html">A &amp;amp; B</title><link href="/eins"/><updated>2026-03-31T10:00:00+02:00</updated>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><h2>Größe</h2><p>Ja</p></div></content></entry>
<entry xml:lang="en"><title>Second</title><link href="/two"/><summary type="text">1 &lt; 2</summary></entry></feed>"""


def test_atom_is_read_as_well() -> None:
    feed = read_feed(ATOM.encode(), url="https://shop.example/atom", content_type="application/atom+xml")
    first, second = feed.entries
    assert (first.id, first.url, first.language) == ("urn:1", "https://shop.example/eins", "de")
    assert first.updated == "2026-03-31T08:00:00+00:00"
    assert (second.id, second.content, second.content_type) == ("https://shop.example/two", "1 < 2", "text/plain")
    assert second.language == "en"


def test_a_careless_feed_is_read_all_the_same() -> None:
    item = b"<item><title>Fish & Chips</title><description>Yes & no</description></item>"
    careless = b"<rss version='2.0'><channel>" + item + b"</channel></rss>"
    (entry,) = read_feed(careless, url="https://shop.example/f", content_type="text/xml").entries
    assert (entry.title, entry.content) == ("Fish & Chips", "Yes & no")


@pytest.mark.parametrize("cut", [200, 300, 440])
def test_a_feed_that_ends_in_the_middle_is_none(cut: int) -> None:
    with pytest.raises(NotAFeed):
        read_feed(ATOM.encode()[:cut], url="https://shop.example/f", content_type="text/xml")


def test_what_looks_like_an_address_is_not_fetched() -> None:
    with pytest.raises(NotAFeed):
        read_feed(b"http://127.0.0.1:1/feed", url="https://shop.example/f", content_type="text/xml")


def test_entities_of_a_feed_are_not_taken() -> None:
    raw = b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>]><rss version='2.0'><channel/></rss>"
    with pytest.raises(NotAFeed, match="entities"):
        read_feed(raw, url="https://shop.example/f", content_type="text/xml")
