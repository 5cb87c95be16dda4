"""The page of the webhook desk tells the truth: its schema, its examples and its receiver work with what is sent."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from core.errors import SignatureInvalid
from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseChange, CaseStatus, EntryMade
from gateway.lab.desks.webhook.lab import SECRET
from handoff.desks.slack.settings import SCOPES, SlackDeskSettings
from handoff.desks.webhook import events
from handoff.desks.webhook.settings import WebhookDeskSettings
from tests.handoff.desks.webhook.scene import AT, Scene, case, entry, webhook_scene

DOCS = Path(__file__).resolve().parents[4] / "docs" / "desks"
PAGE = (DOCS / "webhook.md").read_text()
SCHEMA: dict[str, Any] = json.loads((DOCS / "webhook.schema.json").read_text())


def blocks(language: str) -> list[str]:
    """The page's examples."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def checker(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{name}"})


def test_the_schema_is_that_of_the_events() -> None:
    made = json.dumps(events.schema(), indent=1, ensure_ascii=False) + "\n"
    assert (DOCS / "webhook.schema.json").read_text() == made
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_examples_are_of_the_schema() -> None:
    opened, reply = [json.loads(each) for each in blocks("json")]
    checker("Outgoing").validate(opened)
    checker("Incoming").validate(reply)
    with pytest.raises(jsonschema.ValidationError):
        checker("Incoming").validate({**reply, "agent": {}})


def test_every_type_is_on_the_page() -> None:
    kinds = {kind.__struct_config__.tag for union in (events.Outgoing, events.Incoming) for kind in union.__args__}
    assert len(kinds) == 13
    assert not {kind for kind in kinds if f"`{kind}`" not in PAGE}


@pytest.mark.parametrize(("page", "settings"), [("webhook", WebhookDeskSettings), ("slack", SlackDeskSettings)])
def test_every_setting_is_on_its_page(page: str, settings: type[WebhookDeskSettings | SlackDeskSettings]) -> None:
    text = (DOCS / f"{page}.md").read_text()
    assert not {name for name in settings.model_fields if f"`{name}`" not in text}


def test_slacks_page_asks_for_the_scopes_that_are_needed() -> None:
    (listed,) = re.findall(r"bot: (\[.*?\])", (DOCS / "slack.md").read_text(), re.DOTALL)
    assert set(json.loads(listed)) == SCOPES


async def test_everything_that_is_sent_is_of_the_schema() -> None:
    async with webhook_scene() as scene:
        ref = await scene.desk.create(case(opening=entry(files=(scene.file("a.png", b"png"),))))
        entry_id = await scene.desk.add(ref, entry(key="k1", links=(("a", "https://x.example"),)), again=False)
        await scene.desk.add(ref, entry(key="k2", by=By.OURS, is_public=False), again=False)
        await scene.desk.edit(ref, entry_id, None)
        await scene.desk.change(ref, CaseChange(status=CaseStatus.SOLVED))
        await scene.desk.examine()
        assert len({each["type"] for each in scene.lab.received}) == len(events.Outgoing.__args__) == 6
        for sent in scene.lab.received:
            checker("Outgoing").validate(sent)


async def test_everything_the_stand_in_posts_is_of_the_schema() -> None:
    async with webhook_scene() as scene:
        told: list[Any] = []

        async def post(body: bytes, headers: Any) -> int:
            told.append(json.loads(body))
            return 200

        scene.lab.outlet.post = post
        ref = await scene.desk.create(case())
        reply = await scene.lab.reply(ref, "Hi", agent="sue", files={"a.png": b"a"})
        await scene.lab.note(ref, "Hm", agent="max")
        await scene.lab.edit(ref, reply, "Hello")
        await scene.lab.remove(ref, reply)
        await scene.lab.assign(ref, "sue")
        await scene.lab.give_back(ref, "sue")
        await scene.lab.set_status(ref, "solved", "sue")
        assert len({each["type"] for each in told}) == len(events.Incoming.__args__) - 1 == 7
        for event in told:
            checker("Incoming").validate(event)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[dict[str, Any], str]]:
    """The page's receiver, served: its names, and its address."""
    monkeypatch.setenv("DESK_SECRET", SECRET)
    (code,) = blocks("python")
    names: dict[str, Any] = {}
    exec(compile(code, "webhook.md", "exec"), names)
    names["Receiver"].log_message = lambda *_: None
    server = ThreadingHTTPServer(("127.0.0.1", 0), names["Receiver"])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield names, f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_the_receiver_of_the_page_is_a_desk(receiver: tuple[dict[str, Any], str]) -> None:
    names, url = receiver
    async with webhook_scene(url=url) as scene:
        ref = await scene.desk.create(case())
        assert ref == await scene.another().create(case()) == "T-1"
        for again in (False, True):
            await scene.desk.add(ref, entry("Hello?", key="k1"), again=again)
        await scene.desk.add(ref, entry("fraud?", key="k2", is_public=False), again=False)
        said = [("customer", "Where is my parcel?"), ("entry.added", "Hello?"), ("note.added", "fraud?")]
        assert names["tickets"] == {"T-1": said}
        heard = _posted(scene, names)
        assert heard.ref == "T-17" and heard.entry.text == "It arrives **today**."


def _posted(scene: Scene, names: dict[str, Any]) -> EntryMade:
    """What the page's example of a reply means, signed by the page's own code."""
    body = blocks("json")[1].encode()
    headers = names["headers_for"]("e1", body)
    at = AT.fromtimestamp(int(headers["webhook-timestamp"]), AT.tzinfo)
    request = RawRequest(method="POST", path="/", headers=headers, body=body, received_at=at)
    scene.desk.verify(request)
    forged = RawRequest(method="POST", path="/", headers=headers, body=body + b" ", received_at=at)
    with pytest.raises(SignatureInvalid):
        scene.desk.verify(forged)
    (heard,) = scene.desk.parse(request)
    assert isinstance(heard, EntryMade)
    return heard
