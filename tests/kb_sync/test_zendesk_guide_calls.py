"""How the source of Zendesk's help centre logs in, and what it makes of webhooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import PayloadInvalid, SignatureInvalid, SourceUnavailable
from core.ports.channel import RawRequest
from core.ports.knowledge import SourceNews, SupportsHearing
from core.vendors.zendesk import PUBLIC_TEST_SECRET
from tests.contracts.source_contract import documents, only
from tests.kb_sync.guide_place import Guided, GuidePlace
from tests.kb_sync.serving import Serving


@pytest.fixture
def place(serving: Serving, tmp_path: Path) -> Iterator[GuidePlace]:
    made = GuidePlace(serving, tmp_path)
    yield made
    made.close()


class TestLogin:
    def test_a_token_serves_all_calls(self, place: GuidePlace) -> None:
        for name in ("a", "b", "c"):
            place.put(name, title=name.upper(), text="Text")
        documents(place.source())
        assert place.lab.grants == 1

    def test_a_token_that_ended_early_is_renewed(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        (item,) = place.source().listing().items
        place.lab.forget_tokens()
        assert only(item.load().documents).title == "A" and place.lab.grants == 2

    def test_credentials_that_are_refused_meanwhile_end_the_sync(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        (item,) = place.source().listing().items
        place.lab.refuses_credentials = True
        with pytest.raises(SourceUnavailable, match="credentials"):
            item.load()

    def test_a_legacy_token_serves(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text")
        lab = place.lab
        way = {"client_id": None, "client_secret": None, "email": lab.email, "api_token": lab.api_token}
        assert only(documents(Guided(place, **way).source())).title == "A" and lab.grants == 0

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"client_secret": None}, "required"),
            ({"email": "a@b.c", "api_token": "x"}, "exclude each other"),
            ({"signing_secrets": [PUBLIC_TEST_SECRET]}, "public test secret"),
            ({"signing_secrets": [" "]}, "empty"),
            ({"locales": ["English"]}, "match"),
            ({"audiences": {"staff": "staff"}}, "integer"),
            ({"category_from": "title"}, "match"),
        ],
    )
    def test_settings_that_cannot_work_are_refused(self, place: GuidePlace, change: dict[str, Any], said: str) -> None:
        with pytest.raises(ValidationError, match=said):
            Guided(place, **change).source()


class TestHearing:
    def request(self, place: GuidePlace, body: bytes, headers: dict[str, str], *, later_s: float = 0) -> RawRequest:
        at = place.clock.at + timedelta(seconds=later_s)
        return RawRequest(method="POST", path="/webhooks/kb/acme/help", headers=headers, body=body, received_at=at)

    def heard(self, place: GuidePlace, name: str, number: int = 360_001_000) -> SourceNews:
        source = place.source()
        assert isinstance(source, SupportsHearing)
        return source.hear(self.request(place, *place.lab.event(name, number)))

    @pytest.mark.parametrize(
        ("name", "news"),
        [
            ("unpublished", SourceNews(gone=("360001000",))),
            ("published", SourceNews(changed=("360001000",))),
            ("vote_created", SourceNews()),
            ("comment_published", SourceNews()),
            ("subscription_created", SourceNews()),
        ],
    )
    def test_what_events_mean(self, place: GuidePlace, name: str, news: SourceNews) -> None:
        assert self.heard(place, name) == news

    def test_events_of_other_things_mean_nothing(self, place: GuidePlace) -> None:
        body = b'{"type": "zen:event-type:ticket.status_changed", "detail": {"id": "35436"}}'
        source = place.source()
        assert isinstance(source, SupportsHearing)
        assert source.hear(self.request(place, body, place.lab.proof(body))) == SourceNews()
        assert source.hear(self.request(place, b"", place.lab.proof(b""))) == SourceNews()

    @pytest.mark.parametrize("number", ["", "12/../13", "x", "9" * 20, "١٢"])
    def test_an_id_that_is_none_is_refused(self, place: GuidePlace, number: str) -> None:
        body = json.dumps({"type": "zen:event-type:article.unpublished", "detail": {"id": number}}).encode()
        source = place.source()
        assert isinstance(source, SupportsHearing)
        with pytest.raises(PayloadInvalid):
            source.hear(self.request(place, body, place.lab.proof(body)))

    def test_an_event_that_zendesk_did_not_sign_is_refused(self, place: GuidePlace) -> None:
        body, headers = place.lab.event("unpublished", 360_001_000)
        source = place.source()
        assert isinstance(source, SupportsHearing)
        for request in (
            self.request(place, body + b" ", headers),
            self.request(place, body, {}),
            self.request(place, body, headers, later_s=301),
        ):
            with pytest.raises(SignatureInvalid):
                source.hear(request)

    def test_without_a_secret_nothing_is_believed(self, place: GuidePlace) -> None:
        source = Guided(place, signing_secrets=[]).source()
        assert isinstance(source, SupportsHearing)
        with pytest.raises(SignatureInvalid):
            source.hear(self.request(place, *place.lab.event("unpublished", 360_001_000)))

    def test_an_article_is_read_outside_a_listing(self, place: GuidePlace) -> None:
        place.put("a", title="A", text="Text", category="Returns")
        source = place.source()
        assert isinstance(source, SupportsHearing)
        loaded = source.item(place.ref("a")).load()
        assert loaded.documents == tuple(documents(source)) and loaded.version == ""
