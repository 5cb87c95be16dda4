"""Notion's webhooks: who signed them, what they say, and what becomes of the pages they name."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from core.errors import DocumentRejected, PayloadInvalid, PayloadMalformed, SignatureInvalid
from core.ports.channel import RawRequest
from core.ports.knowledge import Loaded, SourceNews
from kb_sync.hearing import reread
from kb_sync.job import SyncJob
from kb_sync.pipeline import sync
from kb_sync.reading import withdraw
from kb_sync.sources.notion.source import NotionSource
from tests.kb_sync.notion_place import NotionPlace
from tests.kb_sync.serving import Serving
from tests.kb_sync.world import NOW, job

WORKSPACE = {"type": "workspace", "workspace": True}


@pytest.fixture
def place(serving: Serving, tmp_path: Path) -> Iterator[NotionPlace]:
    made = NotionPlace(serving, tmp_path)
    made.more = {"webhook_tokens": ["secret_old0old0old0", made.lab.webhook_token]}
    yield made
    made.close()


def hear(place: NotionPlace, body: bytes, headers: Mapping[str, str] | None = None) -> SourceNews:
    signed = place.lab.signed(body) if headers is None else headers
    path = "/webhooks/kb/acme/help"
    return source(place).hear(RawRequest(method="POST", path=path, headers=signed, body=body, received_at=NOW))


def source(place: NotionPlace) -> NotionSource:
    made = place.source()
    assert isinstance(made, NotionSource)
    return made


def load(place: NotionPlace, id: str) -> Loaded:
    return source(place).item(id).load()


@pytest.mark.parametrize(
    "kind", ["page.created", "page.content_updated", "page.properties_updated", "page.moved", "page.undeleted"]
)
def test_a_change_is_heard(place: NotionPlace, kind: str) -> None:
    place.put("a", title="A", text="Text")
    assert hear(place, place.lab.event(kind, place.ref("a"))) == SourceNews(changed=(place.ref("a"),))


def test_a_deleted_page_is_gone(place: NotionPlace) -> None:
    place.put("a", title="A", text="Text")
    assert hear(place, place.lab.event("page.deleted", place.ref("a"))) == SourceNews(gone=(place.ref("a"),))


def test_an_id_is_heard_as_the_listing_tells_it(place: NotionPlace) -> None:
    place.put("a", title="A", text="Text")
    body = place.lab.event("page.deleted", place.ref("a").replace("-", "").upper())
    assert hear(place, body).gone == (place.ref("a"),)


@pytest.mark.parametrize(
    ("kind", "of"),
    [
        ("page.locked", "page"),
        ("comment.created", "comment"),
        ("data_source.deleted", "data_source"),
        ("new.kind", "page"),
    ],
)
def test_what_is_no_news_of_a_page_is_passed_over(place: NotionPlace, kind: str, of: str) -> None:
    assert hear(place, place.lab.event(kind, place.lab.id(), of=of)) == SourceNews()


@pytest.mark.parametrize("change", ["missing", "other token", "other body", "no digest", "letters"])
def test_what_notion_did_not_sign_is_refused(place: NotionPlace, change: str) -> None:
    body = place.lab.event("page.deleted", place.lab.id())
    name = "X-Notion-Signature"
    headers = {
        "missing": {},
        "other token": place.lab.signed(body, token="secret_somebody0elses"),
        "other body": place.lab.signed(body + b" "),
        "no digest": {name: "sha256="},
        "letters": {name: "sha256=é\udc80"},
    }[change]
    with pytest.raises(SignatureInvalid):
        hear(place, body, headers)


def test_both_tokens_are_taken_while_they_change_and_names_know_no_case(place: NotionPlace) -> None:
    body = place.lab.event("page.deleted", place.lab.id())
    for token in ("secret_old0old0old0", place.lab.webhook_token):
        headers = {name.lower(): value for name, value in place.lab.signed(body, token=token).items()}
        assert len(hear(place, body, headers).gone) == 1


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[]", b'{"entity": 7}'])
def test_what_nobody_can_read_is_refused(place: NotionPlace, body: bytes) -> None:
    with pytest.raises((PayloadInvalid, PayloadMalformed)):
        hear(place, body)


def test_an_id_that_is_none_is_refused(place: NotionPlace) -> None:
    with pytest.raises(PayloadInvalid):
        hear(place, place.lab.event("page.deleted", "../../etc"))


def test_the_first_call_leaves_the_token_for_an_admin(place: NotionPlace) -> None:
    place.more = {}
    assert hear(place, place.lab.handshake(), {}) == SourceNews()
    file = place.folder / "acme" / "help" / "verification_token"
    assert file.read_text().strip() == place.lab.webhook_token
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("token", ["", "secret_x", "../../x", "secret_" + "a" * 300, "secret_<script>alert(1)"])
def test_nothing_else_is_left(place: NotionPlace, token: str) -> None:
    place.more = {}
    with pytest.raises(SignatureInvalid):
        hear(place, json.dumps({"verification_token": token}).encode(), {})
    assert not (place.folder / "acme").exists()


def test_with_a_token_no_stranger_leaves_another(place: NotionPlace) -> None:
    with pytest.raises(SignatureInvalid):
        hear(place, place.lab.handshake(), {})
    assert not (place.folder / "acme").exists()


def test_a_named_page_is_read_as_the_listing_reads_it(place: NotionPlace) -> None:
    place.put("a", title="A", text="Text", audience="staff", category="one")
    (listed,) = place.source().listing().items
    assert load(place, place.ref("a")).documents == listed.load().documents


def test_a_page_that_went_holds_nothing(place: NotionPlace) -> None:
    for name in ("trashed", "lost"):
        place.put(name, title=name, text="Text")
    lost = place.ref("lost")
    place.remove("trashed")
    place.vanish("lost")
    assert load(place, place.ref("trashed")) == load(place, lost) == Loaded(documents=())


def test_a_page_that_is_unpublished_holds_nothing_any_more(place: NotionPlace) -> None:
    place.more |= {"status_property": "Status", "statuses": ["Published"]}
    place.put("a", title="A", text="Text")
    for status, count in {"Published": 1, "Draft": 0}.items():
        place.pages["a"].properties["Status"] = {"type": "status", "status": {"name": status}}
        assert len(load(place, place.ref("a")).documents) == count


def test_pages_elsewhere_in_the_workspace_are_none_of_ours(place: NotionPlace) -> None:
    lab = place.lab
    private = lab.page("Salaries", [lab.words("paragraph", "4711")], parent=WORKSPACE)
    other = lab.page("Other", [lab.words("paragraph", "4711")], parent=lab.row_of(lab.new_database()))
    below = lab.page("Below", [lab.words("paragraph", "4711")], parent={"type": "page_id", "page_id": private.id})
    place.put("a", title="A", text="Text")
    in_row = lab.page("In", [lab.words("paragraph", "x")], parent={"type": "page_id", "page_id": place.ref("a")})
    listed = {item.external_id for item in place.source().listing().items}
    for page in (private, other, below, in_row):
        assert page.id not in listed and load(place, page.id) == Loaded(documents=())


def test_pages_below_a_named_one_are_ours_through_blocks_too(place: NotionPlace) -> None:
    lab = place.lab
    root = lab.page("Root", [], parent=WORKSPACE)
    toggle = lab.words("toggle", "More", lab.words("paragraph", "x"))
    lab.write(root, [toggle])
    low = lab.page("Low", [lab.words("paragraph", "Text")], parent={"type": "block_id", "block_id": toggle.id})
    place.more |= {"pages": [root.id]}
    assert [each.title for page in (root, low) for each in load(place, page.id).documents] == ["Root", "Low"]


def test_a_deleted_page_is_answered_from_no_more_and_comes_back(place: NotionPlace, tmp_path: Path) -> None:
    for name in ("a", "b"):
        place.put(name, title=name.upper(), text=f"Text of {name}")
    work = job(tmp_path / "kb", reader := source(place))
    assert sync(work).runs[0].added == 2
    place.remove("a")
    gone = hear(place, place.lab.event("page.deleted", place.ref("a"))).gone
    assert withdraw(work, reader.id, gone) == 1
    assert not reread(work, reader, gone=gone)
    assert _titles(work) == ["B"]
    place.pages["a"].in_trash = False
    assert reread(work, reader, changed=hear(place, place.lab.event("page.undeleted", place.ref("a"))).changed)
    assert _titles(work) == ["A", "B"]


def test_a_late_call_takes_nothing_away_for_good(place: NotionPlace, tmp_path: Path) -> None:
    place.put("a", title="A", text="Text")
    work = job(tmp_path / "kb", reader := source(place))
    sync(work)
    gone = hear(place, place.lab.event("page.deleted", place.ref("a"))).gone
    withdraw(work, reader.id, gone)
    reread(work, reader, gone=gone)
    assert _titles(work) == ["A"]


def _titles(work: SyncJob) -> list[str]:
    return sorted(each.title for each in work.store.documents(work.tenant))


def test_a_failure_is_not_taken_for_a_page_that_went(place: NotionPlace) -> None:
    place.put("a", title="A", text="Text")
    place.lock()
    with pytest.raises(DocumentRejected):
        load(place, place.ref("a"))


def test_a_name_that_is_no_id_holds_nothing(place: NotionPlace) -> None:
    assert load(place, "../v1/users") == Loaded(documents=())
