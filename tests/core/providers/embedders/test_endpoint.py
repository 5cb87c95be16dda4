"""An embeddings endpoint over a real socket: batches, second tries, deadlines, cost, and errors without keys or texts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from core.errors import EmbedderUnavailable
from core.ports.embedding import Vectors
from core.providers.embedders import EmbedderKind, EmbedderSettings, embedder_of, spent_by
from core.providers.embedders.endpoint import LONGEST_BYTES, MOST_TRIES, EndpointEmbedder
from tests.core.providers.models.test_secrets import chained
from tests.core.providers.models.wire_server import KEY, Play, WireServer, answers, breaks, fails, stalls
from tests.core.providers.models.world import Clock
from tests.lab.model.served import KEY as LAB_KEY
from tests.lab.model.served import served

TEXT = "canary-text about my private parcel"


def lengths(size: int = 2) -> Play:
    """Vectors that tell the length of their text, given in the wrong order."""

    async def play(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        rows = [{"index": i, "embedding": [float(len(t)), *[1.0] * (size - 1)]} for i, t in enumerate(body["input"])]
        return web.json_response({"data": rows[::-1], "usage": {"prompt_tokens": 7 * len(rows)}})

    return play


def of_length(length: int) -> object:
    return pytest.approx([length / np.hypot(length, 1), 1 / np.hypot(length, 1)], abs=1e-6)


@dataclass
class Waits:
    """Sleeping that only moves the clock."""

    clock: Clock = field(default_factory=Clock)
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.now += seconds


def settings(server: WireServer, **more: Any) -> EmbedderSettings:
    base: dict[str, Any] = {
        "kind": EmbedderKind.ENDPOINT,
        "base_url": server.url,
        "model": "small",
        "key": KEY,
        "dimension": 2,
        "timeout_s": 20.0,
    }
    return EmbedderSettings(**{**base, **more})


@contextmanager
def embedder(server: WireServer, waits: Waits | None = None, **more: Any) -> Iterator[EndpointEmbedder]:
    still = waits or Waits()
    with closing(EndpointEmbedder(settings(server, **more), clock=still.clock, sleep=still.sleep)) as made:
        yield made


async def embed(embedder: EndpointEmbedder, *texts: str) -> Vectors:
    return await asyncio.to_thread(embedder.embed, texts)


async def failure(embedder: EndpointEmbedder, *texts: str) -> str:
    with pytest.raises(EmbedderUnavailable) as caught:
        await embed(embedder, *texts or (TEXT,))
    for error in chained(caught.value):
        assert KEY not in f"{error!r} {error}" and TEXT not in f"{error!r} {error}"
    return caught.value.safe_message


async def test_against_the_scripted_model() -> None:
    async with served({"version": 1, "models": ["lab-embed"], "dimension": 64, "rules": []}) as s:
        of_lab = EmbedderSettings(
            kind=EmbedderKind.ENDPOINT,
            base_url=f"{s.address}/v1",
            key=LAB_KEY,
            model="lab-embed",
            dimension=64,
            timeout_s=20,
        )
        waits = Waits()
        with closing(EndpointEmbedder(of_lab, clock=waits.clock, sleep=waits.sleep)) as embedder:
            s.lab.troubles.add("throttled", times=1)
            near, far, question = await embed(embedder, "how to return a hose", "opening hours", "returning hoses")
            assert near @ question > far @ question
            assert float(np.linalg.norm(near)) == pytest.approx(1.0, abs=1e-5)
            assert spent_by(embedder).tokens > 0
            s.lab.troubles.add("unauthorized", times=1)
            assert "knowledge.embedder.key" in await failure(embedder)


async def test_order_batches_and_cost(server: WireServer) -> None:
    server.play("small", lengths())
    texts = ["x" * (n + 1) for n in range(23)]
    with embedder(server, batch=5, parallel=2, price=0.5) as e:
        assert (e.is_remote, e.dimension, e.batch) == (True, 2, 10)
        vectors = await embed(e, *texts)
        assert [len(seen.body["input"]) for seen in server.seen].count(5) == 4 and server.calls("small") == 5
        for n, row in enumerate(vectors):
            assert row.tolist() == of_length(n + 1)
        assert (e.spent.texts, e.spent.requests, e.spent.tokens) == (23, 5, 23 * 7)
        assert e.cost == pytest.approx(23 * 7 * 0.5 / 1e6)
    assert server.most["small"] <= 2
    seen = server.seen[0]
    assert seen.path == "/v1/embeddings" and seen.headers["Authorization"] == f"Bearer {KEY}"
    assert seen.body["encoding_format"] == "float"


async def test_requests_are_bounded_by_tokens_too(server: WireServer) -> None:
    server.play("small", lengths())
    with embedder(server) as e:
        vectors = await embed(e, *["word " * 9_000] * 60)
    sent = [len(text.encode()) for seen in server.seen for text in seen.body["input"]]
    assert len(vectors) == len(sent) == 60 and max(sent) == LONGEST_BYTES
    assert max(sum(len(t) for t in seen.body["input"]) for seen in server.seen) < 200_000 * 4


async def test_texts_without_words_are_not_sent(server: WireServer) -> None:
    server.play("small", lengths())
    with embedder(server) as e:
        assert not (await embed(e, "", " \n")).any()
        assert not server.seen
        vectors = await embed(e, "", "abc", "\ud800 half")
        assert not vectors[0].any() and vectors[1].tolist() == of_length(3)
    assert server.seen[0].body["input"] == ["abc", "? half"]


async def test_what_is_set_beside_goes_along_and_makes_another_name(server: WireServer) -> None:
    server.play("small", lengths())
    with embedder(server, extra={"dimensions": 2}) as e, embedder(server) as plain:
        await embed(e, "abc")
        assert server.seen[0].body["dimensions"] == 2
        assert e.name != plain.name
    with embedder(server, key="sk-another", batch=3) as same:
        assert same.name == plain.name


@pytest.mark.parametrize(
    ("troubles", "slept"),
    [
        ([fails(429, headers={"Retry-After": "3"})], [3.0]),
        ([fails(429, headers={"Retry-After-Ms": "250"}), fails(503)], [0.25, 1.0]),
        ([fails(500), fails(502), breaks()], [0.5, 1.0, 2.0]),
    ],
    ids=["retry_after", "milliseconds", "errors_and_a_lost_connection"],
)
async def test_second_tries(server: WireServer, troubles: list[Play], slept: list[float]) -> None:
    waits = Waits()
    server.play("small", *troubles, lengths())
    with embedder(server, waits) as e:
        vectors = await embed(e, *["abc"] * 9)
        assert vectors[8].tolist() == of_length(3)
        assert waits.slept == slept and e.spent.requests == 1


async def test_tries_are_bounded(server: WireServer) -> None:
    waits = Waits()
    server.play("small", fails(500))
    with embedder(server, waits) as e:
        assert "server_error" in await failure(e, *[TEXT] * 9)
    assert server.calls("small") == MOST_TRIES


async def test_no_question_waits_longer_than_its_time(server: WireServer) -> None:
    waits = Waits()
    server.play("small", fails(429, headers={"Retry-After": "30"}))
    with embedder(server, waits, timeout_s=5.0) as e:
        assert "rate limit" in await failure(e)
        assert "rate limit" in await failure(e), "it asked to be left alone"
        assert waits.slept == [] and server.calls("small") == 1
        server.play("small", fails(429, headers={"Retry-After": "30"}), lengths())
        assert (await embed(e, *["abc"] * 9)).any(), "a build has the time"
        assert waits.slept == [30.0]


async def test_a_server_that_says_nothing(server: WireServer) -> None:
    server.play("small", stalls(server))
    with closing(EndpointEmbedder(settings(server, timeout_s=0.3))) as e:
        assert "connection" in await failure(e)


async def test_after_failures_questions_fail_at_once_until_one_tries(server: WireServer) -> None:
    waits = Waits()
    server.play("small", fails(500))
    with embedder(server, waits, timeout_s=3.0) as e:
        await failure(e)
        calls = server.calls("small")
        assert "left alone" in await failure(e) and server.calls("small") == calls
        server.play("small", lengths())
        waits.clock.now += 21
        assert (await embed(e, "abc")).any() and (await embed(e, "abcd")).any()


@pytest.mark.parametrize(
    ("play", "mend"),
    [
        (fails(401), "knowledge.embedder.key"),
        (fails(404), "knowledge.embedder.model and base_url"),
        (fails(400, param=KEY), "knowledge.embedder.model and extra"),
        (fails(302, headers={"Location": "http://127.0.0.1:9/"}), "knowledge.embedder.model"),
        (answers(f"<p>{KEY}</p>", text=True), "malformed"),
        (answers({"data": []}), "malformed"),
        (answers({"data": [{"index": 0, "embedding": [1e308, 1e308]}]}), "malformed"),
        (lengths(3), "vectors of 3 numbers, and knowledge.embedder.dimension says 2"),
    ],
    ids=["key", "model", "refused", "redirect", "html", "none", "infinite", "dimension"],
)
async def test_errors_name_the_mend_and_nothing_else(
    server: WireServer, play: Play, mend: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    server.play("small", play)
    with embedder(server) as e:
        assert mend in await failure(e)
        assert KEY not in repr(e) + repr(settings(server))
    out = capsys.readouterr()
    assert KEY not in caplog.text + out.out + out.err and TEXT not in caplog.text + out.out + out.err
    assert server.calls("small") == 1


async def test_a_probe_that_found_another_dimension_does_not_block_the_next(server: WireServer) -> None:
    waits = Waits()
    server.play("small", fails(401))
    with embedder(server, waits) as e:
        await failure(e)
        waits.clock.now += 21
        server.play("small", lengths(3))
        assert "dimension" in await failure(e)
        server.play("small", lengths())
        assert (await embed(e, "abc")).any()


async def test_closed_twice_and_opened_again(server: WireServer) -> None:
    server.play("small", lengths())
    with embedder(server) as e:
        e.close()
        await embed(e, "abc")
        e.close()
        e.close()
        assert (await embed(e, "abc")).any()


async def test_the_environment_says_nothing(server: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "from-the-environment")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.play("small", lengths())
    with embedder(server, key=None) as e:
        await embed(e, "abc")
    assert "from-the-environment" not in str(server.seen[0].headers)


def test_settings_make_the_embedder_they_say(server: WireServer) -> None:
    assert embedder_of(EmbedderSettings(kind=EmbedderKind.NONE)) is None
    shipped = embedder_of(EmbedderSettings())
    assert shipped is not None and (shipped.dimension, shipped.is_remote) == (256, False)
    assert isinstance(embedder_of(settings(server)), EndpointEmbedder)
    with pytest.raises(EmbedderUnavailable, match="nowhere"):
        embedder_of(EmbedderSettings(kind=EmbedderKind.LOCAL, path="nowhere"))
    with pytest.raises(ValueError, match="dimension"):
        EndpointEmbedder(settings(server, dimension=None))
