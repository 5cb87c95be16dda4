"""A real serve with a schedule: it syncs in a child process by itself, answers from it, goes back, and ends with it."""

from __future__ import annotations

import asyncio
import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import aiohttp

from evals.serving import Served
from gateway.cli.doctor import _doctor
from gateway.compose import load_settings
from tests.flows.company import PASSWORD, QUESTIONS, TENANT, changed, company, settings, wait_for_log, write_articles

ONCE_A_YEAR = {"cron": "0 0 1 1 *", "misfire_h": 8_760, "jitter_s": 0}
"""Missed by now, whatever the day, and not due again while the test runs."""

SAM = {"Authorization": aiohttp.encode_basic_auth("sam", PASSWORD)}


def scheduled(folder: Path, schedule: dict[str, Any] | None) -> dict[str, Any]:
    place = {"id": "help", "kind": "folder", "path": str(folder)}
    knowledge = {"sources": [place]} if schedule is None else {"schedule": schedule, "sources": [place]}
    return changed(settings(folder), knowledge=knowledge)


def examined(served: Served) -> Any:
    """What the doctor says, of this process."""
    words = io.StringIO()
    with redirect_stdout(words):
        _doctor(load_settings(served.config), None, as_json=True)
    return json.loads(words.getvalue())


async def status(http: aiohttp.ClientSession, served: Served) -> Any:
    async with http.get(f"{served.internal_url}/admin/kb/status", headers=SAM) as response:
        assert response.status == 200
        (found,) = (await response.json())["tenants"]
        return found


async def former_and_live(http: aiohttp.ClientSession, served: Served) -> tuple[str, ...]:
    """The ids of all kept releases, the live one last."""
    found = await status(http, served)
    return (*(each["id"] for each in found["former"]), found["generation"]["id"])


async def answer(http: aiohttp.ClientSession, served: Served) -> str:
    """What a new contact is told about returns."""
    async with http.post(f"{served.url}/chat", json={"user_message": QUESTIONS[0]}) as response:
        assert response.status == 200
        return await response.text()


async def test_a_missed_run_is_made_good_and_published_without_a_hand(tmp_path: Path) -> None:
    served = company(tmp_path, is_synced=False)
    place = write_articles(tmp_path / "kb")
    served.write(scheduled(place, None))
    served.start()
    try:
        async with aiohttp.ClientSession() as http:
            assert (await status(http, served))["sources"][0]["outcome"] == "never"
            served.write(scheduled(place, ONCE_A_YEAR))
            await asyncio.to_thread(wait_for_log, served, "config_reloaded")
            ended = await asyncio.to_thread(wait_for_log, served, "kb_sync_ended", limit_s=60)
            assert (ended["code"], ended["tenant"], ended["sources"]) == (0, TENANT, ["help"])
            await asyncio.to_thread(wait_for_log, served, "generation_live")
            async with http.post(f"{served.url}/chat", json={"user_message": QUESTIONS[0]}) as response:
                assert "30 days" in await response.text()
            found = await status(http, served)
            (source,) = found["sources"]
            assert (source["outcome"], source["documents"], source["is_fresh"]) == ("ok", 4, True)
            assert found["generation"]["documents"] == 4 and not found["is_syncing"]
            async with http.get(f"{served.internal_url}/metrics") as response:
                numbers = await response.text()
            of_it = f'source="help",tenant="{TENANT}"'
            assert (
                f"frontdesk_kb_documents{{{of_it}}} 4.0" in numbers and f"frontdesk_kb_stale{{{of_it}}} 0.0" in numbers
            )
        (knowledge,) = (await asyncio.to_thread(examined, served))["knowledge"]
        (finding,) = knowledge["findings"]
        assert (knowledge["tenant"], finding["check"], finding["level"]) == (TENANT, "help", "ok")
        assert "4 documents. Next run: " in finding["what"]
        assert served.stop() == 0
    finally:
        served.kill()


async def test_a_bad_release_is_withdrawn_by_one_call(tmp_path: Path) -> None:
    served = company(tmp_path)
    page = tmp_path / "kb" / "returns.md"
    page.write_text(page.read_text(encoding="utf-8").replace("30 days", "3 days"), encoding="utf-8")
    served.start()
    try:
        async with aiohttp.ClientSession(headers=SAM) as http:
            (good,) = await former_and_live(http, served)
            async with http.post(f"{served.internal_url}/admin/kb/sync", json={}) as response:
                assert response.status == 202
            await asyncio.to_thread(wait_for_log, served, "kb_sync_ended", limit_s=60)
            await asyncio.to_thread(wait_for_log, served, "generation_live", times=2)
            assert "3 days" in await answer(http, served) and await former_and_live(http, served) != (good,)
            asked = {"tenant": TENANT, "release": good}
            async with http.post(f"{served.internal_url}/admin/kb/rollback", json=asked) as response:
                assert (response.status, await response.json()) == (200, {"tenant": TENANT, "generation": good})
            await asyncio.to_thread(wait_for_log, served, "generation_live", times=3)
            assert "30 days" in await answer(http, served)
        assert served.stop() == 0
    finally:
        served.kill()
