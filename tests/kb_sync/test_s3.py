"""The s3 source keeps the contract, and reads what the service says: pages, metadata, archives, refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from core.errors import SourceUnavailable
from gateway.lab.sources.s3 import S3Service
from kb_sync.sources.s3 import plugin
from kb_sync.sources.s3.settings import S3Settings
from tests.contracts.remote_contract import RemoteSourceContract
from tests.contracts.remote_place import Nights, RemotePlace
from tests.contracts.source_contract import documents, loaded, only
from tests.kb_sync.serving import Serving


class S3Place(RemotePlace):
    """A bucket with Markdown objects below ``help``."""

    plugin = plugin
    lacks = frozenset({"json"})
    page_size = 3
    secret = "lab-s3-secret-key"
    listing_path = "/help-center/"
    item_path = "/help-center/help/"

    def __init__(self, serving: Serving, folder: Path) -> None:
        super().__init__(serving, folder)
        self.service = S3Service(page_size=self.page_size)
        self.service.put("other/not-ours.md", b"Text")
        self.weather = self.service.weather
        self.address = serving.serve(self.service.app())

    def settings(self) -> dict[str, Any]:
        return {
            "bucket": "help-center", "prefix": "help", "region": "eu-central-1", "api_url": self.address,
            "access_key_id": "LABACCESSKEY", "secret_access_key": self.secret,
        }  # fmt: skip

    def put(self, name: str, *, title: str, text: str, **meta: str) -> None:
        front = "".join(f"{key}: {json.dumps(value)}\n" for key, value in {"title": title, **meta}.items())
        self.service.put(f"help/{name}.md", f"---\n{front}---\n{text}".encode())

    def put_broken(self, name: str) -> None:
        self.service.put(f"help/{name}.md", b"---\ntitle: [unclosed\n---\nText")

    def remove(self, name: str) -> None:
        del self.service.objects[f"help/{name}.md"]

    def fetched(self, name: str) -> int:
        return self.service.sent[f"help/{name}.md"]

    def ref(self, name: str) -> str:
        return f"{name}.md"

    def restrict(self, name: str) -> None:
        key = f"help/{name}.md"
        self.service.put(key, self.service.objects[key].content, audience="staff")

    def made(self, **own: Any) -> Any:
        source = plugin.build(self._context(), plugin.settings.model_validate({**self.settings(), **own}))
        self._sources.append(source)
        return source

    def _context(self) -> Any:
        from kb_sync import SourceContext
        from tests.kb_sync.world import NOW

        return SourceContext(id="help", tenant="acme", clock=lambda: NOW, folder=self.folder, sleep=self.slept.append)


@pytest.fixture
def place(serving: Serving, tmp_path: Path) -> Iterator[S3Place]:
    made = S3Place(serving, tmp_path)
    yield made
    made.close()


class TestS3(RemoteSourceContract):
    """The contract."""


def test_keys_of_any_script(place: S3Place) -> None:
    keys = ["Größe & Maß/返品 + (1).md", "a b/c~d!*'.md", "per%20cent/a+b=c;d.md", "x//y.md"]
    for key in keys:
        place.service.put(f"help/{key}", b"Text")
    for quotes in (True, False):
        place.service.quotes_keys = quotes
        assert sorted(document.external_id for document in documents(place.made())) == sorted(keys)


def test_a_service_without_the_name_space(place: S3Place) -> None:
    place.service.has_namespace = False
    place.put("a", title="A", text="Text")
    assert only(documents(place.made())).title == "A"


def test_readable_objects_only(place: S3Place) -> None:
    for key in ("a.md", "b/c.txt", "b/", "logo.png", ".hidden/d.md", "e.exe", "../f.md", "drafts/g.md"):
        place.service.put(f"help/{key}", b"Text of it")
    found = documents(place.made(exclude=["drafts"]))
    assert [document.external_id for document in found] == ["a.md", "b/c.txt"]


def test_without_a_prefix_all_is_read(place: S3Place) -> None:
    place.put("a", title="A", text="Text")
    found = documents(place.made(prefix="", url_prefix="https://docs.example"))
    assert [document.url for document in found] == [
        "https://docs.example/help/a", "https://docs.example/other/not-ours",
    ]  # fmt: skip


def test_metadata_stands_in_and_its_audience_comes_first(place: S3Place) -> None:
    meta = {
        "title": "Größe",
        "category": "sizes",
        "language": "de",
        "url": "https://shop.example/a",
        "updated": "2026-03-01",
    }
    place.service.put("help/a.txt", b"Text of a", **meta, audience="staff")
    place.service.put(
        "help/b.md", b"---\naudience: public\ncategory: own\n---\nText", audience="staff", category="theirs"
    )
    first, second = documents(place.made())
    assert (first.title, first.category, first.language, first.url) == (
        "Größe",
        "sizes",
        "de",
        "https://shop.example/a",
    )
    assert first.updated_at is not None and first.updated_at.date().isoformat() == "2026-03-01"
    assert (first.audience, second.audience, second.category) == ("staff", "staff", "own")


def test_metadata_alone_is_a_change(place: S3Place) -> None:
    place.service.put("help/a.md", b"Text", audience="public")
    night = Nights(place.made()).pass_by()
    place.service.put("help/a.md", b"Text", audience="staff")
    assert [document.audience for document in night.pass_by().documents.values()] == ["staff"]


def test_json_lines_are_documents(place: S3Place) -> None:
    lines = b'{"id": "q1", "text": "First", "audience": "public"}\n{"id": 2}\n'
    place.service.put("help/faq.jsonl", lines, audience="staff")
    found, problems = loaded(place.made())
    assert (only(found).external_id, only(found).audience) == ("q1", "staff")
    assert [problem.external_id for problem in problems] == ["faq.jsonl, line 2"]


def test_an_object_in_an_archive_is_one_problem(place: S3Place) -> None:
    place.put("a", title="A", text="Text")
    place.service.put("help/b.md", b"Text", storage="GLACIER")
    found, problems = loaded(place.made())
    assert only(found).title == "A" and "restored" in problems[0].problem


def test_an_object_that_is_too_large_is_not_asked_for(place: S3Place) -> None:
    place.service.put("help/a.md", b"word " * 4_000_001)
    _, problems = loaded(place.made())
    assert "20 MB" in problems[0].problem and place.service.sent["help/a.md"] == 0


def test_an_object_that_changes_after_it_was_listed_is_read_again(place: S3Place) -> None:
    place.service.put("help/a.md", b"One")
    source = place.made()
    (item,) = source.listing().items
    place.service.put("help/a.md", b"Two")
    read = item.load()
    assert [document.body for document in read.documents] == ["Two"] and read.version != item.version


def test_an_object_that_arrives_incomplete_is_rejected(place: S3Place) -> None:
    place.service.put("help/a.md", b"A whole text")
    etag = place.service.objects["help/a.md"].etag
    place.service.says = lambda request: (
        web.Response(body=b"A wh", headers={"ETag": etag}) if request.path.endswith(".md") else None
    )
    found, problems = loaded(place.made())
    assert found == [] and "incomplete" in problems[0].problem


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"bucket": "other-bucket"}, "NoSuchBucket.*check `bucket`"),
        ({"access_key_id": "WRONG"}, "InvalidAccessKeyId.*credentials"),
        ({"secret_access_key": "wrong"}, "SignatureDoesNotMatch.*credentials"),
        ({"access_key_id": None, "secret_access_key": None}, "AccessDenied.*s3:ListBucket"),
        ({"region": "us-west-2"}, "another region eu-central-1; mend `region`"),
    ],
)
def test_a_refusal_is_said_with_what_to_do(place: S3Place, own: dict[str, Any], said: str) -> None:
    with pytest.raises(SourceUnavailable, match=said):
        place.made(**own).listing()


def test_a_public_bucket_needs_no_key(place: S3Place) -> None:
    place.service.is_public = True
    place.put("a", title="A", text="Text")
    assert only(documents(place.made(access_key_id=None, secret_access_key=None))).title == "A"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html><body>Please sign in</body></html>", "HTML page"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><ListBucketResult>&a;</ListBucketResult>", "something else"),
        ("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", "does not go on"),
        (
            "<ListBucketResult><IsTruncated>true</IsTruncated>"
            "<NextContinuationToken>x</NextContinuationToken></ListBucketResult>",
            "does not go on",
        ),
        ("", "something else"),
    ],
)
def test_a_list_that_cannot_be_read_to_its_end_takes_nothing_away(place: S3Place, body: str, said: str) -> None:
    place.service.says = lambda _request: web.Response(text=body, content_type="application/xml")
    with pytest.raises(SourceUnavailable, match=said):
        place.made().listing()


@pytest.mark.parametrize(
    ("own", "base"),
    [
        ({}, "https://help.s3.eu-west-1.amazonaws.com"),
        ({"bucket": "help.acme.example"}, "https://s3.eu-west-1.amazonaws.com/help.acme.example"),
        ({"addressing": "path"}, "https://s3.eu-west-1.amazonaws.com/help"),
        ({"api_url": "https://minio.acme.example/"}, "https://minio.acme.example/help"),
        ({"api_url": "https://store.example", "addressing": "host"}, "https://help.store.example"),
    ],
)
def test_where_a_bucket_is(own: dict[str, Any], base: str) -> None:
    made = S3Settings.model_validate({"bucket": "help", "region": "eu-west-1", **own})
    assert made.base == base


@pytest.mark.parametrize(
    "own",
    [
        {"bucket": "Help"}, {"bucket": "a/b"}, {"region": "eu west"}, {"access_key_id": "only"}, {"session_token": "only"},
        {"api_url": "https://minio.example/?x=1"},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_refused(own: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        plugin.settings.model_validate({"bucket": "help", **own})
