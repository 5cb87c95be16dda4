"""The lab's page server over a real socket, with vendors that do not exist."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, web
from yarl import URL

from gateway.lab.panes import Pane
from gateway.lab.server import Lab, Places
from gateway.lab.vendor import Delivered, Fault
from tests.lab.fake_vendor import FakeReceipts, FakeVendor, TalkativeVendor, answered, mute, talkative

LIMIT_S = 10


@dataclass
class Playing:
    """A running lab and a page's hands."""

    lab: Lab
    slack: TalkativeVendor
    sms: FakeVendor
    receipts: FakeReceipts
    url: str
    session: ClientSession
    logins: list[str]

    async def post(self, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        data = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
        asked = {"Origin": self.url, "Content-Type": "application/json", **headers}
        async with self.session.post(self.url + path, data=data, headers=asked) as answer:
            return answer.status, await answer.text()

    async def get(self, path: str, **headers: str) -> ClientResponse:
        async with self.session.get(self.url + path, headers=headers, allow_redirects=False) as answer:
            await answer.read()
            return answer


@pytest.fixture
async def lab() -> AsyncIterator[Playing]:
    slack, sms, receipts, logins = TalkativeVendor("slack"), FakeVendor("sms"), FakeReceipts(), list[str]()

    async def log_in() -> str | None:
        logins.append("sam")
        return "frontdesk_desk=signed; Path=/; HttpOnly"

    made = Lab(
        panes=[
            Pane(id="shop-web", kind="web", title="Web chat", subtitle="on the site", receipts=FakeReceipts()),
            Pane(
                id="shop-slack", kind="slack", title="Slack", subtitle="Ana", receipts=receipts, played=talkative(slack)
            ),
            Pane(id="shop-sms", kind="sms", title="SMS", subtitle="+44", receipts=FakeReceipts(), played=mute(sms)),
        ],
        stand_ins={"/slack": slack.app(), "/twilio": sms.app()},
        places=Places(web="http://127.0.0.1:1/frame?account=shop-web", desk="http://127.0.0.1:2/desk/"),
        company="Larkspur",
        suggestions=["How much is delivery?"],
        log_in=log_in,
    )
    runner = web.AppRunner(made.app(), shutdown_timeout=2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with ClientSession() as session:
        yield Playing(made, slack, sms, receipts, url, session, logins)
    await runner.cleanup()
    assert slack.is_closed
    assert sms.is_closed


class Watching:
    """The page's stream."""

    def __init__(self, answer: ClientResponse) -> None:
        self.answer = answer
        self.panes: dict[str, dict[str, Any]] = {}

    async def until(self, name: str, happened: Any) -> dict[str, Any]:
        """Read on until a pane is as wished."""
        async with asyncio.timeout(LIMIT_S):
            while name not in self.panes or not happened(self.panes[name]):
                line = (await self.answer.content.readline()).decode()
                assert line, "the stream ended"
                if line.startswith("data: "):
                    view = json.loads(line[6:])
                    self.panes[view["id"]] = view
        return self.panes[name]


@pytest.fixture
async def stream(lab: Playing) -> AsyncIterator[Watching]:
    async with lab.session.get(lab.url + "/api/stream", read_bufsize=2**25) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        yield Watching(answer)


def texts(view: dict[str, Any]) -> list[str]:
    return [message["text"] for message in view["messages"]]


async def test_what_there_is_to_show(lab: Playing) -> None:
    async with lab.session.get(lab.url + "/api/lab") as answer:
        about = await answer.json()
    assert [(pane["id"], pane["has_vendor"], pane["abilities"]) for pane in about["panes"]] == [
        ("shop-web", False, []),
        ("shop-slack", True, ["edit", "react"]),
        ("shop-sms", True, []),
    ]
    assert about["company"] == "Larkspur"
    assert about["suggestions"] == ["How much is delivery?"]
    assert {trouble["id"] for trouble in about["troubles"]} == {
        "throttled", "unavailable", "lost_answer", "refused", "duplicate",
    }  # fmt: skip


async def test_what_the_contact_says_goes_to_the_vendor_and_back_to_the_page(lab: Playing, stream: Watching) -> None:
    assert await lab.post("/api/panes/shop-slack/say", {"text": "Hello"}) == (200, '{"status":200}')
    assert lab.slack.calls == [("say", "Hello")]
    view = await stream.until("shop-slack", lambda view: view["messages"])
    assert [(message["author"], message["text"]) for message in view["messages"]] == [("contact", "Hello")]
    assert lab.sms.calls == []


async def test_what_changes_while_other_panes_are_sent_is_not_lost(lab: Playing, stream: Watching) -> None:
    lab.slack.post("long " * 2_000_000)
    lab.sms.post("first")
    await stream.until("shop-sms", lambda view: texts(view) == ["first"])
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(lab.url).port)
    try:
        writer.write(b"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert await reader.read(1)
        lab.sms.post("second")  # while nobody reads, so the long words are still being sent
        await stream.until("shop-sms", lambda view: texts(view) == ["first", "second"])
        async with asyncio.timeout(LIMIT_S):
            end = b""
            while b'"text":"second"' not in end:
                end = end[-100:] + await reader.read(1_000_000)
    finally:
        writer.close()


async def test_a_refused_webhook_is_told(lab: Playing) -> None:
    lab.slack.answer = Delivered(401, b"{}")
    assert await lab.post("/api/panes/shop-slack/say", {"text": "Hello"}) == (200, '{"status":401}')


async def test_press_edit_react(lab: Playing) -> None:
    ref = lab.slack.post("Did that help?", choices=("Yes", "No"))
    assert (await lab.post("/api/panes/shop-slack/press", {"ref": ref, "choice": "Yes"}))[0] == 200
    assert (await lab.post("/api/panes/shop-slack/edit", {"ref": "slack-2", "text": "No"}))[0] == 200
    assert (await lab.post("/api/panes/shop-slack/react", {"ref": ref, "is_good": False}))[0] == 200
    assert lab.slack.calls == [("press", ref, "Yes"), ("edit", "slack-2", "No"), ("react", ref, False)]


async def test_what_a_vendor_cannot_do_is_said(lab: Playing) -> None:
    assert (await lab.post("/api/panes/shop-sms/edit", {"ref": "1", "text": "No"}))[0] == 409
    assert (await lab.post("/api/panes/shop-sms/react", {"ref": "1", "is_good": True}))[0] == 409
    assert (await lab.post("/api/panes/shop-web/say", {"text": "Hello"}))[0] == 404
    assert (await lab.post("/api/panes/nobody/say", {"text": "Hello"}))[0] == 404
    assert lab.sms.calls == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"text": 1}', b'{"text": "a", "more": 1}', b"\xff"])
async def test_rubbish_is_refused(lab: Playing, body: bytes) -> None:
    assert (await lab.post("/api/panes/shop-slack/say", body))[0] == 422
    assert lab.slack.calls == []


async def test_files_voice_notes_and_photos(lab: Playing) -> None:
    path = "/api/panes/shop-slack/attach?name=..%2Fbill.pdf"
    assert (await lab.post(path, b"%PDF-1.7", **{"Content-Type": "application/pdf"}))[0] == 200
    assert (await lab.post("/api/panes/shop-slack/voice", {"text": "How much is delivery?"}))[0] == 200
    assert (await lab.post("/api/panes/shop-slack/photo"))[0] == 200
    names = [(name, media_type, is_voice) for _, name, media_type, size, is_voice in lab.slack.calls if size]
    assert names == [
        ("bill.pdf", "application/pdf", False),
        ("voice.ogg", "audio/ogg", True),
        ("garden.png", "image/png", False),
    ]


async def test_a_voice_note_has_words_only_where_the_vendor_writes_them_down(lab: Playing) -> None:
    for name in ("shop-slack", "shop-sms"):
        assert (await lab.post(f"/api/panes/{name}/voice", {"text": "How much is delivery?"}))[0] == 200
    assert (lab.slack.captions, lab.sms.captions) == (["How much is delivery?"], [""])


async def test_a_reply_gets_its_receipt_when_the_ledger_knows_it(lab: Playing, stream: Watching) -> None:
    ref = lab.slack.post("Delivery is £5.")
    view = await stream.until("shop-slack", lambda view: view["messages"])
    assert view["messages"][0]["known"] is None
    lab.receipts.known[ref] = answered(ref)
    lab.lab.ledger.changed()
    view = await stream.until("shop-slack", lambda view: view["messages"][0]["known"])
    assert view["messages"][0]["known"]["receipt"]["confidence"] == 0.808


async def test_a_contacts_own_words_have_no_receipt(lab: Playing, stream: Watching) -> None:
    ref = lab.slack.post("Hello", author="contact")
    lab.receipts.known[ref] = answered(ref)
    lab.slack.post("Hello!", ref="other")
    view = await stream.until("shop-slack", lambda view: len(view["messages"]) == 2)
    assert [message["known"] for message in view["messages"]] == [None, None]


async def test_a_trouble_waits_and_is_shown_when_it_hits(lab: Playing, stream: Watching) -> None:
    assert (await lab.post("/api/panes/shop-slack/trouble", {"trouble": "throttled"}))[0] == 204
    view = await stream.until("shop-slack", lambda view: view["armed"])
    assert view["armed"] == ["slow down (429)"]
    async with lab.session.post(lab.url + "/slack/messages", json={"text": "Hi"}) as answer:
        assert answer.status == 429
    async with lab.session.post(lab.url + "/slack/messages", json={"text": "Hi"}) as answer:
        assert answer.status == 200
    view = await stream.until("shop-slack", lambda view: "Hi" in texts(view))
    assert sorted(texts(view)) == ["Hi", "messages: slow down (429)"]
    assert view["armed"] == []
    assert lab.slack.faults.hit == [(Fault.THROTTLED, "messages")]


async def test_the_next_event_can_come_twice(lab: Playing, stream: Watching) -> None:
    assert (await lab.post("/api/panes/shop-sms/trouble", {"trouble": "duplicate"}))[0] == 204
    view = await stream.until("shop-sms", lambda view: view["armed"])
    assert view["armed"] == ["the next event arrives twice"]
    assert lab.sms.hook.duplicate_next == 1


async def test_no_other_trouble(lab: Playing) -> None:
    assert (await lab.post("/api/panes/shop-slack/trouble", {"trouble": "unauthorized"}))[0] == 422
    assert lab.slack.faults.take("messages") is None


async def test_what_the_other_side_does_is_shown(lab: Playing, stream: Watching) -> None:
    lab.slack.doing = "is typing…"
    lab.slack.watch.changed()
    view = await stream.until("shop-slack", lambda view: view["activity"])
    assert view["activity"] == "is typing…"


async def test_the_body_a_vendor_received(lab: Playing) -> None:
    ref = lab.slack.post("Hi")
    async with lab.session.get(f"{lab.url}/api/panes/shop-slack/raw?ref={ref}") as answer:
        assert await answer.json() == {"raw": {"text": "Hi"}}
    assert (await lab.get("/api/panes/shop-slack/raw?ref=none")).status == 404


async def test_every_stream_begins_with_everything(lab: Playing, stream: Watching) -> None:
    for name in ("shop-web", "shop-slack", "shop-sms"):
        await stream.until(name, lambda view: view["messages"] == [])


async def test_sitting_down_at_the_desk(lab: Playing) -> None:
    async with lab.session.post(lab.url + "/api/desk", headers={"Origin": lab.url}) as answer:
        assert answer.status == 204
        assert answer.headers["Set-Cookie"].startswith("frontdesk_desk=signed")
    assert lab.logins == ["sam"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_another_page_cannot_play(lab: Playing, headers: dict[str, str]) -> None:
    for path in ("/api/panes/shop-slack/say", "/api/desk"):
        assert (await lab.post(path, {"text": "Hello"}, **headers))[0] == 403
    assert lab.slack.calls == []
    assert lab.logins == []


async def test_who_does_not_say_where_they_come_from_cannot_play(lab: Playing) -> None:
    async with lab.session.post(lab.url + "/api/panes/shop-slack/say", json={"text": "Hello"}) as answer:
        assert answer.status == 403
    assert lab.slack.calls == []


async def test_another_name_of_this_computer_is_refused(lab: Playing) -> None:
    for path in ("/", "/api/lab", "/api/stream"):
        assert (await lab.get(path, Host="rebound.example")).status == 421
    port = lab.url.rsplit(":", 1)[1]
    home = await lab.get("/", Host=f"localhost:{port}")
    assert (home.status, home.headers["Location"]) == (303, f"{lab.url}/")


async def test_the_page_asks_nobody_else(lab: Playing) -> None:
    home = await lab.get("/")
    policy = home.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-src 'self' http://127.0.0.1:1 http://127.0.0.1:2;" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


async def test_files_of_the_page(lab: Playing) -> None:
    script = await lab.get("/app/app.js")
    assert (script.status, script.content_type) == (200, "text/javascript")
    again = await lab.get("/app/app.js", **{"If-None-Match": script.headers["ETag"]})
    assert again.status == 304
    for name in ("nothing.js", "..%2Fserver.py", "server.py"):
        assert (await lab.get(f"/app/{name}")).status == 404
