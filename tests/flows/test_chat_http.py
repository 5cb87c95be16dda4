"""``POST /chat`` as a whole walk: over a real socket, through inbox, lane, delivery and back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.domain import HandoffReason
from core.ports.engine import Reply, ReplySink, TurnInput, TurnResult
from gateway.cli.chat_client import Event, read_events
from tests.web.world import World, bearer, citation, names, one, result, serving, text_of


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as made:
        yield made


async def test_an_answer_is_streamed_cited_and_done(world: World) -> None:
    events = await world.chat("how long?")
    assert names(events) == ["session", "token", "token", "cited_sources", "done"]
    assert text_of(events) == "You asked: how long? You have **30 days** [1]."
    source = one(events, "cited_sources").data["sources"][0]
    assert source["external_id"] == "returns.md" and source["url"] == f"/kb/articles/{source['document_id']}"
    done = one(events, "done")
    assert done.data["owner"] == "bot" and not done.data["relayed"]
    assert done.data["message_ids"] == [one(events, "cited_sources").data["message_id"]]
    assert [event.id for event in events] == [None, None, None, "1.1", "1.2"]


async def test_the_conversation_is_readable_with_its_token_only(world: World) -> None:
    events = await world.chat("how long?")
    session = one(events, "session").data
    conv, token = session["conv_id"], session["session_token"]
    shown = await world.call("GET", f"/conversations/{conv}", token=token, status=200)
    assert [m["role"] for m in shown["messages"]] == ["contact", "bot"]
    assert shown["messages"][0]["id"] == session["message_id"]
    assert shown["messages"][1]["blocks"][0]["c"][1] == {"t": "strong", "c": [{"t": "text", "text": "30 days"}]}
    stranger = await world.session()
    foreign = await world.call("GET", f"/conversations/{conv}", token=stranger["session_token"], status=404)
    unknown = await world.call("GET", "/conversations/c_none", token=stranger["session_token"], status=404)
    assert foreign == unknown
    assert (await world.call("GET", f"/conversations/{conv}", status=401))["code"] == "token_missing"


async def test_the_same_key_never_asks_twice(world: World) -> None:
    session = one(await world.chat("first"), "session").data
    token, headers = session["session_token"], {"Idempotency-Key": "k-1"}
    first = await world.chat("again", token=token, headers=headers)
    second = await world.chat("again", token=token, headers=headers)
    assert one(second, "done").data == one(first, "done").data
    assert text_of(second) == text_of(first)
    assert len(world.engine.turns) == 2


async def test_a_lost_first_answer_is_found_again_by_a_long_key(world: World) -> None:
    headers = {"Idempotency-Key": "7d5bb9a8-31e7-4a53-9c2f-0a64d10b8f11"}
    first, second = await world.chat("hello", headers=headers), await world.chat("hello", headers=headers)
    assert one(first, "session").data["conv_id"] == one(second, "session").data["conv_id"]
    assert len(world.engine.turns) == 1
    other = await world.chat("something else", headers=headers)
    assert one(other, "session").data["conv_id"] != one(first, "session").data["conv_id"]


async def test_a_short_key_never_opens_a_strangers_conversation(world: World) -> None:
    headers = {"Idempotency-Key": "1"}
    first, second = await world.chat("hello", headers=headers), await world.chat("hello", headers=headers)
    assert one(first, "session").data["conv_id"] != one(second, "session").data["conv_id"]


async def test_resuming_repeats_nothing_that_was_received(world: World) -> None:
    session = one(await world.chat("first"), "session").data
    token, key = session["session_token"], {"Idempotency-Key": "k-1"}
    events = await world.chat("again", token=token, headers=key)
    cited = one(events, "cited_sources")
    assert cited.id is not None
    resumed = await world.chat("again", token=token, headers={**key, "Last-Event-ID": cited.id})
    assert names(resumed) == ["session", "done"]


async def test_a_reader_who_leaves_does_not_stop_the_turn(world: World) -> None:
    may_go_on, has_begun = asyncio.Event(), asyncio.Event()

    async def slow(turn: TurnInput, sink: ReplySink) -> TurnResult:
        await sink.show("One.")
        has_begun.set()
        await may_go_on.wait()
        return result(Reply(text="One. Two."))

    world.engine.script = slow
    token = (await world.session())["session_token"]
    headers = {**bearer(token), "Idempotency-Key": "k-1"}
    async with world.http.post(world.url + "/chat", json={"user_message": "hi"}, headers=headers) as response:
        events: list[Event] = []
        async for event in read_events(response.content):
            events.append(event)
            if event.name == "token":
                break
        response.close()
    await has_begun.wait()
    again = asyncio.create_task(world.chat("hi", token=token, headers={"Idempotency-Key": "k-1"}))
    may_go_on.set()
    assert text_of(await again) == "One. Two."
    assert len(world.engine.turns) == 1


async def test_a_reply_that_starts_anew_replaces_what_was_shown(world: World) -> None:
    async def rewritten(turn: TurnInput, sink: ReplySink) -> TurnResult:
        await sink.show("The first try.")
        return result(Reply(text="Something better."))

    world.engine.script = rewritten
    events = await world.chat("hi")
    assert [event.data for event in events if event.name == "token"] == [
        {"text": "The first try."},
        {"text": "Something better.", "replace": True},
    ]


async def test_asking_for_a_person_confirms_and_then_relays(world: World) -> None:
    events = await world.chat("a person, please")
    assert names(events) == ["session", "escalation_confirmed", "done"]
    confirmed = one(events, "escalation_confirmed").data
    assert confirmed["handoff_id"].startswith("h_") and confirmed["reason"] == "asked" and confirmed["notice"]
    assert one(events, "done").data["owner"] == "queue"
    token = one(events, "session").data["session_token"]
    later = await world.chat("are you there?", token=token)
    assert names(later) == ["session", "done"]
    assert one(later, "done").data == {**one(later, "done").data, "relayed": True, "owner": "queue", "message_ids": []}


async def test_a_reply_that_offers_a_person_says_so(world: World) -> None:
    async def unsure(turn: TurnInput, sink: ReplySink) -> TurnResult:
        reply = Reply(
            text="I am not sure.", proposal=HandoffReason.NO_ANSWER, citations=(citation(url="https://a.example/b"),)
        )
        return result(reply)

    world.engine.script = unsure
    events = await world.chat("hm?")
    assert names(events) == ["session", "token", "cited_sources", "escalation_proposed", "done"]
    assert one(events, "escalation_proposed").data == {"reason": "no_answer"}
    assert one(events, "cited_sources").data["sources"][0]["url"] == "https://a.example/b"


async def test_a_person_who_takes_over_mutes_the_running_turn(world: World) -> None:
    may_go_on = asyncio.Event()

    async def slow(turn: TurnInput, sink: ReplySink) -> TurnResult:
        await sink.show("Shown before.")
        await may_go_on.wait()
        await sink.show("Shown before. Never shown.")
        return result(Reply(text="Shown before. Never shown."))

    world.engine.script = slow
    token = (await world.session())["session_token"]
    async with world.http.post(world.url + "/chat", json={"user_message": "hi"}, headers=bearer(token)) as response:
        events: list[Event] = []
        async for event in read_events(response.content):
            events.append(event)
            if event.name == "token":
                await world.tenant.handoff.claim(events[0].data["conv_id"], agent="Sam", key="c1")
                may_go_on.set()
    assert text_of(events) == "Shown before."
    assert one(events, "done").data["owner"] == "human"
    shown = await world.call("GET", f"/conversations/{events[0].data['conv_id']}", token=token, status=200)
    assert "Never shown" not in str(shown)
    assert [(m["role"], m["interrupted"]) for m in shown["messages"] if m["role"] == "bot"] == [("bot", True)]


async def test_an_answer_that_takes_too_long_ends_the_stream_and_not_the_turn(world: World) -> None:
    may_go_on = asyncio.Event()

    async def stuck(turn: TurnInput, sink: ReplySink) -> TurnResult:
        await may_go_on.wait()
        return result(Reply(text="At last."))

    world.engine.script = stuck
    world.set_limits(answer_s=0.05)
    token = (await world.session())["session_token"]
    events = await world.chat("hi", token=token, headers={"Idempotency-Key": "k-1"})
    assert names(events) == ["session", "error"]
    assert one(events, "error").data["status"] == 504
    world.set_limits(answer_s=60.0)
    again = asyncio.create_task(world.chat("hi", token=token, headers={"Idempotency-Key": "k-1"}))
    may_go_on.set()
    assert text_of(await again) == "At last."


async def test_another_questions_deltas_are_not_this_answers(world: World) -> None:
    may_go_on, has_begun = asyncio.Event(), asyncio.Event()

    async def first_slow(turn: TurnInput, sink: ReplySink) -> TurnResult:
        text = f"About {turn.events[-1].text}."
        if turn.events[-1].text == "one":
            has_begun.set()
            await may_go_on.wait()
        await sink.show(text)
        return result(Reply(text=text))

    world.engine.script = first_slow
    token = (await world.session())["session_token"]
    one_task = asyncio.create_task(world.chat("one", token=token))
    await has_begun.wait()
    async with world.stream(token) as stream:
        two_task = asyncio.create_task(world.chat("two", token=token))
        await stream.until("typing", active=True)
        may_go_on.set()
        assert text_of(await one_task) == "About one."
        assert text_of(await two_task) == "About two."


async def test_the_store_refusing_accepts_nothing(world: World) -> None:
    token = (await world.session())["session_token"]
    await world.store.stop()
    refused = await world.call("POST", "/chat", token=token, json={"user_message": "hi"}, status=503)
    assert refused["code"] == "store_unavailable" and refused["retry_after"] > 0
    await world.store.start()
    assert text_of(await world.chat("hi", token=token)).startswith("You asked: hi")
    assert len(world.engine.turns) == 1


async def test_a_conversation_of_another_session_is_unknown(world: World) -> None:
    conv = one(await world.chat("hi"), "session").data["conv_id"]
    stranger = (await world.session())["session_token"]
    body = {"user_message": "hi", "conv_id": conv}
    assert (await world.call("POST", "/chat", token=stranger, json=body, status=404))["code"] == "conversation_unknown"
    assert (await world.call("POST", "/chat", json=body, status=401))["code"] == "token_missing"


async def test_a_customer_account_needs_a_proof(world: World) -> None:
    body = {"user_message": "hi", "account_id": "A-1"}
    assert (await world.call("POST", "/chat", json=body, status=403))["code"] == "customer_account_unproven"


async def test_the_hub_overloading_one_reader_loses_nothing(world: World) -> None:
    async def chatty(turn: TurnInput, sink: ReplySink) -> TurnResult:
        text = ""
        for number in range(300):
            text += f"Sentence {number}. "
            await sink.show(text)
        return result(Reply(text=text.strip()))

    world.engine.script = chatty
    events = await world.chat("talk")
    assert text_of(events).strip().endswith("Sentence 299.")
    assert text_of(events).count("Sentence 7.") == 1
