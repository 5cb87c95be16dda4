"""RemoteSourceContract: what a source over HTTP owes the sync beside the SourceContract, on good days and bad ones.

A source's test subclasses it with a fixture ``place`` that yields a RemotePlace and closes it.  No scenario is left out for a
vendor that lacks something: it asks then what is true of such a vendor (``remote_place.LACKS``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from core.errors import DocumentRejected, SourceUnavailable
from core.ports.knowledge import Source
from gateway.lab.sources.weather import Trouble
from kb_sync.documents import LONGEST_ID
from tests.contracts.remote_place import Nights, RemotePlace
from tests.contracts.remote_weather import Weathers, messages, told
from tests.contracts.source_contract import documents, loaded

__all__ = ["Nights", "RemotePlace", "RemoteSourceContract"]


class _Nights(Weathers):
    """Night after night: only what changed is fetched, and what is gone goes."""

    def test_a_night_without_news_reads_nothing(self, place: RemotePlace) -> None:
        for name in ("a", "b"):
            place.put(name, title=name.upper(), text=f"Text of {name}")
        night = Nights(place.source()).pass_by()
        before, fetched = dict(night.documents), (place.fetched("a"), place.fetched("b"))
        night.pass_by()
        assert night.loads == [] and night.problems == []
        assert (place.fetched("a"), place.fetched("b")) == fetched
        assert night.documents == before

    def test_a_restart_between_nights_changes_nothing(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text")
        night = Nights(place.source()).pass_by()
        fetched = place.fetched("a")
        night.source = place.source()
        night.pass_by()
        assert night.loads == [] and place.fetched("a") == fetched and night.titles() == ["A"]

    def test_only_what_changed_is_read(self, place: RemotePlace) -> None:
        for name in ("a", "b", "c"):
            place.put(name, title=name.upper(), text=f"Text of {name}")
        night = Nights(place.source()).pass_by()
        fetched = (place.fetched("a"), place.fetched("c"))
        place.put("b", title="B", text="Quite another text")
        night.pass_by()
        assert night.loads == [place.ref("b")]
        assert (place.fetched("a"), place.fetched("c")) == fetched
        assert {document.body for document in night.documents.values()} == {
            "Text of a", "Quite another text", "Text of c",
        }  # fmt: skip

    def test_what_changed_twice_is_read_twice(self, place: RemotePlace) -> None:
        night = Nights(place.source())
        for text in ("One", "Two", "Three"):
            place.put("a", title="A", text=text)
            night.pass_by()
            assert [document.body for document in night.documents.values()] == [text]

    def test_what_is_removed_is_gone_after_a_night(self, place: RemotePlace) -> None:
        for name in ("a", "b"):
            place.put(name, title=name.upper(), text=f"Text of {name}")
        night = Nights(place.source()).pass_by()
        place.remove("a")
        assert night.pass_by().titles() == ["B"]

    def test_what_is_added_is_there_after_a_night(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text of a")
        night = Nights(place.source()).pass_by()
        place.put("b", title="B", text="Text of b")
        assert night.pass_by().titles() == ["A", "B"]
        assert night.loads == [place.ref("b")]

    def test_what_comes_back_is_there_again(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text of a")
        place.put("b", title="B", text="Text of b")
        night = Nights(place.source()).pass_by()
        place.remove("a")
        night.pass_by()
        place.put("a", title="A", text="Text of a")
        assert night.pass_by().titles() == ["A", "B"]

    def test_many_nights_equal_one(self, place: RemotePlace) -> None:
        night = Nights(place.source())
        for name in ("a", "b", "c"):
            place.put(name, title=name.upper(), text=f"Text of {name}")
            night.pass_by()
        place.remove("b")
        place.put("c", title="C", text="News of c")
        assert night.pass_by().documents == Nights(place.source()).pass_by().documents

    @pytest.mark.parametrize("cursor", ["no such cursor", "{}", "9" * 40, "0"])
    def test_a_cursor_that_nobody_understands_gives_everything(self, place: RemotePlace, cursor: str) -> None:
        place.put("a", title="A", text="Text")
        listing = place.source().listing(cursor)
        assert len(list(listing.items)) == 1 and listing.is_complete

    def test_the_first_listing_is_complete(self, place: RemotePlace) -> None:
        assert place.source().listing().is_complete

    def test_a_failed_night_loses_nothing(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text of a")
        night = Nights(place.source()).pass_by()
        place.put("b", title="B", text="Text of b")
        place.lock()
        with pytest.raises(SourceUnavailable):
            night.pass_by()
        place.unlock()
        assert night.pass_by().titles() == ["A", "B"]

    def test_every_page_of_the_listing_is_read(self, place: RemotePlace) -> None:
        titles = sorted(place_titles(place))
        assert sorted(document.title for document in documents(place.source())) == titles

    def test_no_item_is_listed_twice(self, place: RemotePlace) -> None:
        place_titles(place)
        listed = [item.external_id for item in place.source().listing().items]
        assert len(set(listed)) == len(listed) and all(0 < len(name) <= LONGEST_ID for name in listed)

    @pytest.mark.parametrize("change", ["added", "removed", "edited"])
    def test_a_listing_that_changes_while_it_is_read_loses_nothing(self, place: RemotePlace, change: str) -> None:
        titles = place_titles(place)
        actions = {
            "added": lambda: place.put("new", title="New", text="Text of new"),
            "removed": lambda: place.remove("n0"),
            "edited": lambda: place.put("n0", title="Title 0", text="News of 0"),
        }
        place.weather.listing_path = place.listing_path
        place.weather.while_listing = actions[change]
        night = Nights(place.source()).pass_by()
        assert set(titles) - {"Title 0"} <= set(night.titles())
        night.pass_by()
        expected = {"added": {*titles, "New"}, "removed": {*titles} - {"Title 0"}, "edited": {*titles}}
        assert set(night.titles()) == expected[change]
        if change == "edited":
            assert "News of 0" in {document.body for document in night.documents.values()}


class RemoteSourceContract(_Nights):
    """Subclass with a fixture ``place``; it also asks for secrets, for who may read, and for the settings."""

    def test_what_only_some_may_read_is_never_public(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text of a")
        place.put("b", title="B", text="The code is 4711")
        if not told(place, "restrict"):
            assert {each.audience for each in documents(place.source())} == {place.settings().get("audience", "public")}
            return
        place.restrict("b")
        public = [each for each in loaded(place.source())[0] if each.audience == "public"]
        assert [each.title for each in public] in (["A"], [])

    def test_what_was_public_and_is_restricted_is_public_no_more(self, place: RemotePlace) -> None:
        place.put("a", title="A", text="Text of a")
        place.put("b", title="B", text="The code is 4711")
        night = Nights(place.source()).pass_by()
        if not told(place, "restrict"):
            place.remove("b")
        else:
            place.restrict("b")
        night.pass_by()
        assert not [each for each in night.documents.values() if each.title == "B" and each.audience == "public"]

    @pytest.mark.parametrize("trouble", list(Trouble))
    def test_no_error_holds_a_secret(
        self, place: RemotePlace, trouble: Trouble, caplog: pytest.LogCaptureFixture
    ) -> None:
        place.put("a", title="A", text="Text")
        source = place.source()
        place.weather.add(trouble, times=1_000)
        with caplog.at_level(logging.DEBUG):
            shown = "".join(self._shown(source))
        shown += repr(source) + caplog.text
        assert "?" not in _addresses(shown)
        assert not place.secret or place.secret not in shown

    def _shown(self, source: Source) -> Iterator[str]:
        try:
            for item in source.listing().items:
                try:
                    item.load()
                except DocumentRejected as error:
                    yield messages(error)
        except SourceUnavailable as error:
            yield messages(error)

    def test_secrets_are_kept_as_such(self, place: RemotePlace) -> None:
        made = place.plugin.settings.model_validate(place.settings())
        if place.secret:
            assert place.secret not in repr(made) and place.secret not in str(made.model_dump())
            assert any(place.secret in secret for secret in _secrets(made))
        else:
            assert _secrets(made) == []

    def test_a_key_that_nobody_knows_is_refused(self, place: RemotePlace) -> None:
        with pytest.raises(ValidationError):
            place.plugin.settings.model_validate({**place.settings(), "no_such_key": 1})

    def test_every_setting_is_described(self, place: RemotePlace) -> None:
        fields = place.plugin.settings.model_fields
        assert fields and [name for name, field in fields.items() if not field.description] == []

    def test_settings_do_not_change(self, place: RemotePlace) -> None:
        made = place.plugin.settings.model_validate(place.settings())
        assert made.model_config.get("frozen") is True

    @pytest.mark.parametrize("address", ["ftp://files.example", "file:///etc/passwd", "https://", "nowhere", ""])
    def test_an_address_that_is_none_is_refused(self, place: RemotePlace, address: str) -> None:
        with pytest.raises(ValidationError):
            place.plugin.settings.model_validate({**place.settings(), place.address_key: address})

    def test_secrets_go_over_https_only(self, place: RemotePlace) -> None:
        if place.secret:
            with pytest.raises(ValidationError):
                place.plugin.settings.model_validate({**place.settings(), place.address_key: "http://api.example.com"})
        else:
            assert _secrets(place.plugin.settings.model_validate(place.settings())) == []

    def test_a_source_is_closed_safely(self, place: RemotePlace) -> None:
        source = place.source()
        source.close()
        place.put("a", title="A", text="Text")
        again = place.source()
        documents(again)
        again.close()
        again.close()

    def test_a_source_says_what_it_is(self, place: RemotePlace) -> None:
        source = place.source(id="help", tenant="acme")
        assert (source.id, source.tenant, source.kind) == ("help", "acme", place.plugin.kind)
        assert 1 <= source.parallel <= 16


def place_titles(place: RemotePlace) -> list[str]:
    """Puts more items than a page of the listing holds (three when it has no pages); their titles."""
    assert told(place, "paging") == (place.page_size > 0)
    count = place.page_size * 2 + 1 if place.page_size else 3
    for number in range(count):
        place.put(f"n{number}", title=f"Title {number}", text=f"Text of {number}")
    return [f"Title {number}" for number in range(count)]


def _addresses(shown: str) -> str:
    """The web addresses in a text."""
    return " ".join(word for word in shown.split() if "://" in word)


def _secrets(made: BaseModel) -> list[str]:
    """Secret values of settings, also those of settings within."""
    found = []
    for name in type(made).model_fields:
        value = getattr(made, name)
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
        elif isinstance(value, BaseModel):
            found += _secrets(value)
        elif isinstance(value, dict):
            found += [each.get_secret_value() for each in value.values() if isinstance(each, SecretStr)]
    return found
