"""A stream's pieces, its tool calls, its counts, and every fault before and after the first piece."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import Any

import pytest

from core.errors import ModelUnavailable
from core.models_settings import Dialect, Endpoint
from core.ports.model import Finish, Image, ModelAnswer, ModelRole, PromptMessage, Speaker, ToolCall, ToolOffer
from tests.core.providers.models.wire_server import (
    KEY,
    WireServer,
    answers,
    breaks,
    endless,
    event,
    events,
    fails,
    opened,
    says,
    stalls,
    waits,
)
from tests.core.providers.models.world import SPENDER, asked, choice, errors_of, settings, streamed, world

TOOL = ToolOffer(name="lookup_order", description="Finds an order.", parameters={"type": "object", "properties": {}})


def tool(index: int | None, id: str | None = None, name: str | None = None, arguments: Any = None) -> bytes:
    call: dict[str, Any] = {"function": {k: v for k, v in (("name", name), ("arguments", arguments)) if v is not None}}
    if index is not None:
        call["index"] = index
    if id is not None:
        call["id"] = id
    return event({"tool_calls": [call]})


async def test_pieces_then_the_answer_with_counts_and_cost(server: WireServer) -> None:
    server.play("good", says("It ", "ships ", "today. ✓"))
    async with world(settings(server, choice("good", input_price=2.0, output_price=10.0))) as w:
        _, answer = await streamed(w.models)
        assert answer.text == "It ships today. ✓"
        assert (answer.finish, answer.endpoint, answer.model) == (Finish.STOP, "main", "good")
        assert (answer.usage.input_tokens, answer.usage.output_tokens) == (100, 10)
        assert answer.usage.cost == pytest.approx(100 * 2e-6 + 10 * 10e-6)
        assert errors_of(answer) == [None]
        assert w.heard.calls == [(ModelRole.STRONG, "answer", answer, answer.tried)]


async def test_the_request_on_the_wire(server: WireServer) -> None:
    server.play("good", says("ok"))
    messages = (
        PromptMessage(speaker=Speaker.SYSTEM, text="rules"),
        PromptMessage(speaker=Speaker.CONTACT, text="see", images=(Image(media_type="image/png", content=b"\x01"),)),
        PromptMessage(
            speaker=Speaker.MODEL, text="", tool_calls=(ToolCall(id="a", name="lookup_order", arguments="{}"),)
        ),
        PromptMessage(speaker=Speaker.TOOL, text="{}", tool_call_id="a"),
    )
    given = settings(server, choice("good", sees=True, temperature=0.5, extra={"top_p": 0.9}))
    async with world(given) as w:
        await streamed(w.models, asked(messages=messages, tools=(TOOL,), max_tokens=70))
    sent = server.seen[0]
    assert sent.path == "/v1/chat/completions"
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert sent.body == {
        "model": "good",
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 70,
        "temperature": 0.5,
        "top_p": 0.9,
        "messages": [
            {"role": "system", "content": "rules"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "see"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AQ=="}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "a", "type": "function", "function": {"name": "lookup_order", "arguments": "{}"}}
                ],
            },
            {"role": "tool", "content": "{}", "tool_call_id": "a"},
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "lookup_order",
                    "description": "Finds an order.",
                    "parameters": {"type": "object", "properties": {}},
                },
            }
        ],
    }


async def test_a_thinking_model_gets_its_own_fields_and_its_thoughts_stay_unsaid(server: WireServer) -> None:
    thoughts = event({"reasoning_content": "Hmm, let me see."}), event({"reasoning": "So."})
    server.play("thinker", events(*thoughts, event({"content": "Yes."}), event({}, "stop")))
    given = settings(server, choice("thinker", reasons=True, effort="low", thinking_tokens=1000, counts=False))
    async with world(given) as w:
        _, answer = await streamed(w.models)
    body = server.seen[0].body
    assert answer.text == "Yes."
    assert (body["max_completion_tokens"], body["reasoning_effort"]) == (1050, "low")
    assert not {"max_tokens", "temperature", "stream_options"} & set(body)
    assert answer.usage.output_tokens > 5, "thoughts are paid for too"


async def test_azure_goes_to_its_deployment_with_its_own_header(server: WireServer) -> None:
    server.play("gpt-prod", says("ok"))
    address = server.url.removesuffix("/v1")
    azure = Endpoint(id="main", base_url=address, key=KEY, dialect=Dialect.AZURE, api_version="2024-10-21")
    async with world(settings(server, choice("gpt-prod"), endpoints={"main": azure})) as w:
        await streamed(w.models)
    sent = server.seen[0]
    assert sent.path == "/openai/deployments/gpt-prod/chat/completions"
    assert sent.query == {"api-version": "2024-10-21"}
    assert sent.headers["Api-Key"] == KEY
    assert "Authorization" not in sent.headers


async def test_tool_calls_are_put_together_from_pieces(server: WireServer) -> None:
    server.play(
        "good",
        events(
            tool(0, "call_a", "lookup_order", ""),
            tool(1, "call_b", "list_orders", '{"n"'),
            tool(0, None, None, '{"id": '),
            tool(1, None, None, ": 2}"),
            tool(0, None, None, '"A-1"}'),
            event({}, "tool_calls"),
        ),
    )
    async with world(settings(server, choice("good"))) as w:
        _, answer = await streamed(w.models, asked(tools=(TOOL,)))
    assert answer.finish is Finish.TOOL_CALLS
    assert answer.tool_calls == (
        ToolCall(id="call_a", name="lookup_order", arguments='{"id": "A-1"}'),
        ToolCall(id="call_b", name="list_orders", arguments='{"n": 2}'),
    )


async def test_tool_calls_of_servers_that_number_nothing(server: WireServer) -> None:
    server.play(
        "good",
        events(
            tool(None, "x", "one", {"a": 1}),
            tool(None, "y", "two", "{}"),
            tool(None, None, None, " "),
            event({}, "stop"),
        ),
    )
    async with world(settings(server, choice("good"))) as w:
        _, answer = await streamed(w.models)
    assert answer.finish is Finish.TOOL_CALLS, "some servers end a tool call with stop"
    assert [(c.id, c.name, c.arguments) for c in answer.tool_calls] == [("x", "one", '{"a":1}'), ("y", "two", "{} ")]


async def test_broken_tool_json_is_passed_on_for_the_firewall_to_refuse(server: WireServer) -> None:
    server.play("good", events(tool(0, "x", "one", '{"a": '), event({}, "tool_calls")))
    async with world(settings(server, choice("good"))) as w:
        _, answer = await streamed(w.models)
    assert answer.tool_calls[0].arguments == '{"a": '


async def test_a_flood_of_tool_calls_is_an_unusable_answer(server: WireServer) -> None:
    server.play("flood", events(*(tool(i, f"c{i}", "one", "{}") for i in range(100)), event({}, "tool_calls")))
    server.play("good", says("fine"))
    async with world(settings(server, choice("flood"), choice("good"))) as w:
        _, answer = await streamed(w.models)
    assert errors_of(answer) == ["malformed", None]


async def test_without_counts_the_usage_is_estimated(server: WireServer) -> None:
    server.play("good", says("word " * 70, usage=None))
    async with world(settings(server, choice("good"))) as w:
        _, answer = await streamed(w.models, asked(max_tokens=500))
    assert 70 <= answer.usage.output_tokens <= 130
    assert answer.usage.input_tokens > 5


@pytest.mark.parametrize("ending", ["\r\n\r\n", "\n", "\n\n: keep-alive\n\n"])
async def test_any_line_ending_and_comments(server: WireServer, ending: str) -> None:
    server.play("good", events(event({"content": "fine"}), event({}, "stop"), end=ending))
    async with world(settings(server, choice("good"))) as w:
        _, answer = await streamed(w.models)
    assert answer.text == "fine"


async def test_a_last_line_without_an_end(server: WireServer) -> None:
    server.play("good", events(event({"content": "fine"}) + b"\n\n" + event({}, "stop"), done=False, end=""))
    async with world(settings(server, choice("good"))) as w:
        _, answer = await streamed(w.models)
    assert (answer.text, answer.finish) == ("fine", Finish.STOP)


async def test_a_server_that_finishes_but_never_ends_is_not_waited_for(server: WireServer) -> None:
    async def play(request: Any, body: Any) -> Any:
        response = await events(event({"content": "fine"}), event({}, "stop"), done=False)(request, body)
        await server.release.wait()
        return response

    server.play("good", play, says("second"))
    async with world(settings(server, choice("good"))) as w:
        async with asyncio.timeout(5):
            _, answer = await streamed(w.models)
    assert answer.text == "fine"


FAULTS: dict[str, Any] = {
    "server_error": fails(500),
    "auth": fails(401),
    "not_found": fails(404),
    "refused": fails(400, param="messages"),
    "filtered": fails(400, code="content_filter"),
    "rate_limited": fails(429, headers={"Retry-After": "7"}),
    "malformed": events("data: {not json", done=False),
    "cut": breaks(),
    "empty": says("", " "),
}


@pytest.mark.parametrize("code", FAULTS)
async def test_each_fault_before_the_first_piece_falls_back(server: WireServer, code: str) -> None:
    server.play("bad", FAULTS[code])
    server.play("good", says("From the second."))
    async with world(settings(server, choice("bad"), choice("good"))) as w:
        _, answer = await streamed(w.models)
    assert answer.text == "From the second."
    assert errors_of(answer) == [code, None]
    assert [t.model for t in answer.tried] == ["bad", "good"]


@pytest.mark.parametrize("code", FAULTS)
async def test_each_fault_of_the_last_choice_is_model_unavailable(server: WireServer, code: str) -> None:
    server.play("bad", FAULTS[code])
    async with world(settings(server, choice("bad"))) as w:
        with pytest.raises(ModelUnavailable) as caught:
            await streamed(w.models)
        assert errors_of(caught.value) == [code]
        assert w.heard.calls[0][2] is caught.value
    assert code in caught.value.safe_message
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"choices": [{"message": {"content": "not streamed"}}]}, False),
        ("<html>Sign in to the hotel's network</html>", True),
    ],
)
async def test_an_answer_that_is_no_stream_falls_back(server: WireServer, body: Any, text: bool) -> None:
    server.play("bad", answers(body, text=text))
    server.play("good", says("fine"))
    async with world(settings(server, choice("bad"), choice("good"))) as w:
        _, answer = await streamed(w.models)
    assert errors_of(answer) == ["malformed", None]


async def test_an_error_inside_a_good_status_falls_back(server: WireServer) -> None:
    quoted = json.dumps({"error": {"message": f"overloaded {KEY}", "code": "rate_limit_exceeded"}})
    server.play("bad", events(f"data: {quoted}"))
    server.play("good", says("fine"))
    async with world(settings(server, choice("bad"), choice("good"))) as w:
        _, answer = await streamed(w.models)
    assert errors_of(answer) == ["rate_limited", None]


async def test_nobody_listening_is_a_connection_error(server: WireServer) -> None:
    dead = Endpoint(id="dead", base_url="http://127.0.0.1:9/v1", key=KEY)
    live = Endpoint(id="main", base_url=server.url, key=KEY)
    server.play("good", says("fine"))
    given = settings(server, choice("x", endpoint="dead"), choice("good"), endpoints={"dead": dead, "main": live})
    async with world(given) as w:
        _, answer = await streamed(w.models)
    assert errors_of(answer) == ["connection", None]


@pytest.mark.parametrize("pings", [False, True])
async def test_a_slow_first_token_falls_back_and_the_server_sees_us_go(server: WireServer, pings: bool) -> None:
    server.play("slow", stalls(server, pings=pings))
    server.play("good", says("fine"))
    async with world(settings(server, choice("slow", first_s=0.2), choice("good"))) as w:
        _, answer = await streamed(w.models)
        assert errors_of(answer) == ["timeout_first", None]
        async with asyncio.timeout(5):
            await server.hung_up.wait()


async def test_slow_headers_fall_back_too(server: WireServer) -> None:
    server.play("slow", waits(server, says("late")))
    server.play("good", says("fine"))
    async with world(settings(server, choice("slow", first_s=0.2), choice("good"))) as w:
        _, answer = await streamed(w.models)
    assert errors_of(answer) == ["timeout_first", None]


@pytest.mark.parametrize("pings", [False, True])
async def test_a_stall_after_the_first_piece_breaks_off_without_a_second_voice(server: WireServer, pings: bool) -> None:
    server.play("bad", stalls(server, "It is ", pings=pings))
    server.play("good", says("Something else."))
    async with world(settings(server, choice("bad", idle_s=0.2), choice("good"))) as w:
        got: list[Any] = []
        with pytest.raises(ModelUnavailable) as caught:
            async for piece in w.models.stream(ModelRole.STRONG, asked(), SPENDER):
                got.append(piece)
    assert "".join(got) == "It is "
    assert errors_of(caught.value) == ["timeout_idle"]
    assert server.calls("good") == 0


async def test_a_slow_listener_is_not_the_models_fault(server: WireServer) -> None:
    async def play(request: Any, body: Any) -> Any:
        response = await opened(request)
        await response.write(event({"content": "one "}) + b"\n\n")
        await server.release.wait()
        await response.write(event({"content": "two"}) + b"\n\n" + event({}, "stop") + b"\n\ndata: [DONE]\n\n")
        return response

    server.play("good", play)
    loop = asyncio.get_running_loop()
    given = settings(server, choice("good", idle_s=1.0, total_s=1.5))
    async with world(given) as w, aclosing(w.models.stream(ModelRole.STRONG, asked(), SPENDER)) as stream:
        assert await anext(stream) == "one "
        passed = asyncio.Event()
        loop.call_later(1.6, passed.set)
        await passed.wait()
        loop.call_later(0.1, server.release.set)
        assert await anext(stream) == "two"


@pytest.mark.parametrize("play", [breaks("It is "), says("It is ", finish=None, usage=None, done=False)])
async def test_a_cut_after_the_first_piece_is_told(server: WireServer, play: Any) -> None:
    server.play("bad", play)
    async with world(settings(server, choice("bad"))) as w:
        with pytest.raises(ModelUnavailable) as caught:
            await streamed(w.models)
    assert errors_of(caught.value) == ["cut"]
    assert "broke off" in caught.value.safe_message


async def test_a_stream_that_drips_forever_ends_at_its_total(server: WireServer) -> None:
    server.play("drip", endless("x"))
    given = settings(server, choice("drip", total_s=0.3))
    async with world(given) as w:
        with pytest.raises(ModelUnavailable) as caught:
            await streamed(w.models, asked(max_tokens=1_000_000))
    assert errors_of(caught.value) == ["timeout_total"]


async def test_an_endless_answer_is_cut_at_its_bound(server: WireServer) -> None:
    server.play("endless", endless())
    async with world(settings(server, choice("endless"))) as w:
        _, answer = await streamed(w.models, asked(max_tokens=50))
        assert answer.finish is Finish.LENGTH
        assert len(answer.text) == 400
        async with asyncio.timeout(5):
            await server.hung_up.wait()


async def test_endless_thinking_is_cut_too(server: WireServer) -> None:
    thought = event({"reasoning": "hm " * 100})
    server.play("thinker", events(*[thought] * 300, event({"content": "late"}), event({}, "stop")))
    async with world(settings(server, choice("thinker", reasons=True, thinking_tokens=100))) as w:
        with pytest.raises(ModelUnavailable) as caught:
            await streamed(w.models)
    assert errors_of(caught.value) == ["empty"]


async def test_a_refusal_in_the_vendors_words_is_never_text(server: WireServer) -> None:
    server.play("good", events(event({"refusal": "I'm sorry, I can't."}), event({}, "stop")))
    async with world(settings(server, choice("good"))) as w:
        _, answer = await streamed(w.models)
    assert (answer.text, answer.finish) == ("", Finish.FILTERED)


async def test_cancelling_closes_the_stream_and_frees_the_place(server: WireServer) -> None:
    server.play("one", stalls(server, "Wait "), says("free again"))
    async with world(settings(server, choice("one", max_parallel=1))) as w:
        first = asyncio.Event()

        async def consume() -> None:
            async for _ in w.models.stream(ModelRole.STRONG, asked(), SPENDER):
                first.set()

        task = asyncio.create_task(consume())
        await first.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await server.hung_up.wait()
        _, answer = await streamed(w.models)
        assert answer.text == "free again"
        assert [call[2] for call in w.heard.calls] == [answer], "a cancelled call is nobody's failure"


async def test_leaving_early_closes_the_stream(server: WireServer) -> None:
    server.play("one", stalls(server, "Wait "))
    async with world(settings(server, choice("one"))) as w:
        async with aclosing(w.models.stream(ModelRole.STRONG, asked(), SPENDER)) as pieces:
            assert await anext(pieces) == "Wait "
        async with asyncio.timeout(5):
            await server.hung_up.wait()


async def test_connections_are_used_again(server: WireServer) -> None:
    server.play("good", says("fine"))
    async with world(settings(server, choice("good"))) as w:
        for _ in range(5):
            await streamed(w.models)
    assert len(server.connections) == 1


async def test_a_connection_whose_end_comes_a_little_late_is_used_again_too(server: WireServer) -> None:
    async def play(request: Any, body: Any) -> Any:
        response = await opened(request)
        await response.write(event({"content": "fine"}, "stop") + b"\n\ndata: [DONE]\n\n")
        await asyncio.sleep(0.005)
        await response.write_eof()
        return response

    server.play("good", play)
    async with world(settings(server, choice("good"))) as w:
        for _ in range(5):
            await streamed(w.models)
    assert len(server.connections) < 5, "one for each call: a busy machine may miss an end, but not all of them"


async def test_complete_falls_back_even_after_a_cut_midway(server: WireServer) -> None:
    server.play("bad", breaks("It is "))
    server.play("good", says("Whole."))
    async with world(settings(server, choice("bad"), choice("good"))) as w:
        answer = await w.models.complete(ModelRole.STRONG, asked(), SPENDER)
    assert isinstance(answer, ModelAnswer)
    assert (answer.text, errors_of(answer)) == ("Whole.", ["cut", None])
