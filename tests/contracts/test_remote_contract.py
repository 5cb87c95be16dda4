"""The RemoteSourceContract notices sources that do not keep it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import SourceUnavailable
from core.ports.knowledge import Listing, Loaded, Source, SourceDocument
from gateway.lab.sources.weather import Trouble
from tests.contracts.remote_contract import RemoteSourceContract
from tests.kb_sync.serving import Serving
from tests.kb_sync.website_place import WebsitePlace


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    """A thread for stand-ins."""
    made = Serving()
    yield made
    made.close()


class BrokenPlace(WebsitePlace):
    """A site whose source has one defect."""

    def __init__(self, serving: Serving, folder: Path, defect: str) -> None:
        super().__init__(serving, folder)
        self.defect = defect
        self.secret_of_site = "canary-4711"

    def source(self, *, id: str = "help", tenant: str = "acme") -> Source:
        return BrokenSource(self, super().source(id=id, tenant=tenant))


class BrokenSource:
    """Does one thing wrong, and leaves the rest to a source that does not."""

    def __init__(self, place: BrokenPlace, inner: Source) -> None:
        self._place, self._inner = place, inner
        self.id, self.kind, self.tenant, self.parallel = inner.id, inner.kind, inner.tenant, inner.parallel
        if place.defect == "calls itself something else":
            self.kind = "other"

    def listing(self, cursor: str = "") -> Listing:
        place = self._place
        try:
            listing = self._inner.listing(cursor)
        except SourceUnavailable as error:
            if place.defect == "takes an outage for an empty site":
                return Listing(items=())
            if place.defect == "shows the address with its query":
                raise SourceUnavailable(f"{place.address}/?key={place.secret_of_site} failed") from error
            if place.defect == "says nothing of credentials":
                raise SourceUnavailable("it failed") from None
            raise
        if place.defect == "never takes anything away":
            return replace(listing, is_complete=False)
        items: list[Any] = [BrokenItem(place, item) for item in listing.items]
        if place.defect == "reads the first page only":
            items = items[: place.page_size]
        if place.defect == "lists twice":
            items *= 2
        return replace(listing, items=items)

    def close(self) -> None:
        if self._place.defect != "cannot be closed":
            self._inner.close()
            return
        raise RuntimeError("closed already")


@dataclass
class BrokenItem:
    """One of its items."""

    place: BrokenPlace
    inner: SourceDocument

    @property
    def external_id(self) -> str:
        return self.inner.external_id

    @property
    def version(self) -> str:
        return "always the same" if self.place.defect == "thinks that nothing changes" else self.inner.version

    def load(self, known: str = "") -> Loaded:
        loaded = self.inner.load("" if self.place.defect == "never asks what changed" else known)
        match self.place.defect:
            case "thinks that nothing changes":
                return replace(loaded, version="always the same")
            case "remembers by the time":
                return replace(loaded, version=f"{time.monotonic_ns()}", is_unchanged=False)
        return loaded


@pytest.mark.parametrize(
    ("defect", "scenario"),
    [
        ("takes an outage for an empty site", "test_a_failed_night_loses_nothing"),
        ("takes an outage for an empty site", "test_it_does_not_wait_for_ever"),
        ("takes an outage for an empty site", "test_a_redirect_into_the_house_is_not_followed"),
        ("says nothing of credentials", "test_locked_out_is_said_with_what_to_do"),
        ("never takes anything away", "test_what_is_removed_is_gone_after_a_night"),
        ("never takes anything away", "test_the_first_listing_is_complete"),
        ("reads the first page only", "test_every_page_of_the_listing_is_read"),
        ("lists twice", "test_no_item_is_listed_twice"),
        ("thinks that nothing changes", "test_only_what_changed_is_read"),
        ("thinks that nothing changes", "test_many_nights_equal_one"),
        ("never asks what changed", "test_a_night_without_news_reads_nothing"),
        ("remembers by the time", "test_a_restart_between_nights_changes_nothing"),
        ("calls itself something else", "test_a_source_says_what_it_is"),
        ("cannot be closed", "test_a_source_is_closed_safely"),
    ],
)
def test_the_contract_notices(serving: Serving, tmp_path: Path, defect: str, scenario: str) -> None:
    place = BrokenPlace(serving, tmp_path, defect)
    with pytest.raises((AssertionError, RuntimeError, pytest.fail.Exception)):
        getattr(RemoteSourceContract(), scenario)(place)
    place.close()


@pytest.mark.parametrize("trouble", [Trouble.FAILED, Trouble.LOCKED_OUT])
def test_the_contract_notices_what_an_error_shows(
    serving: Serving, tmp_path: Path, caplog: pytest.LogCaptureFixture, trouble: Trouble
) -> None:
    place = BrokenPlace(serving, tmp_path, "shows the address with its query")
    with pytest.raises(AssertionError):
        RemoteSourceContract().test_no_error_holds_a_secret(place, trouble, caplog)
    place.close()


def test_what_is_not_broken_passes(serving: Serving, tmp_path: Path) -> None:
    place = BrokenPlace(serving, tmp_path, "none")
    RemoteSourceContract().test_many_nights_equal_one(place)
    place.close()
