"""The stand-in is as strict as Slack: limits, words of refusal, and what it does not tell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from gateway.lab.slack import SlackLab
from gateway.lab.vendor import Fault

ROOM = "D0KIM"


class Caller:
    """An app that calls the stand-in in its own way."""

    def __init__(self, lab: SlackLab, session: aiohttp.ClientSession, base: str) -> None:
        self.lab = lab
        self.session = session
        self.base = base

    async def __call__(self, method: str, *, token: str = "xoxb-lab-token", **body: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.session.post(f"{self.base}api/{method}", json=body, headers=headers) as response:
            told: dict[str, Any] = await response.json()
            return told

    async def error(self, method: str, **body: Any) -> str:
        told = await self(method, **body)
        assert not told["ok"]
        return str(told["error"])


@pytest.fixture
async def call() -> AsyncIterator[Caller]:
    lab = SlackLab()
    server = TestServer(lab.app())
    await server.start_server()
    async with aiohttp.ClientSession() as session:
        yield Caller(lab, session, str(server.make_url("/")))
    await lab.close()
    await server.close()


def buttons(count: int, **changes: Any) -> list[dict[str, Any]]:
    words = {"type": "plain_text", "text": "Yes"}
    each = [{"type": "button", "action_id": f"a{number}", "text": words, **changes} for number in range(count)]
    return [{"type": "actions", "elements": each}]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"channel": "C0NONE", "text": "x"}, "channel_not_found"),
        ({"channel": ROOM}, "no_text"),
        ({"text": "x"}, "invalid_arguments"),
        ({"channel": ROOM, "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ({"channel": ROOM, "blocks": [{"type": "markdown", "text": "x" * 12_001}]}, "msg_blocks_too_long"),
        ({"channel": ROOM, "blocks": [{"type": "markdown", "text": "x"}] * 51}, "invalid_blocks"),
        ({"channel": ROOM, "blocks": [{"type": "html", "text": "x"}]}, "invalid_blocks"),
        ({"channel": ROOM, "blocks": {"type": "markdown"}}, "invalid_blocks_format"),
        ({"channel": ROOM, "blocks": buttons(26)}, "invalid_blocks"),
        ({"channel": ROOM, "blocks": buttons(2, action_id="same")}, "invalid_blocks"),
        ({"channel": ROOM, "blocks": buttons(1, value="x" * 2_001)}, "invalid_blocks"),
        ({"channel": ROOM, "blocks": buttons(1, text={"type": "plain_text", "text": "x" * 76})}, "invalid_blocks"),
        ({"channel": ROOM, "blocks": [{"type": "context", "elements": []}]}, "invalid_blocks"),
        ({"channel": ROOM, "text": "x", "metadata": {"event_type": 1}}, "invalid_metadata_format"),
        ({"channel": ROOM, "text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_schema"),
    ],
)
async def test_what_cannot_be_posted(call: Caller, body: dict[str, Any], word: str) -> None:
    assert await call.error("chat.postMessage", **body) == word
    assert call.lab.messages() == ()


async def test_who_may_call(call: Caller) -> None:
    assert await call.error("auth.test", token="") == "not_authed"
    assert await call.error("auth.test", token="xoxb-x") == "invalid_auth"
    assert await call.error("apps.connections.open") == "invalid_auth"
    assert await call.error("chat.meMessage") == "unknown_method"
    assert (await call("auth.test"))["user_id"] == "U0BOT"


async def test_streams(call: Caller) -> None:
    assert await call.error("chat.startStream", channel=ROOM) == "invalid_arguments"
    assert await call.error("chat.startStream", channel="C0LAB", thread_ts="1.1") == "missing_recipient_user_id"
    ts = (await call("chat.startStream", channel=ROOM, thread_ts="1.1", markdown_text="a"))["ts"]
    assert await call.error("chat.update", channel=ROOM, ts=ts, text="x") == "streaming_state_conflict"
    assert await call.error("chat.appendStream", channel=ROOM, ts=ts, markdown_text="x" * 12_001) == "msg_too_long"
    assert (await call("chat.appendStream", channel=ROOM, ts=ts, markdown_text="b"))["ok"]
    assert await call.error("chat.stopStream", channel=ROOM, ts=ts, session_status="odd") == "invalid_status"
    assert (await call("chat.stopStream", channel=ROOM, ts=ts, markdown_text="c"))["ok"]
    assert (
        await call.error("chat.appendStream", channel=ROOM, ts=ts, markdown_text="d")
        == "message_not_in_streaming_state"
    )
    assert [shown.text for shown in call.lab.messages()] == ["abc"]


async def test_changing_and_deleting_only_what_is_ours(call: Caller) -> None:
    theirs = call.lab.place(ROOM, "hi")
    assert await call.error("chat.update", channel=ROOM, ts=theirs.ts, text="x") == "cant_update_message"
    ts = (await call("chat.postMessage", channel=ROOM, text="a"))["ts"]
    assert (await call("chat.update", channel=ROOM, ts=ts, text="b"))["ok"]
    assert (await call("chat.delete", channel=ROOM, ts=ts))["ok"]
    assert await call.error("chat.update", channel=ROOM, ts=ts, text="c") == "message_not_found"


async def test_history_is_paged_and_tells_metadata_only_when_asked(call: Caller) -> None:
    about = {"event_type": "a", "event_payload": {"n": 1}}
    for number in range(3):
        await call("chat.postMessage", channel=ROOM, text=str(number), metadata=about)
    first = await call("conversations.history", channel=ROOM, limit=2, include_all_metadata=True)
    assert [item["text"] for item in first["messages"]] == ["2", "1"] and first["has_more"]
    assert first["messages"][0]["metadata"] == about
    cursor = first["response_metadata"]["next_cursor"]
    rest = await call("conversations.history", channel=ROOM, limit=2, cursor=cursor)
    assert [item["text"] for item in rest["messages"]] == ["0"] and "metadata" not in rest["messages"][0]
    assert await call.error("conversations.replies", channel=ROOM, ts="1.1") == "thread_not_found"


async def test_small_methods(call: Caller) -> None:
    theirs = call.lab.place(ROOM, "hi")
    reaction = {"channel": ROOM, "timestamp": theirs.ts, "name": "eyes"}
    assert (await call("reactions.add", **reaction))["ok"]
    assert await call.error("reactions.add", **reaction) == "already_reacted"
    assert (await call("users.info", user="U0KIM"))["user"]["profile"]["display_name"] == "Kim"
    assert await call.error("users.info", user="U0NONE") == "user_not_found"
    assert await call.error("conversations.open", users="U0BOT") == "cannot_dm_bot"
    assert (await call("assistant.threads.setStatus", channel_id=ROOM, thread_ts=call.lab.pane, status="thinks"))["ok"]
    assert call.lab.activity() == "thinks"
    assert (await call("assistant.threads.setStatus", channel_id=ROOM, thread_ts=call.lab.pane, status=""))["ok"]
    assert call.lab.activity() is None
    assert await call.error("files.info", file="F1") == "file_not_found"
    assert await call.error("files.completeUploadExternal", files=[{"id": "F1"}]) == "file_not_found"


async def test_faults_are_slacks_own(call: Caller) -> None:
    for fault, status, word in ((Fault.THROTTLED, 429, "ratelimited"), (Fault.UNAVAILABLE, 503, "service_unavailable")):
        call.lab.faults.add(fault, on="chat.postMessage")
        headers = {"Authorization": "Bearer xoxb-lab-token"}
        body = {"channel": ROOM, "text": "x"}
        async with call.session.post(f"{call.base}api/chat.postMessage", json=body, headers=headers) as response:
            assert response.status == status and (await response.json())["error"] == word
            assert (response.headers.get("Retry-After") == "1") == (status == 429)
    call.lab.faults.add(Fault.LOST_ANSWER)
    with pytest.raises(aiohttp.ClientError):
        await call("chat.postMessage", channel=ROOM, text="said")
    assert [shown.text for shown in call.lab.messages()] == ["said"]
