"""The webhook desk: signed events both ways, the same however often they are sent."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError

from core.domain import Attachment
from core.errors import (
    CaseClosed,
    CaseGone,
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    PayloadInvalid,
    PayloadMalformed,
    ProviderUnavailable,
    SignatureInvalid,
    Throttled,
    Unsupported,
)
from core.inbound import Ignored, Respond
from core.ports.channel import Level, RawRequest, SupportsDoctor
from core.ports.helpdesk import (
    By,
    CaseAsked,
    CaseChange,
    CaseStatus,
    CaseWish,
    DeskAgent,
    EditsEntries,
    EntryMade,
    Urgency,
)
from gateway.lab.desks.weather import Trouble
from gateway.lab.desks.webhook import WebhookDeskLab
from gateway.lab.desks.webhook.lab import SECRET
from handoff.desks.webhook import plugin
from handoff.desks.webhook.proof import headers_of, key_of
from handoff.desks.webhook.settings import WebhookDeskSettings
from tests.handoff.desks.webhook.scene import AT, Scene, case, entry, webhook_scene

SUE = DeskAgent(id="a1", name="Sue Jones", email="sue@desk.example")
OTHER = "whsec_" + base64.b64encode(b"another secret of enough bytes").decode()


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with webhook_scene() as made:
        yield made


async def test_a_case_is_opened_once_though_its_answer_is_lost(scene: Scene) -> None:
    scene.lab.weather.add(Trouble.LOST)
    with pytest.raises(OutcomeUnknown):
        await scene.desk.create(case())
    assert await scene.another().find("fd:c_1:1") is None
    ref = await scene.another().create(case())
    assert list(scene.lab.cases) == [ref] == ["case-1"]
    assert await scene.another().find("fd:c_1:1") == ref
    held = scene.lab.cases[ref]
    assert held.facts["contact"]["name"] == "Ada" and held.facts["fields"] == {"order": "17"}
    assert [each.text for each in held.entries] == ["Where is my parcel?"]


async def test_a_desk_that_gives_no_ids_has_our_keys() -> None:
    lab = WebhookDeskLab()
    lab.gives_ids = False
    async with webhook_scene(lab) as scene:
        assert await scene.desk.create(case()) == "fd:c_1:1"
        assert await scene.desk.add("fd:c_1:1", entry(key="k1"), again=False) == "k1"


async def test_entries_are_added_once_and_notes_are_another_event(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    scene.lab.weather.add(Trouble.LOST)
    with pytest.raises(OutcomeUnknown):
        await scene.desk.add(ref, entry("Hello?", key="k1"), again=False)
    first = await scene.desk.add(ref, entry("Hello?", key="k1"), again=True)
    assert await scene.desk.add(ref, entry("Hello?", key="k1"), again=True) == first
    await scene.desk.add(ref, entry("fraud?", key="k2", by=By.OURS, is_public=False), again=False)
    held = scene.lab.cases[ref].entries
    assert [(each.text, each.is_public) for each in held[1:]] == [("Hello?", True), ("fraud?", False)]
    assert [each["type"] for each in scene.lab.received] == ["case.opened", "entry.added", "note.added"]


async def test_changes_and_edits_are_told(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    change = CaseChange(
        status=CaseStatus.PENDING, urgency=Urgency.HIGH, team="billing", add_tags=("a",), took_back=True
    )
    for _ in range(2):
        await scene.desk.change(ref, change)
    held = scene.lab.cases[ref]
    assert (held.status, held.urgency, held.team, held.tags) == ("pending", "high", "billing", {"a", "vip"})
    assert len({each["id"] for each in scene.lab.received}) == 3
    assert isinstance(scene.desk, EditsEntries)
    entry_id = await scene.desk.add(ref, entry("17", key="k1"), again=False)
    await scene.desk.edit(ref, entry_id, "71")
    assert held.entries[-1].text == "71"
    await scene.desk.edit(ref, entry_id, None)
    assert entry_id not in [each.id for each in held.entries]


async def test_files_come_along_or_as_addresses(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    await scene.desk.add(ref, entry(key="k1", files=(scene.file("a.png", b"png"),)), again=False)
    assert base64.b64decode(scene.lab.cases[ref].entries[-1].files[0]["data"]) == b"png"
    async with webhook_scene(files="link") as linked:
        ref = await linked.desk.create(case())
        await linked.desk.add(ref, entry(key="k1", files=(linked.file("a.png", b"png"),)), again=False)
        (file,) = linked.lab.cases[ref].entries[-1].files
        assert file["url"].startswith("https://files.example/u_a.png?valid_s=604800") and file["data"] is None
        linked.files.base = None
        await linked.desk.add(ref, entry(key="k2", files=(linked.file("a.png", b"png"),)), again=False)
        assert linked.lab.cases[ref].entries[-1].files[0]["url"] is None
        lost = Attachment(id="u_lost", name="x", media_type="x/y", size_bytes=1)
        with pytest.raises(MessageRejected):
            await linked.desk.add(ref, entry(key="k3", files=(lost,)), again=False)
        assert linked.desk.features.max_file_bytes > scene.desk.features.max_file_bytes


async def test_a_closed_and_a_deleted_case_are_told_apart(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    scene.lab.cases[ref].status = "closed"
    with pytest.raises(CaseClosed):
        await scene.desk.add(ref, entry(key="k1"), again=False)
    scene.lab.cases[ref].is_deleted = True
    with pytest.raises(CaseGone):
        await scene.desk.change(ref, CaseChange(status=CaseStatus.OPEN))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, ProviderUnavailable),
        (400, MessageRejected),
        (401, CredentialsInvalid),
        (403, CredentialsInvalid),
        (404, ProviderUnavailable),
        (413, MessageRejected),
        (429, Throttled),
        (500, OutcomeUnknown),
        (503, ProviderUnavailable),
    ],
)
async def test_answers_mean_what_the_page_says(status: int, error: type[DeliveryError]) -> None:
    async with (
        Answering(web.Response(status=status, headers={"Retry-After": "47"})) as url,
        webhook_scene(url=url) as scene,
    ):
        with pytest.raises(error) as caught:
            await scene.desk.create(case())
        assert type(caught.value) is error and SECRET not in str(caught.value)
        assert caught.value.retry_after_s == 47


@pytest.mark.parametrize("body", ["", "ok", "<html>", "[]", '{"ref": 1}', '{"ref": null}'])
async def test_any_answer_of_success_is_taken(body: str) -> None:
    async with Answering(web.Response(text=body)) as url, webhook_scene(url=url) as scene:
        assert await scene.desk.create(case()) == "fd:c_1:1"


class Answering:
    """An address that always answers the same."""

    def __init__(self, answer: web.Response) -> None:
        app = web.Application()

        async def answers(request: web.Request) -> web.Response:
            return web.Response(status=answer.status, text=answer.text, headers={"Retry-After": "47"})

        app.router.add_post("/hook", answers)
        self.server = TestServer(app)

    async def __aenter__(self) -> str:
        await self.server.start_server()
        return str(self.server.make_url("/hook"))

    async def __aexit__(self, *_: object) -> None:
        await self.server.close()


async def test_nothing_can_be_read_back(scene: Scene) -> None:
    assert scene.desk.features.reads is False
    with pytest.raises(Unsupported):
        await scene.desk.state("case-1")
    with pytest.raises(Unsupported):
        await scene.desk.entries("case-1")
    assert await scene.desk.changed(AT) == ()


async def test_words_that_json_cannot_say_are_mended(scene: Scene) -> None:
    ref = await scene.desk.create(case(subject="lone \udc80", opening=entry("\x00 \ud800 \U0001f600")))
    assert scene.lab.cases[ref].facts["subject"] == "lone ?"
    assert scene.lab.cases[ref].entries[0].text == "\x00 ? \U0001f600"


async def test_agents_work_is_heard(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    reply = await scene.lab.reply(ref, "On its **way**", agent="sue", files={"form.png": b"form"})
    note = await scene.lab.note(ref, "/bot", agent="max")
    await scene.lab.edit(ref, reply, "Gone")
    await scene.lab.remove(ref, note)
    said, noted, edited, deleted = [each for each in scene.heard if isinstance(each, EntryMade)]
    assert said.ref == ref and said.entry.agent == SUE and said.entry.by is By.AGENT
    assert (said.entry.id, said.entry.text, said.entry.is_public) == (reply, "On its **way**", True)
    assert (noted.entry.text, noted.entry.is_public) == ("/bot", False)
    assert (edited.entry.id, edited.entry.text, edited.entry.is_public) == (
        reply,
        "Gone",
        True,
    ) and edited.entry.revision
    assert deleted.entry.is_deleted and deleted.entry.id == note and deleted.entry.is_public is False
    got = await scene.desk.fetch(said.entry.files[0], limit_bytes=10)
    assert (got.body, got.name, got.media_type) == (b"form", "form.png", "image/png")


async def test_wishes_are_heard(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    await scene.lab.assign(ref, "sue")
    await scene.lab.give_back(ref, "sue")
    for status in ("solved", "closed", "open", "pending"):
        await scene.lab.set_status(ref, status, "sue")
    asked = [each for each in scene.heard if isinstance(each, CaseAsked)]
    assert [each.wish for each in asked] == [CaseWish.CLAIM, CaseWish.GIVE_BACK, CaseWish.RESOLVE, CaseWish.RESOLVE]
    assert len({each.id for each in asked}) == 4 and {each.agent for each in asked} == {SUE}
    assert scene.heard[-2:] == [Ignored("status_open"), Ignored("status_pending")]


async def test_a_file_from_elsewhere_is_not_fetched(scene: Scene) -> None:
    told = {"id": "f", "name": "x", "url": "http://169.254.169.254/latest/meta-data", "media_type": "x/y"}
    body = {"type": "reply", "ref": "r", "id": "e", "agent": {"id": "a", "name": "Sue"}, "files": [told]}
    (heard,) = scene.desk.parse(request(body))
    assert isinstance(heard, EntryMade)
    with pytest.raises(MessageRejected):
        await scene.desk.fetch(heard.entry.files[0], limit_bytes=10)


def request(
    body: object, *, secret: str = SECRET, at: datetime | None = None, changes: dict[str, str] | None = None
) -> RawRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    now = datetime.now(UTC)
    headers = headers_of([key_of(secret)], event_id="e1", at=at or now, body=raw)
    headers |= {name.replace("_", "-"): value for name, value in (changes or {}).items()}
    return RawRequest(method="POST", path="/", headers=headers, body=raw, received_at=now)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"webhook_signature": ""}, "missing"),
        ({"webhook_id": ""}, "missing"),
        ({"webhook_timestamp": ""}, "missing"),
        ({"webhook_timestamp": "soon"}, "malformed"),
        ({"webhook_timestamp": "2026-11-21T12:00:00Z"}, "malformed"),
        ({"webhook_timestamp": "1614265330"}, "skew"),
        ({"webhook_id": "e2"}, "secret"),
        ({"webhook_id": "e" * 400}, "malformed"),
        ({"webhook_signature": "v1,AAAA"}, "secret"),
        ({"webhook_signature": "v1,ü \udcff"}, "secret"),
    ],
)
async def test_what_is_not_proven_is_refused(scene: Scene, changes: dict[str, str], cause: str) -> None:
    scene.desk.verify(request({}))
    with pytest.raises(SignatureInvalid) as caught:
        scene.desk.verify(request({}, changes=changes))
    assert caught.value.cause == cause


async def test_other_secrets_and_old_events_are_refused_and_new_secrets_are_not(scene: Scene) -> None:
    for forged in (request({}, secret=OTHER), request({}, at=datetime.now(UTC) - timedelta(minutes=6))):
        with pytest.raises(SignatureInvalid):
            scene.desk.verify(forged)
    async with webhook_scene(secrets=[OTHER, SECRET]) as rotating:
        for secret in (OTHER, SECRET):
            rotating.desk.verify(request({}, secret=secret))
        assert await rotating.desk.create(case()) == "case-1", "and ours are signed with both"


async def test_an_event_of_ours_says_nothing_when_it_is_sent_back(scene: Scene) -> None:
    await scene.desk.create(case())
    with pytest.raises(PayloadInvalid):
        scene.desk.parse(request(scene.lab.received[0]))


GOOD: dict[str, Any] = {"type": "reply", "ref": "r", "id": "e", "agent": {"id": "a", "name": "Sue"}, "text": "Hi"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "repyl"}, "type"),
        ({"ref": ""}, "ref"),
        ({"agent": {"id": "a"}}, "agent"),
        ({"agent": {"id": "a", "name": ""}}, "agent.name"),
        ({"txt": "Hi"}, "txt"),
        ({"at": "2026-11-21T12:00:00"}, "at"),
        ({"text": 5}, "text"),
        ({"files": [{"id": "f", "name": "x"}]}, "files[0]"),
        ({"type": "status", "status": "done", "text": None}, "text"),
    ],
)
async def test_a_mistake_is_named(scene: Scene, change: dict[str, Any], field: str) -> None:
    with pytest.raises(PayloadInvalid) as caught:
        scene.desk.parse(request({**GOOD, **change}))
    assert field in caught.value.field + caught.value.safe_message


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
async def test_what_is_no_json_is_refused(scene: Scene, body: bytes) -> None:
    with pytest.raises(PayloadMalformed):
        scene.desk.parse(request(body))


async def test_a_ping_is_answered(scene: Scene) -> None:
    (heard,) = scene.desk.parse(request({"type": "ping"}))
    assert isinstance(heard, Respond) and json.loads(heard.body) == {"ok": True}


async def test_the_doctor_pings_and_names_no_customer(scene: Scene) -> None:
    assert isinstance(scene.desk, SupportsDoctor)
    findings = {each.check: each for each in await scene.desk.examine()}
    assert {each.level for each in findings.values()} == {Level.OK}
    assert [each["type"] for each in scene.lab.received] == ["ping"]
    scene.lab.weather.refuses = True
    refused = {each.check: each for each in await scene.desk.examine()}
    assert refused["credentials"].level is Level.FAILURE and SECRET not in str(refused)
    scene.lab.weather.refuses, scene.lab.weather.is_down = False, True
    assert {each.check: each for each in await scene.desk.examine()}["address"].level is Level.FAILURE


async def test_the_published_secret_is_a_failure() -> None:
    example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    async with webhook_scene(WebhookDeskLab(secret=example), secrets=[example]) as scene:
        findings = {each.check: each for each in await scene.desk.examine()}
        assert findings["secret"].level is Level.FAILURE and findings["address"].level is Level.OK


SETTINGS: dict[str, Any] = {"url": "https://desk.example/hook", "secrets": [SECRET]}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"url": "http://desk.example/hook"}, "url"),
        ({"url": "desk"}, "url"),
        ({"secrets": []}, "secrets"),
        ({"secrets": ["secret"]}, "secrets"),
        ({"secrets": ["whsec_c2hvcnQ="]}, "secrets"),
        ({"file_hosts": ["https://x.example"]}, "file_hosts"),
        ({"files": "mail"}, "files"),
        ({"secret": "x"}, "secret"),
    ],
)
def test_mistakes_in_settings_are_named(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as caught:
        WebhookDeskSettings.model_validate({**SETTINGS, **change})
    assert caught.value.errors()[0]["loc"][0] == place
    assert "c2hvcnQ" not in caught.value.errors()[0]["msg"]


def test_the_plugin_hides_its_secret_and_fetches_from_its_own_host() -> None:
    settings = plugin.settings.model_validate({**SETTINGS, "file_hosts": ["*.files.example"]})
    assert SECRET not in repr(settings)
    assert settings.fetched_from == ("https://desk.example", "*.files.example")
