"""Keys and questions stay out of logs, errors and reprs, whatever the vendor says and at every log level."""

from __future__ import annotations

import gc
import logging
import traceback
from typing import Any

import pytest
import structlog

from core.errors import ModelMalformed, ModelUnavailable
from core.models_settings import Dialect, Endpoint
from core.ports.model import ModelRole
from core.providers.models.client import Clients
from core.providers.models.errors import AttemptFailed
from tests.core.providers.models.wire_server import KEY, WireServer, answers, breaks, events, fails, says, stalls
from tests.core.providers.models.world import SPENDER, asked, choice, settings, streamed, world

QUESTION = "canary-question-about-my-private-parcel"
HEADER = "canary-header-value"
WORDS = (KEY, QUESTION, HEADER)


def clean(text: str) -> bool:
    return not any(word in text for word in WORDS)


def chained(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is not None and one not in found:
            found.append(one)
            todo += [one.__cause__, one.__context__]
    return found


PLAYS: dict[str, Any] = {
    "auth": fails(401),
    "refused": fails(400, param=KEY),
    "rate": fails(429, headers={"Retry-After": "1"}),
    "down": fails(503),
    "cut": breaks(),
    "html": answers(f"<p>{KEY}</p>", text=True),
    "inside": events('data: {"error": {"message": "' + KEY + '", "code": "' + KEY + '"}}'),
}


@pytest.mark.parametrize("name", PLAYS)
@pytest.mark.parametrize("dialect", [Dialect.OPENAI, Dialect.AZURE])
async def test_no_fault_tells(
    server: WireServer,
    name: str,
    dialect: Dialect,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    logging.getLogger("openai").setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    server.play("bad", PLAYS[name])
    address = server.url if dialect is Dialect.OPENAI else server.url.removesuffix("/v1")
    endpoint = Endpoint(
        id="main", base_url=address, key=KEY, dialect=dialect, api_version="2024-10-21", headers={"X-Team": HEADER}
    )
    given = settings(server, choice("bad"), endpoints={"main": endpoint})
    with structlog.testing.capture_logs() as logged:
        async with world(given) as w:
            with pytest.raises(ModelUnavailable) as caught:
                await streamed(w.models, asked(QUESTION))
            findings = await w.models.examine()
            assert clean(repr(w.models) + repr(given) + repr(w.heard))
    assert server.seen[0].headers["X-Team"] == HEADER
    assert findings
    assert clean(repr(findings))
    for error in chained(caught.value):
        assert clean(str(error) + repr(error))
        assert type(error).__module__.split(".")[0] not in ("openai", "httpx2", "aiohttp"), "it holds the request"
    assert clean("".join(traceback.format_exception(caught.value)))
    assert clean(caplog.text + "".join(str(r.args) for r in caplog.records))
    assert clean(str(logged))
    out = capsys.readouterr()
    assert clean(out.out + out.err)


async def test_a_failure_holds_nothing_of_the_vendors_error(server: WireServer) -> None:
    server.play("bad", fails(401))
    clients = Clients({"main": Endpoint(id="main", base_url=server.url, key=KEY)})
    try:
        with pytest.raises(AttemptFailed) as caught:
            await clients.post("main", "/embeddings", {"model": "bad"})
        assert chained(caught.value) == [caught.value]
    finally:
        await clients.close()


async def test_a_good_answer_logs_nothing_of_it(server: WireServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.play("good", says("canary-answer"))
    async with world(settings(server, choice("good"))) as w:
        await streamed(w.models, asked(QUESTION))
    assert clean(caplog.text)
    assert "canary-answer" not in caplog.text


async def test_a_misconfigured_endpoint_is_named_in_the_log(server: WireServer) -> None:
    server.play("bad", fails(401))
    with structlog.testing.capture_logs() as logged:
        async with world(settings(server, choice("bad"))) as w:
            with pytest.raises(ModelUnavailable):
                await streamed(w.models)
    told = [entry for entry in logged if entry["event"] == "model endpoint misconfigured"]
    assert told == [
        {
            "event": "model endpoint misconfigured",
            "endpoint": "main",
            "model": "bad",
            "error": "auth",
            "mend": "frontdesk doctor says what to do",
            "log_level": "warning",
        }
    ]


async def test_malformed_does_not_quote(server: WireServer) -> None:
    server.play("good", says(QUESTION))
    async with world(settings(server, choice("good"))) as w:
        with pytest.raises(ModelMalformed) as caught:
            await w.models.complete(ModelRole.STRONG, asked(QUESTION, schema={"type": "object"}), SPENDER)
    assert clean("".join(traceback.format_exception(caught.value)))


async def test_the_environment_says_nothing(server: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY", "AZURE_OPENAI_AD_TOKEN"):
        monkeypatch.setenv(name, "canary-environment")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Sneaky: canary-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.play("good", says("fine"))
    given = settings(server, choice("good"), endpoints={"main": Endpoint(id="main", base_url=server.url)})
    async with world(given) as w:
        await streamed(w.models)
    assert "canary-environment" not in str(server.seen[0].headers)


async def test_redirects_do_not_carry_the_key_away(server: WireServer) -> None:
    async def play(request: Any, body: Any) -> Any:
        from aiohttp import web

        return web.Response(status=307, headers={"Location": f"http://localhost:{server.port}/v1/elsewhere"})

    server.play("bad", play)
    async with world(settings(server, choice("bad"))) as w:
        with pytest.raises(ModelUnavailable):
            await streamed(w.models)
    assert [s.path for s in server.seen] == ["/v1/chat/completions"]


async def test_nothing_is_left_open(server: WireServer, recwarn: pytest.WarningsRecorder) -> None:
    server.play("good", says("fine"), stalls(server, "Wait "), breaks("x"))
    async with world(settings(server, choice("good", idle_s=0.2))) as w:
        await streamed(w.models)
        for _ in range(2):
            with pytest.raises(ModelUnavailable):
                await streamed(w.models)
        await w.models.stop()
        await w.models.stop()
    gc.collect()
    assert not [str(w.message) for w in recwarn if issubclass(w.category, ResourceWarning)]
