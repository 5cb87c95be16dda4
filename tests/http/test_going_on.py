"""The widget and ``POST /chat`` while nobody is at the desk: one path with every channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.domain import Owner, Status
from core.notices import DEFAULT_NOTICES
from core.staffing import Always, Staffing
from handoff.service import HandoffService
from tests.web.world import World, names, one, text_of

OPENS = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
GO_ON = DEFAULT_NOTICES["go_on"]


@pytest.fixture
def away(world: World) -> World:
    """The desk is closed until Monday."""
    tenant = world.tenant
    staff = Always(Staffing(is_open=False, opens_at=OPENS, asked_at=datetime(2026, 11, 20, 20, tzinfo=UTC)))
    handoff = HandoffService(tenant.store, notices=tenant.notices, hours=None, clock=world.clock, staff=staff)
    closed = replace(tenant, handoff=handoff, is_staffed=handoff.is_staffed)
    world.current.services = replace(world.services, tenants={**world.services.tenants, "demo": closed})
    return world


@pytest.mark.parametrize("path", ["/v1/web/escalate", "/escalate"])
async def test_both_ways_to_ask_tell_when_the_desk_opens_and_offer_the_assistant(away: World, path: str) -> None:
    started = await away.session()
    token, conv = started["session_token"], started["conv_id"]
    body = {"conv_id": conv} if path == "/escalate" else {}
    async with away.stream(token) as stream:
        await away.call("POST", path, token=token, json=body, status=200)
        told = (await stream.until("message.created", role="system"))[-1].data
        assert "back on Monday 09:00 UTC" in told["text"]
        assert told["choices"] == [GO_ON]
        await away.call(
            "POST", "/v1/web/messages", token=token, json={"client_msg_id": "go", "text": GO_ON}, status=202
        )
        said = (await stream.until("message.created", role="system"))[-1].data
        assert said["text"] == DEFAULT_NOTICES["went_on"]
        await away.call("POST", "/v1/web/messages", token=token, json={"client_msg_id": "q", "text": "hi"}, status=202)
        await stream.until("message.created", role="bot")
    head = await away.tenant.store.head(conv)
    assert head is not None
    assert (head.status, head.owner) == (Status.ESCALATED, Owner.BOT)


async def test_the_same_choice_sent_twice_is_one(away: World) -> None:
    started = await away.session()
    token = started["session_token"]
    await away.call("POST", "/v1/web/escalate", token=token, status=200)
    body = {"client_msg_id": "go", "text": GO_ON}
    answers = [await away.call("POST", "/v1/web/messages", token=token, json=body, status=202) for _ in range(3)]
    assert [answer["duplicate"] for answer in answers] == [False, True, True]
    assert len({answer["message_id"] for answer in answers}) == 1


async def test_a_caller_of_chat_reads_the_answer_to_the_choice(away: World) -> None:
    started = await away.session()
    token = started["session_token"]
    await away.call("POST", "/v1/web/escalate", token=token, status=200)
    events = await away.chat(GO_ON, token=token)
    assert text_of(events) == DEFAULT_NOTICES["went_on"]
    assert "error" not in names(events)
    assert one(events, "done").data["owner"] == Owner.BOT
