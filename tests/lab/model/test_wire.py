"""The API as the openai package and a plain client see it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest

from tests.lab.model.served import KEY, Served, asked, events, served, tool, words_of

SCRIPT: dict[str, Any] = {
    "models": ["lab-strong", {"id": "lab-fast"}, "lab-embed", "lab-hear"],
    "dimension": 64,
    "transcripts": [
        {"name": "^order.*ogg$", "text": "Where is my order?"},
        {"sha256": hashlib.sha256(b"by content").hexdigest(), "text": "Known by its content."},
    ],
    "rules": [
        {"id": "order", "when": {"words": r"(?P<order>LK-\d{6})", "offered": "lookup_order", "no_result_of": "any"},
         "then": {"call": {"name": "lookup_order", "arguments": {"order_id": "{{order}}"}}}},
        {"id": "two", "when": {"words": "both"},
         "then": {"text": "One moment.", "calls": [{"name": "a", "arguments": {"n": 1}}, {"name": "b"}]}},
        {"id": "json", "when": {"is_json": True}, "then": {"fill": True}},
        {"id": "picture", "when": {"has_image": True}, "then": {"text": "A picture of a garden."}},
        {"id": "hello", "when": {"words": "hello"}, "then": {"text": "Hello! \n\nWhat — ünïcode ✓ 日本 — can I do?"}},
    ],
    "default": {"text": "All {{model}} knows."},
}  # fmt: skip


@pytest.fixture
async def lab() -> AsyncIterator[Served]:
    async with served(SCRIPT) as made:
        yield made


async def test_an_answer_comes_whole(lab: Served) -> None:
    answer = await lab.ask("anything")
    assert answer.choices[0].message.content == "All lab-strong knows."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.object == "chat.completion"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.completion_tokens > 0


async def test_a_stream_gives_the_same_words_and_its_usage_last(lab: Served) -> None:
    stream = await lab.client.chat.completions.create(
        **asked("hello"), stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == await lab.text("hello")
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == len(chunks) - 3
    assert len({chunk.id for chunk in chunks}) == 1


async def test_a_stream_without_the_option_counts_nothing(lab: Served) -> None:
    async with lab.raw(asked("hello", stream=True)) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        chunks = [event async for event in events(response)]
    assert chunks[-1] is None
    assert not any("usage" in chunk for chunk in chunks if chunk)


async def test_a_tool_is_called_and_its_arguments_stream(lab: Served) -> None:
    tools = [tool("lookup_order", order_id="string")]
    stream = await lab.client.chat.completions.create(**asked("where is LK-204518?", tools=tools), stream=True)
    deltas = [c.choices[0].delta.tool_calls[0] async for c in stream if c.choices and c.choices[0].delta.tool_calls]
    assert deltas[0].function.name == "lookup_order"
    assert deltas[0].id
    assert all(delta.id is None for delta in deltas[1:])
    assert "".join(delta.function.arguments or "" for delta in deltas) == '{"order_id": "LK-204518"}'
    whole = await lab.ask("where is LK-204518?", tools=tools)
    assert whole.choices[0].finish_reason == "tool_calls"
    assert whole.choices[0].message.content is None


async def test_several_calls_come_beside_words(lab: Served) -> None:
    answer = (await lab.ask("both", tools=[tool("a", n="integer"), tool("b")])).choices[0].message
    assert answer.content == "One moment."
    assert [(call.function.name, call.function.arguments) for call in answer.tool_calls] == [
        ("a", '{"n": 1}'),
        ("b", "{}"),
    ]
    assert len({call.id for call in answer.tool_calls}) == 2


@pytest.mark.parametrize(
    ("choice", "calls"),
    [("none", []), ("required", ["a"]), ({"type": "function", "function": {"name": "b"}}, ["b"]), ("auto", [])],
)
async def test_the_choice_of_tools_is_kept(lab: Served, choice: Any, calls: list[str]) -> None:
    answer = await lab.ask("what?", tools=[tool("a", n="integer"), tool("b")], tool_choice=choice)
    assert [call.function.name for call in answer.choices[0].message.tool_calls or ()] == calls


async def test_an_object_of_the_wanted_shape(lab: Served) -> None:
    schema = {
        "type": "object",
        "properties": {
            "query": {"type": "string"},
            "kind": {"enum": ["other", "order"]},
            "order_id": {"type": "string"},
            "sure": {"type": "boolean"},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}, "minItems": 1},
        },
        "required": ["query", "kind", "order_id", "sure", "parts"],
        "$defs": {
            "part": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}}, "required": ["n"]}
        },
    }
    shape = {"type": "json_schema", "json_schema": {"name": "rewrite", "schema": schema, "strict": True}}
    text = await lab.text("my order LK-204518 please", response_format=shape)
    assert json.loads(text) == {
        "query": "my order LK-204518 please",
        "kind": "order",
        "order_id": "LK-204518",
        "sure": False,
        "parts": [{"n": 3}],
    }
    assert lab.lab.calls[-1].purpose == "rewrite"


async def test_a_picture_is_seen(lab: Served) -> None:
    parts = [
        {"type": "text", "text": "what is this"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
    ]
    answer = await lab.client.chat.completions.create(model="lab-strong", messages=[{"role": "user", "content": parts}])  # type: ignore[list-item,misc]  # plain JSON
    assert answer.choices[0].message.content == "A picture of a garden."


async def test_no_more_tokens_than_wanted(lab: Served) -> None:
    answer = await lab.ask("hello", max_tokens=2)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 2
    assert (await lab.text("hello")).startswith(answer.choices[0].message.content)


async def test_a_wrong_key_is_refused_in_the_words_of_the_api(lab: Served) -> None:
    wrong = lab.client.with_options(api_key="sk-wrong")
    with pytest.raises(openai.AuthenticationError) as refused:
        await wrong.chat.completions.create(**asked("hello"))
    assert refused.value.code == "invalid_api_key"
    async with lab.session.get(f"{lab.address}/v1/models") as response:
        assert response.status == 401
        assert (await response.json())["error"]["type"] == "invalid_request_error"
    assert lab.lab.calls[-1].ended == "refused"


async def test_an_unknown_model_is_refused_in_the_words_of_the_api(lab: Served) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        await lab.client.chat.completions.create(**{**asked("hello"), "model": "gtp-4"})
    assert refused.value.code == "model_not_found"
    assert "gtp-4" in str(refused.value)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "parse the JSON body"),
        (b'{"model": "lab-strong"}', "messages"),
        (b'{"model": "lab-strong", "messages": []}', "messages"),
        (b'{"model": "lab-strong", "messages": [{"role": "user", "content": 5}]}', "content"),
        (b'{"model": "lab-strong", "messages": [{"role": "user", "content": "x"}], "n": 2}', "n"),
        (b'{"model": "lab-strong", "messages": [{"role": "tool", "tool_call_id": "c", "content": "x"}]}', "tool_calls"),
        (b'{"model": "lab-strong", "messages": [{"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f"}}]}]}',
         "tool_call_id"),
    ],
)  # fmt: skip
async def test_bad_requests_are_refused(lab: Served, body: bytes, told: str) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    async with lab.session.post(f"{lab.address}/v1/chat/completions", data=body, headers=headers) as response:
        assert response.status == 400
        assert told in (await response.json())["error"]["message"]


async def test_unknown_addresses_answer_as_the_api(lab: Served) -> None:
    async with lab.raw({}, "/v1/completions") as response:
        assert response.status == 404
        assert "Invalid URL" in (await response.json())["error"]["message"]


async def test_azures_paths_and_key(lab: Served) -> None:
    client = openai.AsyncAzureOpenAI(azure_endpoint=lab.address, api_key=KEY, api_version="2026-01-01", max_retries=0)
    try:
        answer = await client.chat.completions.create(**{**asked("hello"), "model": "lab-fast"})
        assert answer.model == "lab-fast"
        assert lab.lab.calls[-1].path == "/openai/deployments/lab-fast/chat/completions"
        vectors = await client.embeddings.create(model="lab-embed", input="a return")
        assert len(vectors.data[0].embedding) == 64
        with pytest.raises(openai.NotFoundError):
            await client.chat.completions.create(**{**asked("hello"), "model": "nobody"})
    finally:
        await client.close()
    async with lab.raw(asked("hello"), "/openai/deployments/lab-fast/chat/completions") as response:
        assert response.status == 404
        assert "api-version" in (await response.json())["error"]["message"]
    async with lab.raw({**asked("hello"), "model": "lab-fast"}, "/openai/v1/chat/completions") as response:
        assert response.status == 200


async def test_near_texts_lie_near(lab: Served) -> None:
    texts = [
        "How do I return a parcel?",
        "returning parcels",
        "opening hours of the store in Ghent",
        "How do I return a parcel?",
    ]
    answer = await lab.client.embeddings.create(model="lab-embed", input=texts)
    first, near, far, same = (each.embedding for each in answer.data)
    assert all(
        len(vector) == 64 and math.isclose(math.hypot(*vector), 1, abs_tol=1e-5) for vector in (first, near, far)
    )
    assert same == first
    assert _dot(first, near) > _dot(first, far) + 0.3


def _dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


async def test_embeddings_come_as_floats_and_packed_alike(lab: Served) -> None:
    plain = await lab.client.embeddings.create(
        model="lab-embed", input=["a hose"], encoding_format="float", dimensions=16
    )
    packed = await lab.client.embeddings.create(model="lab-embed", input=["a hose"], dimensions=16)
    assert len(plain.data[0].embedding) == 16
    assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=1e-6)


@pytest.mark.parametrize("given", [[], [""], ["x"] * 2_049])
async def test_embeddings_of_nothing_are_refused(lab: Served, given: list[str]) -> None:
    with pytest.raises(openai.BadRequestError):
        await lab.client.embeddings.create(model="lab-embed", input=given)


async def test_a_recording_is_heard_by_its_name_or_content_and_else_honestly_not(lab: Served) -> None:
    async def heard(name: str, content: bytes) -> str:
        return (await lab.client.audio.transcriptions.create(model="lab-hear", file=(name, content))).text

    assert await heard("order-7.ogg", b"x") == "Where is my order?"
    assert await heard("voice.ogg", b"by content") == "Known by its content."
    assert await heard("voice.ogg", b"x") == "(inaudible)"
    with pytest.raises(openai.BadRequestError):
        await heard("voice.ogg", b"")
    plain = await lab.client.audio.transcriptions.create(
        model="lab-hear", file=("order-7.ogg", b"x"), response_format="text"
    )
    assert str(plain).strip() == "Where is my order?"


async def test_the_models_are_listed(lab: Served) -> None:
    listed = await lab.client.models.list()
    assert [model.id for model in listed.data] == ["lab-strong", "lab-fast", "lab-embed", "lab-hear"]
    assert (await lab.client.models.retrieve("lab-fast")).id == "lab-fast"
    with pytest.raises(openai.NotFoundError):
        await lab.client.models.retrieve("gtp-4")


async def test_what_was_asked_is_kept_without_the_key(lab: Served) -> None:
    await lab.text("hello")
    call = lab.lab.calls[-1]
    assert call.headers["Authorization"] == "***"
    assert KEY not in repr(call)
    assert call.messages[0]["role"] == "system"
    assert (call.rule, call.status, call.ended) == ("hello", 200, "done")
    async with lab.session.get(f"{lab.address}/_lab/state") as response:
        told = await response.text()
    assert "Kingfisher" not in told
    assert KEY not in told


async def test_it_keeps_no_more_than_its_newest_calls(lab: Served) -> None:
    from gateway.lab.model.calls import KEPT, Calls

    calls = Calls()
    for _ in range(KEPT + 5):
        calls.end(calls.begin("/v1/models", {}), "done")
    assert len(calls) == KEPT
    assert calls.count == KEPT + 5
    assert calls.running == 0


async def test_the_raw_chunks_join_to_the_text(lab: Served) -> None:
    async with lab.raw(asked("hello", stream=True)) as response:
        assert words_of([event async for event in events(response)]) == await lab.text("hello")
