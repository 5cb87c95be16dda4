"""Breakers, rests, places, retries and patience, seen from outside."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from core.errors import ModelUnavailable
from core.models_settings import Choice, RetrySettings
from core.ports.model import Image, ModelRole, PromptMessage, Speaker, ToolCall, ToolOffer
from tests.core.providers.models.wire_server import WireServer, fails, says, stalls, waits
from tests.core.providers.models.world import SPENDER, asked, choice, errors_of, settings, streamed, world

TOOL = ToolOffer(name="find", description="Finds.", parameters={"type": "object"})


async def test_the_life_of_a_breaker(server: WireServer) -> None:
    server.play("bad", fails(500), fails(502), fails(503), fails(500), says("back"))
    server.play("good", says("fine"))
    async with world(settings(server, choice("bad"), choice("good"))) as w:

        async def tried() -> list[str | None]:
            w.clock.now += 1.5  # past the short rest of a 503
            return errors_of((await streamed(w.models))[1])

        assert [await tried() for _ in range(5)] == [["server_error", None]] * 3 + [["open_breaker", None]] * 2
        assert server.calls("bad") == 3
        w.clock.now += 10
        assert await tried() == ["server_error", None]
        assert await tried() == ["open_breaker", None]
        w.clock.now += 10
        assert await tried() == [None]
        assert await tried() == [None]
        assert [state for _, model, state in w.heard.breakers if model == "bad"] == [
            "open",
            "half_open",
            "open",
            "half_open",
            "closed",
        ]


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_what_somebody_must_mend_opens_it_at_once(server: WireServer, status: int) -> None:
    server.play("bad", fails(status))
    server.play("good", says("fine"))
    async with world(settings(server, choice("bad"), choice("good"))) as w:
        await streamed(w.models)
        _, answer = await streamed(w.models)
        assert errors_of(answer) == ["open_breaker", None]
        assert w.heard.breakers == [("main", "bad", "open")]


async def test_what_one_contact_asks_never_opens_it(server: WireServer) -> None:
    server.play("good", *[fails(400)] * 9, *[fails(400, code="content_filter")] * 9, says("fine"))
    async with world(settings(server, choice("good"))) as w:
        for _ in range(18):
            with pytest.raises(ModelUnavailable):
                await streamed(w.models)
        assert (await streamed(w.models))[1].text == "fine"


@pytest.mark.parametrize(
    ("headers", "rests_s"),
    [({"Retry-After": "7"}, 7.0), ({"retry-after-ms": "2500"}, 2.5), ({}, 1.0), ({"Retry-After": "Wed, 21 Oct"}, 1.0)],
)
async def test_retry_after_is_kept(server: WireServer, headers: dict[str, str], rests_s: float) -> None:
    server.play("bad", fails(429, headers=headers), says("rested"))
    server.play("good", says("fine"))
    async with world(settings(server, choice("bad"), choice("good"))) as w:
        await streamed(w.models)
        w.clock.now += rests_s - 0.1
        assert errors_of((await streamed(w.models))[1]) == ["rate_limited", None]
        assert server.calls("bad") == 1
        w.clock.now += 0.2
        assert (await streamed(w.models))[1].text == "rested"


async def test_a_used_up_quota_rests_longer_than_it_says(server: WireServer) -> None:
    server.play("bad", fails(429, headers={"Retry-After": "1"}, code="insufficient_quota"), says("paid"))
    async with world(settings(server, choice("bad"))) as w:
        for _ in range(3):
            with pytest.raises(ModelUnavailable):
                await streamed(w.models)
            w.clock.now += 15
        assert server.calls("bad") == 1
        w.clock.now += 20
        assert (await streamed(w.models))[1].text == "paid"


async def test_neighbours_at_the_same_endpoint_are_not_punished(server: WireServer) -> None:
    server.play("limited", fails(429, headers={"Retry-After": "60"}))
    server.play("good", says("fine"))
    async with world(settings(server, choice("limited"), choice("good"))) as w:
        _, answer = await streamed(w.models)
        assert answer.text == "fine"


async def test_places_are_bounded_and_the_wait_for_one_too(server: WireServer) -> None:
    server.play("narrow", waits(server, says("narrow")))
    server.play("wide", says("wide"))
    given = settings(server, choice("narrow", max_parallel=2), choice("wide"), queue_s=0.05)
    async with world(given) as w:
        tasks = [asyncio.create_task(streamed(w.models)) for _ in range(5)]
        for ended in asyncio.as_completed(tasks):
            await ended
            if sum(task.done() for task in tasks) == 3:
                server.release.set()
        answers = [(await task)[1] for task in tasks]
    assert server.most["narrow"] == 2
    assert sorted(a.text for a in answers) == ["narrow"] * 2 + ["wide"] * 3
    assert {tuple(errors_of(a)) for a in answers} == {(None,), ("busy", None)}


async def test_one_retry_at_the_same_model_within_the_budget(server: WireServer) -> None:
    server.play("shaky", fails(500), says("second time"), fails(500), fails(500))
    async with world(settings(server, choice("shaky"), retries=RetrySettings(share=0.0, burst=1))) as w:
        _, answer = await streamed(w.models)
        assert (answer.text, errors_of(answer)) == ("second time", ["server_error", None])
        with pytest.raises(ModelUnavailable) as caught:
            await streamed(w.models)
        assert errors_of(caught.value) == ["server_error"], "the budget is used up"


async def test_a_short_retry_after_is_waited_for_a_long_one_is_not(server: WireServer) -> None:
    server.play("soon", fails(429, headers={"Retry-After": "0.3"}), says("rested"))
    server.play("late", fails(429, headers={"Retry-After": "30"}), says("never seen"))
    retries = RetrySettings(share=0.0, burst=9)
    async with world(settings(server, choice("soon"), retries=retries), real_clock=True) as w:
        _, answer = await streamed(w.models)
        assert errors_of(answer) == ["rate_limited", None]
    async with world(settings(server, choice("late"), retries=retries), real_clock=True) as w:
        with pytest.raises(ModelUnavailable):
            await streamed(w.models)
    assert server.calls("late") == 1


async def test_nothing_that_repeats_itself_is_retried(server: WireServer) -> None:
    server.play("bad", fails(400), says("never seen"))
    async with world(settings(server, choice("bad"), retries=RetrySettings(share=0.0, burst=9))) as w:
        with pytest.raises(ModelUnavailable):
            await streamed(w.models)
    assert server.calls("bad") == 1


async def test_patience_bounds_all_choices_together(server: WireServer) -> None:
    for model in "abcdef":
        server.play(model, stalls(server))
    given = settings(server, *(choice(m, first_s=0.8) for m in "abcdef"), patience_s=1.2)
    async with world(given, real_clock=True) as w:
        before = time.monotonic()
        with pytest.raises(ModelUnavailable) as caught:
            await streamed(w.models)
        took = time.monotonic() - before
    assert len(caught.value.tried) == 2
    assert took < 4


async def test_fast_and_strong_stand_in_for_one_another_vision_for_nobody(server: WireServer) -> None:
    server.play("good", says("fine"))
    async with world(settings(server, choice("good"))) as w:
        assert w.models.has(ModelRole.FAST)
        assert not any(map(w.models.has, (ModelRole.VISION, ModelRole.EMBED, ModelRole.TRANSCRIBE)))
        answer = await w.models.complete(ModelRole.FAST, asked(), SPENDER)
        assert answer.text == "fine"
        with pytest.raises(ModelUnavailable, match="none is configured"):
            await w.models.complete(ModelRole.VISION, asked(), SPENDER)


async def test_pictures_go_only_to_models_that_see(server: WireServer) -> None:
    server.play("sees", says("a cat"))
    picture = PromptMessage(speaker=Speaker.CONTACT, text="", images=(Image(media_type="image/png", content=b"1"),))
    async with world(settings(server, choice("blind"), choice("sees", sees=True))) as w:
        _, answer = await streamed(w.models, asked(messages=(picture,)))
    assert errors_of(answer) == ["unsuited", None]
    assert server.calls("blind") == 0


async def test_a_model_without_tools_comes_last_and_answers_without(server: WireServer) -> None:
    server.play("plain", says("plain"))
    server.play("handy", says("handy"), fails(500))
    async with world(settings(server, choice("plain", tools=False), choice("handy"))) as w:
        assert (await streamed(w.models, asked(tools=(TOOL,))))[1].text == "handy"
        _, answer = await streamed(w.models, asked(tools=(TOOL,)))
        assert (answer.text, errors_of(answer)) == ("plain", ["server_error", None])
        assert "tools" not in server.seen[-1].body
        begun = (
            PromptMessage(speaker=Speaker.MODEL, text="", tool_calls=(ToolCall(id="a", name="find", arguments="{}"),)),
            PromptMessage(speaker=Speaker.TOOL, text="{}", tool_call_id="a"),
        )
        with pytest.raises(ModelUnavailable) as caught:
            await streamed(w.models, asked(messages=begun, tools=(TOOL,)))
        assert errors_of(caught.value) == ["unsuited", "server_error"]


async def test_many_at_once(server: WireServer) -> None:
    server.play("good", says("It ", "ships ", "today."))
    given = settings(server, choice("good", max_parallel=200))
    async with world(given) as w:
        found: list[Any] = await asyncio.gather(*(streamed(w.models, asked(f"question {i}")) for i in range(100)))
    assert {answer.text for _, answer in found} == {"It ships today."}


def test_choices_never_show_keys() -> None:
    from core.models_settings import Endpoint

    shown = repr(
        Endpoint(id="a", base_url="https://a", key="sk-secret", headers={"x": "hid-den"}, proxy="http://me:pw@p")
    )
    assert not any(word in shown for word in ("sk-secret", "hid-den", "pw@"))
    assert "model='m'" in repr(Choice(endpoint="a", model="m"))
