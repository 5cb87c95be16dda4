"""``frontdesk serve`` with the demo's YAML and no lab: nobody plays models, shop and vendors; the help pages answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from evals.chat import ask
from evals.serving import Served, free_port
from tests.browser.demo import settings
from tests.nursery import QuickServed


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = QuickServed(tmp_path, settings(), environ={"FRONTDESK_LAB_PORT": str(free_port())})
    ended = made.command("sync")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    made.start()
    yield made
    made.kill()


def test_the_demos_yaml_has_no_mistake(tmp_path: Path) -> None:
    ended = QuickServed(tmp_path, settings()).command("check")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.endswith("fine (1 tenant, 6 accounts, 1 source, 2 people)\n"), "not even a warning"
    assert ended.stderr.count("\n") == 1


async def test_questions_are_answered_from_the_help_pages_and_the_log_stays_calm(served: Served) -> None:
    async with aiohttp.ClientSession() as http:
        token = ""
        for question in (
            "How long do I have to return something?",
            "How much is delivery to Germany?",
            "My DripMate shows E03",
        ):
            answer = await ask(http, served.url, question, token=token)
            assert answer.sources, question
            assert answer.total_s < 10
            token = answer.token or token
    assert served.stop() == 0
    lines = [json.loads(line) for line in served.log_text().splitlines() if line.startswith("{")]
    assert [line for line in lines if line["level"] in ("error", "critical")] == []
    assert "Traceback" not in served.log_text()
    warned = [line["event"] for line in lines if line["level"] == "warning"]
    assert len(warned) <= 4, warned
