"""``/v1/web/*``: sessions, identity, messages, escalation, feedback."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest

from adapters.web.settings import webhook_key
from adapters.web.signature import sign
from core.domain import Audience, Owner
from tests.web.world import World, one, web_account

SECRET = "a shared secret of at least 32 bytes"


def proof(world: World, sub: str, **claims: Any) -> str:
    now = int(world.clock().timestamp())
    body = {"sub": sub, "aud": "demo-web", "iat": now, "exp": now + 300, "name": sub.title(), **claims}
    return jwt.encode(body, SECRET, algorithm="HS256", headers={"kid": "k"})


@pytest.fixture
def knows_customers(world: World) -> World:
    world.set_settings(jwt_keys=[{"kid": "k", "alg": "HS256", "secret": SECRET}])
    return world


async def say(world: World, token: str, text: str = "hi", key: str = "m-1", **more: Any) -> Any:
    body = {"client_msg_id": key, "text": text, **more}
    return await world.call("POST", "/v1/web/messages", token=token, json=body)


async def said(world: World, token: str, text: str = "hi", key: str = "m-1") -> None:
    """Say it and wait until it is answered."""
    async with world.stream(token) as stream:
        await say(world, token, text, key)
        await stream.until("message.created", role="bot")


async def test_a_session_tells_how_to_begin(world: World) -> None:
    started = await world.session(locale="de-DE", page_url="https://shop.example/cart?secret=1")
    assert started["config"]["account"] == "demo-web" and started["config"]["locale"] == "de-DE"
    assert started["last_event_id"] is None and not started["identified"]
    shown = await world.call("GET", f"/conversations/{started['conv_id']}", token=started["session_token"], status=200)
    assert shown["messages"] == [] and shown["created_at"] is None
    await said(world, started["session_token"])
    head = await world.tenant.store.head(started["conv_id"])
    assert head is not None and head.thread["page"] == "https://shop.example/cart"


async def test_an_expired_token_is_refused_and_renewable(world: World) -> None:
    started = await world.session()
    await said(world, started["session_token"])
    world.clock.shift += timedelta(hours=2)
    refused = await world.call(
        "POST", "/v1/web/typing", token=started["session_token"], json={"active": True}, status=401
    )
    assert refused["code"] == "token_expired"
    renewed = await world.session(session_token=started["session_token"])
    assert renewed["conv_id"] == started["conv_id"] and renewed["last_event_id"] == "1.1"
    world.clock.shift += timedelta(days=31)
    again = await world.call("POST", "/v1/web/sessions", json={"session_token": renewed["session_token"]}, status=401)
    assert again["code"] == "token_expired"


async def test_logging_out_ends_all_tokens_of_the_login(world: World) -> None:
    first = await world.session()
    second = await world.session(session_token=first["session_token"])
    async with world.stream(first["session_token"]) as stream:
        await world.call("POST", "/v1/web/logout", token=second["session_token"], status=204)
        assert (await stream.until("bye"))[-1].name == "bye"
    for token in (first["session_token"], second["session_token"]):
        refused = await world.call("POST", "/v1/web/typing", token=token, json={"active": True}, status=401)
        assert refused["code"] == "token_invalid"
        await world.call("POST", "/v1/web/sessions", json={"session_token": token}, status=401)


async def test_a_message_is_stored_once(world: World) -> None:
    token = (await world.session())["session_token"]
    first, second = await say(world, token), await say(world, token)
    assert first["message_id"] == second["message_id"]
    assert (first["duplicate"], second["duplicate"]) == (False, True)


async def test_a_hundred_senders_of_one_message_store_it_once(world: World) -> None:
    token = (await world.session())["session_token"]
    world.set_limits(is_evaluation=True)
    answers = await asyncio.gather(*(say(world, token) for _ in range(100)))
    assert sum(not answer["duplicate"] for answer in answers) == 1


async def test_an_anonymous_conversation_becomes_its_customers_once(knows_customers: World) -> None:
    world = knows_customers
    before = await world.session()
    await said(world, before["session_token"])
    after = await world.session(session_token=before["session_token"], jwt=proof(world, "kim", customer_account="A-1"))
    assert after["identified"] and after["conv_id"] == before["conv_id"]
    head = await world.tenant.store.head(before["conv_id"])
    assert head is not None and head.contact.verified and head.contact.name == "Kim"
    await world.call("POST", "/v1/web/typing", token=before["session_token"], json={"active": True}, status=401)
    events = await world.chat("hi", token=after["session_token"], account_id="A-1")
    assert one(events, "done").data["owner"] == "bot"
    body = {"user_message": "hi", "account_id": "A-2"}
    await world.call("POST", "/chat", token=after["session_token"], json=body, status=403)


async def test_nobody_gets_another_customers_history(knows_customers: World) -> None:
    world = knows_customers
    anonymous = await world.session()
    await said(world, anonymous["session_token"], "mine")
    kim = await world.session(session_token=anonymous["session_token"], jwt=proof(world, "kim"))
    # On the same computer, without logging out, somebody else identifies: a conversation of their own.
    lee = await world.session(session_token=kim["session_token"], jwt=proof(world, "lee"))
    assert lee["conv_id"] != kim["conv_id"] and lee["last_event_id"] is None
    # And Kim, on another computer with an anonymous conversation, gets the one of before.
    other = await world.session()
    await said(world, other["session_token"], "other")
    again = await world.session(session_token=other["session_token"], jwt=proof(world, "kim"))
    assert again["conv_id"] == kim["conv_id"]
    # The token from before Kim identified is of no use to anybody.
    await world.call("POST", "/v1/web/sessions", json={"session_token": anonymous["session_token"]}, status=401)


async def test_identifying_again_changes_nothing(knows_customers: World) -> None:
    world = knows_customers
    first = await world.session(jwt=proof(world, "kim"))
    await said(world, first["session_token"])
    second = await world.session(session_token=first["session_token"], jwt=proof(world, "kim"))
    assert second["conv_id"] == first["conv_id"]
    events = await world.tenant.store.transcript(first["conv_id"], audience=Audience.DESK)
    assert [message.seq for message in events] == [1, 1]


async def test_a_refused_identity_starts_no_session(knows_customers: World) -> None:
    world = knows_customers
    refused = await world.call("POST", "/v1/web/sessions", json={"jwt": "a.b.c"}, status=401)
    assert refused["code"] == "identity_invalid"


async def test_talk_to_a_person_before_the_first_word(world: World) -> None:
    started = await world.session(locale="de")
    answer = await world.call("POST", "/v1/web/escalate", token=started["session_token"], status=200)
    assert answer["owner"] == "queue" and answer["handoff_id"].startswith("h_")
    async with world.stream(started["session_token"]) as stream:
        events = await stream.until("message.created", role="contact")
    assert events[-1].data["text"] == "Ich möchte mit einem Menschen sprechen."
    again = await world.call(
        "POST", "/escalate", token=started["session_token"], json={"conv_id": started["conv_id"]}, status=200
    )
    assert again == answer


async def test_escalating_anothers_conversation_is_unknown(world: World) -> None:
    mine, theirs = await world.session(), await world.session()
    body = {"conv_id": theirs["conv_id"]}
    for path, more in (("/escalate", {}), ("/feedback", {"rating": 5})):
        refused = await world.call("POST", path, token=mine["session_token"], json={**body, **more}, status=404)
        assert refused["code"] == "conversation_unknown"


async def test_feedback_reaches_only_replies_that_were_shown(world: World) -> None:
    events = await world.chat("hi")
    token, conv = events[0].data["session_token"], events[0].data["conv_id"]
    reply = one(events, "cited_sources").data["message_id"]
    await world.call("POST", "/v1/web/feedback", token=token, json={"message_id": reply, "rating": "up"}, status=204)
    await world.call(
        "POST", "/feedback", token=token, status=204,
        json={"conv_id": conv, "rating": 2, "free_text": "meh", "message_id": reply},
    )  # fmt: skip
    kept = await world.tenant.store.feedback(conv)
    assert [(item.rating, item.text) for item in kept] == [(5, ""), (2, "meh")]
    await world.tenant.handoff.note(conv, agent="Sam", text="secret", key="n")
    note = f"{conv}#2#0"
    own = events[0].data["message_id"]
    for message_id in (note, own, "nothing"):
        body = {"message_id": message_id, "rating": "down"}
        await world.call("POST", "/v1/web/feedback", token=token, json=body, status=404)
    stranger = (await world.session())["session_token"]
    body = {"message_id": reply, "rating": "down"}
    await world.call("POST", "/v1/web/feedback", token=stranger, json=body, status=404)


async def test_a_resolved_conversation_is_rated_once_per_word(world: World) -> None:
    token = (await world.session())["session_token"]
    assert (await world.call("POST", "/v1/web/csat", token=token, json={"rating": 5}, status=404))["code"]
    conv = one(await world.chat("hi", token=token), "session").data["conv_id"]
    await world.tenant.handoff.resolve(conv, agent="Sam", key="r")
    for _ in range(2):
        await world.call("POST", "/v1/web/csat", token=token, json={"rating": 4, "comment": "fine"}, status=204)
    async with world.stream(token) as stream:
        events = await stream.until("message.created", text="Thank you for your feedback!")
    assert [event.data["kind"] for event in events if event.name == "message.created"][-2:] == [
        "csat_request",
        "notice",
    ]
    head = await world.tenant.store.head(conv)
    assert head is not None and head.csat == 4 and head.owner is Owner.NONE


async def test_typing_reaches_the_desk_and_not_the_contact(world: World) -> None:
    started = await world.session()
    with world.hub.subscribe("demo", "") as desk:
        await world.call("POST", "/v1/web/typing", token=started["session_token"], json={"active": True}, status=204)
        (event,) = await desk.wait()
    assert (event.kind, event.data) == ("typing", {"who": "contact", "active": True})


async def test_a_signed_event_of_the_company_is_answered_in_its_own_thread(world: World) -> None:
    secret = "whsec_" + "QUJD" * 12
    world.set_settings(webhook_secrets=[secret])
    body = b'{"type":"message","thread":"t-1","id":"m-1","sent_at":"2026-11-21T10:00:00Z","text":"hi","contact":{"id":"u-1"}}'
    stamp = int(world.clock().timestamp())
    signature = sign(webhook_key(secret), message_id="w", timestamp=stamp, body=body)
    headers = {"webhook-id": "w", "webhook-timestamp": str(stamp), "webhook-signature": signature}
    for accepted in (1, 0):
        answer = await world.call("POST", "/webhooks/demo-web", data=body, headers=headers, status=200)
        assert answer == {"accepted": accepted}
    refused = await world.call("POST", "/webhooks/demo-web", data=body + b" ", headers=headers, status=401)
    assert refused["code"] == "signature_invalid"
    await world.call("POST", "/webhooks/nobody", data=body, headers=headers, status=404)


@pytest.mark.parametrize("others", [{}, {"second": "demo"}])
async def test_the_only_account_need_not_be_named(world: World, others: dict[str, str]) -> None:
    if others:
        accounts = {**world.services.accounts, "second": web_account("second", world.hub, {})}
        world.current.services = replace(world.services, accounts=accounts)
        assert (await world.call("POST", "/v1/web/sessions", json={}, status=422))["field"] == "/account"
        assert (await world.call("POST", "/chat", json={"user_message": "hi"}, status=401))["code"] == "token_missing"
        assert (await world.session(account="second"))["config"]["account"] == "second"
    else:
        assert (await world.session())["config"]["account"] == "demo-web"
    assert (await world.call("POST", "/v1/web/sessions", json={"account": "none"}, status=404))[
        "code"
    ] == "account_unknown"
