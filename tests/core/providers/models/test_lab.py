"""Against the lab's scripted model: two readings of the wire format, written apart, understand one another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.errors import ModelUnavailable
from core.models_settings import Choice, Endpoint, ModelsSettings, RetrySettings
from core.ports.channel import Level
from core.ports.model import Finish, ModelAnswer, ModelRole, ToolOffer
from gateway.lab.model import ModelLab
from tests.core.providers.models.test_structured import SHAPE
from tests.core.providers.models.world import SPENDER, World, asked, errors_of, streamed, world
from tests.lab.model.served import KEY, served

TOOL = ToolOffer(
    name="lookup_order",
    description="Finds an order.",
    parameters={"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
)
SCRIPT: dict[str, Any] = {
    "version": 1,
    "models": ["lab-fast", "lab-strong", "lab-embed", "lab-transcribe"],
    "dimension": 64,
    "rules": [{"id": "json", "when": {"is_json": True}, "then": {"fill": True}}],
    "transcripts": [{"name": "order", "text": "Where is my order?"}],
}


def lab_settings(
    address: str,
    *,
    roles: Mapping[ModelRole, tuple[Choice, ...]] | None = None,
    first: Mapping[str, float] | None = None,
) -> ModelsSettings:
    def chat(model: str, **more: float) -> Choice:
        return Choice(**{"endpoint": "lab", "model": model, "first_s": 20.0, "idle_s": 20.0, **more})  # type: ignore[arg-type]  # seconds

    return ModelsSettings(
        endpoints={"lab": Endpoint(id="lab", base_url=f"{address}/v1", key=KEY)},
        roles=roles
        or {
            ModelRole.STRONG: (chat("lab-strong", **(first or {})), chat("lab-fast")),
            ModelRole.EMBED: (Choice(endpoint="lab", model="lab-embed", dimension=64, total_s=20.0),),
            ModelRole.TRANSCRIBE: (Choice(endpoint="lab", model="lab-transcribe", total_s=20.0),),
        },
        retries=RetrySettings(share=0.0, burst=0),
    )


@asynccontextmanager
async def lab_world(**first: float) -> AsyncIterator[tuple[ModelLab, World]]:
    async with served(SCRIPT) as s, world(lab_settings(s.address, first=first)) as w:
        yield s.lab, w


async def test_an_answer_with_counts() -> None:
    async with lab_world() as (_, w):
        _, answer = await streamed(w.models)
        assert answer.text
        assert answer.usage.input_tokens > 0
        assert answer.usage.output_tokens > 0
        assert answer.model == "lab-strong"


@pytest.mark.parametrize(
    ("trouble", "more", "code"),
    [
        ("outage", {}, "connection"),
        ("slow_first", {"seconds": 30.0}, "timeout_first"),
        ("throttled", {"seconds": 1.0}, "rate_limited"),
        ("server_error", {}, "server_error"),
        ("unauthorized", {}, "auth"),
        ("empty", {}, "empty"),
    ],
)
async def test_troubles_before_the_first_word_fall_back(trouble: str, more: dict[str, Any], code: str) -> None:
    first = {"first_s": 0.3} if code == "timeout_first" else {}
    async with lab_world(**first) as (lab, w):
        lab.troubles.add(trouble, model="lab-strong", **more)
        _, answer = await streamed(w.models)
        assert errors_of(answer) == [code, None]
        assert answer.model == "lab-fast"


@pytest.mark.parametrize(("trouble", "code"), [("stall", "timeout_idle"), ("cut", "cut")])
async def test_troubles_midway_break_off(trouble: str, code: str) -> None:
    async with lab_world(idle_s=0.3) as (lab, w):
        lab.troubles.add(trouble, model="lab-strong", tokens=3)
        pieces: list[Any] = []
        with pytest.raises(ModelUnavailable) as caught:
            async for piece in w.models.stream(ModelRole.STRONG, asked(), SPENDER):
                pieces.append(piece)
        assert pieces
        assert errors_of(caught.value) == [code]


async def test_endless_is_cut_and_filtered_is_told() -> None:
    async with lab_world() as (lab, w):
        lab.troubles.add("endless")
        _, answer = await streamed(w.models)
        assert answer.finish is Finish.LENGTH
        assert len(answer.text) <= 400
        lab.troubles.add("filtered")
        assert (await streamed(w.models))[1].finish is Finish.FILTERED


async def test_half_a_json_is_repaired() -> None:
    async with lab_world() as (lab, w):
        lab.troubles.add("half_json")
        answer = await w.models.complete(ModelRole.STRONG, asked(schema=SHAPE), SPENDER)
        assert isinstance(answer, ModelAnswer)
        assert len(answer.tried) == 2


async def test_a_tool_call_comes_through_also_a_broken_one() -> None:
    async with lab_world() as (lab, w):
        lab.troubles.add("bad_tool_json")
        _, answer = await streamed(w.models, asked(tools=(TOOL,)))
        assert answer.finish is Finish.TOOL_CALLS
        assert answer.tool_calls[0].name == "lookup_order"


async def test_vectors_and_transcripts() -> None:
    async with lab_world() as (_, w):
        one, two, again = await w.models.embed(["parcel", "garden hose", "parcel"], SPENDER)
        assert len(one) == 64
        assert one == again != two
        said = await w.models.transcribe("my order.ogg", "audio/ogg", b"OggS" * 500, SPENDER)
        assert said == "Where is my order?"


async def test_the_doctor_finds_it_well_and_a_wrong_name_not() -> None:
    async with served(SCRIPT) as s:
        async with world(lab_settings(s.address)) as w:
            found = await w.models.examine()
        assert {f.level for f in found} <= {Level.OK, Level.WARNING}, found
        assert len(found) >= 6
        wrong = Choice(endpoint="lab", model="lab-stong")
        async with world(lab_settings(s.address, roles={ModelRole.STRONG: (wrong,)})) as w:
            found = await w.models.examine()
    assert [f.level for f in found] == [Level.FAILURE]
    assert "lab-strong" in found[0].mend
