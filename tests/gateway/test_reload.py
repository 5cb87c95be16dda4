"""Hot reload of a real serve: what is good takes effect without a restart, what is not is refused and the old one stays."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import aiohttp

from evals.serving import Served
from tests.flows.company import QUESTIONS, changed, wait_for_log
from tests.flows.conftest import MakeCompany

NOTICE = "A colleague from Acme takes over in a moment."


def _settings(served: Served) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(served.config.read_text())
    return read


async def _notice(http: aiohttp.ClientSession, served: Served) -> str:
    """What a new visitor is told who asks for a person."""
    async with http.post(f"{served.url}/chat", json={"user_message": "I want to talk to a person"}) as response:
        body = await response.text()
    assert "escalation_confirmed" in body
    return body


async def test_notices_and_limits_change_while_it_serves(make_company: MakeCompany) -> None:
    served = make_company()
    served.start()
    pid = served.pid
    async with aiohttp.ClientSession() as http:
        assert NOTICE not in await _notice(http, served)
        new = changed(_settings(served), notices={"default": {"handoff": NOTICE, "handoff_offline": NOTICE}})
        new["server"] |= {"evaluation": False, "limits": {"messages_per_minute": 2, "message_chars": 100}}
        served.write(new)
        told = await asyncio.to_thread(wait_for_log, served, "config_reloaded")
        assert "server.limits.messages_per_minute" in told["changed"]
        assert NOTICE in await _notice(http, served)
        async with http.post(f"{served.url}/v1/web/sessions", json={}) as response:
            headers = {"Authorization": f"Bearer {(await response.json())['session_token']}"}
        codes: list[int] = []
        for text in ("x" * 101, "Hello", "Hello again"):
            said = {"client_msg_id": f"m{len(codes)}", "text": text}
            async with http.post(f"{served.url}/v1/web/messages", json=said, headers=headers) as response:
                codes.append(response.status)
                last = response
        assert codes == [422, 202, 429]
        assert int(last.headers["Retry-After"]) > 0
    assert served.pid == pid
    assert served.stop() == 0


async def test_a_file_with_mistakes_is_refused_and_the_old_one_stays(make_company: MakeCompany) -> None:
    served = make_company()
    served.start()
    good = _settings(served)
    served.config.write_text("version: 1\ntenants: [\n")
    told = await asyncio.to_thread(wait_for_log, served, "config_refused")
    assert told["level"] == "error" and told["meaning"] == "the last good one stays"
    assert any("frontdesk.yaml:" in problem for problem in told["problems"])
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{served.url}/chat", json={"user_message": QUESTIONS[0]}) as response:
            assert response.status == 200 and "30 days" in await response.text()
        served.write(changed(good, name="Acme Two"))
        served.process.send_signal(signal.SIGHUP)  # type: ignore[union-attr]  # it serves
        await asyncio.to_thread(wait_for_log, served, "config_reloaded")
        async with http.post(f"{served.url}/v1/web/sessions", json={}) as response:
            assert (await response.json())["config"]["name"] == "Acme Two"
    assert served.stop() == 0


async def test_a_reload_keeps_what_is_under_way(make_company: MakeCompany, tmp_path: Path) -> None:
    """Sessions, conversations and the open stream of a visitor live through a reload."""
    served = make_company()
    served.start()
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{served.url}/v1/web/sessions", json={}) as response:
            headers = {"Authorization": f"Bearer {(await response.json())['session_token']}"}
        async with http.get(f"{served.url}/v1/web/stream", headers=headers) as stream:
            served.write(changed(_settings(served), name="Acme Two"))
            await asyncio.to_thread(wait_for_log, served, "config_reloaded")
            said = {"client_msg_id": "m1", "text": QUESTIONS[0]}
            async with http.post(f"{served.url}/v1/web/messages", json=said, headers=headers) as response:
                assert response.status == 202
            async with asyncio.timeout(20):
                async for line in stream.content:
                    if b'"role":"bot"' in line:
                        assert b"30 days" in line
                        break
    assert served.stop() == 0
