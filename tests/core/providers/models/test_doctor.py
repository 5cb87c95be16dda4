"""What ``frontdesk doctor`` says about models: which choice, what is wrong, how to mend it; never a secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.models_settings import Choice, Endpoint
from core.ports.channel import Finding, Level
from core.ports.model import ModelRole
from core.providers.models.doctor import silence, square
from tests.core.providers.models.wire_server import (
    KEY,
    WireServer,
    answers,
    embeds,
    event,
    events,
    fails,
    says,
)
from tests.core.providers.models.world import choice, settings, world

WORD = '{"word": "yes"}'
CALLS = events(
    event({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "note", "arguments": WORD}}]}),
    event({}, "tool_calls"),
)


async def examined(server: WireServer, **roles: tuple[Choice, ...]) -> tuple[Finding, ...]:
    given = settings(server, roles={ModelRole(name): choices for name, choices in roles.items()})
    async with world(given) as w:
        found = await w.models.examine()
    assert KEY not in repr(found)
    assert all("\n" not in f.what for f in found)
    return found


def levels(found: tuple[Finding, ...]) -> list[Level]:
    return [finding.level for finding in found]


async def test_all_well(server: WireServer) -> None:
    server.play("good", says("yes"), CALLS, says(WORD), says("blue"))
    server.play("vec", embeds(3))
    server.play("ears", answers({"text": ""}))
    found = await examined(
        server,
        strong=(choice("good", sees=True),),
        embed=(Choice(endpoint="main", model="vec", dimension=3),),
        transcribe=(Choice(endpoint="main", model="ears"),),
    )
    assert levels(found) == [Level.OK] * 6
    assert found[0].what == "role strong, choice 1: good at main answers"
    assert "vectors of 3 numbers" in found[4].what


async def test_a_misspelt_model_and_what_there_is(server: WireServer) -> None:
    server.listed = ("gpt-4o", "gpt-4.1", "whisper-1")
    found = await examined(server, strong=(choice("gtp-4o"),))
    assert levels(found) == [Level.FAILURE]
    assert found[0].what == "role strong, choice 1: the endpoint main says not_found for the model 'gtp-4o'"
    assert found[0].mend.startswith("check the name; it offers: gpt-4o")


async def test_a_wrong_key(server: WireServer) -> None:
    server.play("good", fails(401))
    found = await examined(server, fast=(choice("good"),))
    assert levels(found) == [Level.FAILURE]
    assert "auth" in found[0].what
    assert "`key`" in found[0].mend


async def test_a_dead_address(server: WireServer) -> None:
    dead = Endpoint(id="main", base_url="http://127.0.0.1:9/v1", key=KEY)
    async with world(settings(server, choice("good"), endpoints={"main": dead})) as w:
        found = await w.models.examine()
    assert "connection" in found[0].what
    assert "base_url" in found[0].mend


async def test_a_refused_field_is_named(server: WireServer) -> None:
    server.play("thinker", fails(400, param="max_tokens"))
    found = await examined(server, strong=(choice("thinker"),))
    assert "`max_tokens`" in found[0].mend
    assert "reasons: true" in found[0].mend


@pytest.mark.parametrize(
    ("plays", "setting"),
    [
        ((says("yes"), says("I cannot call tools"), says(WORD)), "`tools: false`"),
        ((says("yes"), fails(400), says(WORD)), "`tools: false`"),
        ((says("yes"), CALLS, says("yes it is")), "`structured: prompt`"),
        ((says("yes"), CALLS, fails(400)), "`structured: prompt`"),
    ],
)
async def test_what_it_declares_but_does_not_do(server: WireServer, plays: Any, setting: str) -> None:
    server.play("good", *plays)
    found = await examined(server, strong=(choice("good"),))
    assert sorted(levels(found)) == [Level.OK, Level.OK, Level.WARNING]
    assert [f.mend for f in found if f.level is Level.WARNING] == [f"write {setting}, or take another model"]


async def test_what_is_not_declared_is_not_tried(server: WireServer) -> None:
    server.play("good", says("yes"))
    from core.models_settings import SchemaSupport

    await examined(server, strong=(choice("good", tools=False, structured=SchemaSupport.PROMPT),))
    assert server.calls("good") == 1


async def test_another_dimension_is_told(server: WireServer) -> None:
    server.play("vec", embeds(1536))
    found = await examined(server, embed=(Choice(endpoint="main", model="vec", dimension=768),))
    assert levels(found) == [Level.FAILURE]
    assert found[0].mend == "write `dimension: 1536`, or take the model you meant"


async def test_an_open_breaker_does_not_hide_the_cause(server: WireServer) -> None:
    server.play("good", fails(401))
    async with world(settings(server, choice("good"))) as w:
        first = await w.models.examine()
        assert await w.models.examine() == first


def test_the_samples_are_what_they_say() -> None:
    assert silence()[:4] == b"RIFF"
    assert len(silence()) == 44 + 4000
    assert square().content.startswith(b"\x89PNG")
    assert json.loads(WORD) == {"word": "yes"}
