"""JSON of a given shape: asked for, found, checked, repaired once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ModelMalformed
from core.models_settings import SchemaSupport
from core.ports.model import ModelRole, PromptMessage, Speaker
from core.providers.models import structured
from tests.core.providers.models.wire_server import WireServer, fails, says
from tests.core.providers.models.world import SPENDER, asked, choice, errors_of, settings, world

SHAPE: dict[str, Any] = {
    "type": "object",
    "properties": {"intent": {"type": "string", "enum": ["order", "other"]}, "n": {"type": "integer"}},
    "required": ["intent", "n"],
    "additionalProperties": False,
}
GOOD = '{"intent": "order", "n": 2}'


async def complete(server: WireServer, *plays: Any, **more: Any) -> Any:
    server.play("good", *plays)
    async with world(settings(server, choice("good", **more))) as w:
        return await w.models.complete(ModelRole.STRONG, asked(schema=SHAPE, purpose="triage: now"), SPENDER)


async def test_native_asks_the_server_strictly(server: WireServer) -> None:
    answer = await complete(server, says(GOOD))
    assert json.loads(answer.text) == {"intent": "order", "n": 2}
    assert server.seen[0].body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "triage_now", "schema": SHAPE, "strict": True},
    }


async def test_prompt_asks_in_words(server: WireServer) -> None:
    await complete(server, says(GOOD), structured=SchemaSupport.PROMPT)
    body = server.seen[0].body
    assert "response_format" not in body
    assert json.dumps(SHAPE, separators=(",", ":")) in body["messages"][0]["content"]
    assert [message["role"] for message in body["messages"]] == ["system", "user"]


@pytest.mark.parametrize("text", [f"Sure! ```json\n{GOOD}\n```", f"\n {GOOD} ", f"<answer>{GOOD}</answer>"])
async def test_an_object_with_words_around_it_needs_no_repair(server: WireServer, text: str) -> None:
    answer = await complete(server, says(text))
    assert json.loads(answer.text) == json.loads(GOOD)
    assert server.calls("good") == 1


@pytest.mark.parametrize(
    "bad", ['{"intent": "order"', "I think it is an order.", '{"intent": "refund", "n": 2}', "[1]"]
)
async def test_one_repair_tells_the_model_what_is_wrong(server: WireServer, bad: str) -> None:
    answer = await complete(server, says(bad), says(GOOD))
    assert json.loads(answer.text) == json.loads(GOOD)
    said, complaint = server.seen[1].body["messages"][-2:]
    assert (said["role"], said["content"]) == ("assistant", bad)
    assert "cannot be used" in complaint["content"]
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (200, 20), "both calls are counted"
    assert errors_of(answer) == [None, None]


async def test_a_second_bad_answer_is_malformed_and_told(server: WireServer) -> None:
    server.play("good", says("no"))
    async with world(settings(server, choice("good"))) as w:
        with pytest.raises(ModelMalformed) as caught:
            await w.models.complete(ModelRole.STRONG, asked(schema=SHAPE), SPENDER)
        assert server.calls("good") == 2
        assert w.heard.calls[-1][2] is caught.value
        assert "Where is my parcel" not in caught.value.safe_message


async def test_a_filtered_answer_is_not_asked_again(server: WireServer) -> None:
    server.play("good", says("", finish="content_filter"))
    async with world(settings(server, choice("good"))) as w:
        with pytest.raises(ModelMalformed):
            await w.models.complete(ModelRole.STRONG, asked(schema=SHAPE), SPENDER)
    assert server.calls("good") == 1


async def test_a_fallback_that_needs_the_prompt_gets_it(server: WireServer) -> None:
    server.play("first", fails(500))
    server.play("second", says(GOOD))
    given = settings(server, choice("first"), choice("second", structured=SchemaSupport.PROMPT))
    async with world(given) as w:
        await w.models.complete(ModelRole.STRONG, asked(schema=SHAPE), SPENDER)
    first, second = server.seen
    assert "response_format" in first.body
    assert "JSON schema" in second.body["messages"][0]["content"]


def test_strict_only_where_the_vendor_takes_it() -> None:
    assert structured.is_strict(SHAPE)
    assert not structured.is_strict({**SHAPE, "required": ["n"]})
    assert not structured.is_strict(
        {"type": "object", "properties": {"list": {"type": "array", "items": {"type": "object"}}}}
    )
    assert not structured.is_strict({**SHAPE, "additionalProperties": True})


def test_a_reference_to_elsewhere_makes_no_request() -> None:
    with pytest.raises(Exception, match=r"example\.com"):
        structured.read("{}", {"$ref": "http://example.com/shape.json"})


def test_deep_nesting_is_refused_not_fatal() -> None:
    deep = '{"a":' * 20_000 + "1" + "}" * 20_000
    assert structured.read(deep, {"type": "object"})[0] is None


def test_a_repair_is_bounded() -> None:
    again = structured.repair(asked(), "x" * 100_000, "it is wrong")
    assert sum(len(message.text) for message in again.messages) < 10_000


def test_a_repair_keeps_the_request() -> None:
    request = asked(schema=SHAPE)
    again = structured.repair(request, "bad", "it is wrong")
    assert again.messages[: len(request.messages)] == request.messages
    assert again.messages[-2] == PromptMessage(speaker=Speaker.MODEL, text="bad")


@given(st.text(max_size=300))
def test_whatever_a_model_says_reading_gives_a_fitting_object_or_a_complaint(text: str) -> None:
    found, complaint = structured.read(text, SHAPE)
    assert (found is None) == bool(complaint)


@given(
    value=st.fixed_dictionaries({"intent": st.sampled_from(["order", "other"]), "n": st.integers(-9, 9)}),
    before=st.text(alphabet=st.characters(exclude_characters="{}"), max_size=40),
    after=st.text(alphabet=st.characters(exclude_characters="{}"), max_size=40),
)
def test_a_fitting_object_is_found_among_any_words(value: dict[str, Any], before: str, after: str) -> None:
    found, _ = structured.read(before + json.dumps(value) + after, SHAPE)
    assert found is not None
    assert json.loads(found) == value
