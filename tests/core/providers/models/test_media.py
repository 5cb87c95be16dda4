"""Embeddings in batches, and what is said in a recording."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import ModelUnavailable
from core.models_settings import Choice
from core.ports.model import ModelAnswer, ModelRole
from tests.core.providers.models.wire_server import WireServer, answers, embeds, fails, stalls
from tests.core.providers.models.world import SPENDER, settings, world


def embed_settings(server: WireServer, *choices: Choice) -> Any:
    return settings(server, roles={ModelRole.EMBED: choices})


def vec(model: str = "vec", **more: Any) -> Choice:
    return Choice(**{"endpoint": "main", "model": model, "total_s": 2.0, **more})


async def test_vectors_come_in_the_order_of_the_texts_in_batches(server: WireServer) -> None:
    server.play("vec", embeds(2))
    async with world(embed_settings(server, vec(dimension=2, input_price=10.0))) as w:
        found = await w.models.embed(["x" * n for n in range(1, 151)], SPENDER)
        assert found == tuple((float(n), float(n)) for n in range(1, 151))
        assert [len(s.body["input"]) for s in server.seen] == [64, 64, 22]
        outcomes = [outcome for _, _, outcome, _ in w.heard.calls]
    assert all(isinstance(o, ModelAnswer) for o in outcomes)
    assert sum(o.usage.input_tokens for o in outcomes if isinstance(o, ModelAnswer)) == 7 * 150


async def test_nothing_to_embed_is_nothing(server: WireServer) -> None:
    async with world(embed_settings(server, vec())) as w:
        assert await w.models.embed([], SPENDER) == ()
    assert not server.seen


async def test_empty_texts_and_very_long_ones_are_taken(server: WireServer) -> None:
    server.play("vec", embeds())
    async with world(embed_settings(server, vec())) as w:
        await w.models.embed(["", "x" * 100_000], SPENDER)
    assert server.seen[0].body["input"][0] == " "
    assert len(server.seen[0].body["input"][1]) < 30_000


@pytest.mark.parametrize(
    "value",
    [
        {"data": [{"index": 0, "embedding": [1.0, 2.0]}]},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}]},
        {"data": [{"index": 0, "embedding": [1, 2, 3]}, {"index": 1, "embedding": [1, 2, 3]}]},
        {"data": [{"embedding": "AAAA"}, {"embedding": "AAAA"}]},
        {"data": []},
        {"error": "no"},
    ],
)
async def test_vectors_that_do_not_fit_are_refused(server: WireServer, value: Any) -> None:
    server.play("bad", answers(value))
    server.play("vec", embeds(2))
    async with world(embed_settings(server, vec("bad", dimension=2), vec(dimension=2))) as w:
        found = await w.models.embed(["a", "bb"], SPENDER)
        assert found == ((1.0, 1.0), (2.0, 2.0))
        assert [t.error for t in w.heard.calls[0][3]] == ["malformed", None]


async def test_a_slow_embedding_ends_at_its_deadline(server: WireServer) -> None:
    server.play("vec", stalls(server))
    async with world(embed_settings(server, vec(total_s=0.2))) as w:
        with pytest.raises(ModelUnavailable, match="timeout_total"):
            await w.models.embed(["a"], SPENDER)


def speech(server: WireServer, *models: str) -> Any:
    choices = tuple(Choice(endpoint="main", model=m, minute_price=0.6, total_s=2.0) for m in models)
    return settings(server, roles={ModelRole.TRANSCRIBE: choices})


async def test_a_recording_becomes_text_and_its_name_means_nothing(server: WireServer) -> None:
    server.play("down", fails(500))
    server.play("ears", answers({"text": " Where is my parcel? ", "usage": {"type": "duration", "seconds": 30}}))
    async with world(speech(server, "down", "ears")) as w:
        text = await w.models.transcribe('../A "b"\r\nX: y.exe', "audio/ogg; codecs=opus", b"OggS123", SPENDER)
        _, _, outcome, tried = w.heard.calls[0]
    assert text == "Where is my parcel?"
    sent = server.seen[-1]
    assert sent.path == "/v1/audio/transcriptions"
    assert sent.body["file"] == {"file": "A-b-X-y.ogg", "bytes": b"OggS123"}
    assert [t.error for t in tried] == ["server_error", None]
    assert isinstance(outcome, ModelAnswer)
    assert outcome.usage.cost == pytest.approx(0.3)


@pytest.mark.parametrize("value", ["<html>", '{"words": []}'])
async def test_a_transcript_that_is_none(server: WireServer, value: str) -> None:
    server.play("ears", answers(value, text=True))
    async with world(speech(server, "ears")) as w:
        with pytest.raises(ModelUnavailable, match="malformed"):
            await w.models.transcribe("a", "audio/ogg", b"1", SPENDER)


async def test_unset_roles_say_so(server: WireServer) -> None:
    async with world(settings(server)) as w:
        with pytest.raises(ModelUnavailable, match="none is configured"):
            await w.models.embed(["a"], SPENDER)
        with pytest.raises(ModelUnavailable, match="none is configured"):
            await w.models.transcribe("a", "audio/ogg", b"1", SPENDER)
