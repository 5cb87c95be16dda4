"""Every kind of source over its stand-in, in one YAML with a schedule: a night brings all of it, the next its changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from evals.serving import Served
from kb_sync.discovery import source_plugins
from tests.contracts.remote_place import RemotePlace
from tests.flows.company import TENANT, changed, settings, wait_for_log
from tests.flows.test_scheduled_sync import ONCE_A_YEAR, SAM, status
from tests.kb_sync.confluence_place import ConfluencePlace
from tests.kb_sync.guide_place import GuidePlace
from tests.kb_sync.notion_place import NotionPlace
from tests.kb_sync.serving import Serving
from tests.kb_sync.test_generic_http import JsonPlace
from tests.kb_sync.test_git import GitPlace
from tests.kb_sync.test_rss import FeedPlace
from tests.kb_sync.test_s3 import S3Place
from tests.kb_sync.website_place import WebsitePlace
from tests.nursery import QuickServed

LAMPS = {
    "website": "Anemone", "rss": "Begonia", "zendesk_guide": "Camellia", "confluence": "Dahlia", "notion": "Echinacea",
    "generic_http": "Freesia", "git": "Gardenia", "s3": "Hibiscus", "folder": "Jasmine", "resolved_cases": "Lavender",
}  # fmt: skip
"""What each source knows about."""

OWN: dict[str, dict[str, Any]] = {"website": {"delay_s": 0}, "zendesk_guide": {"sweep_h": 0}}

PLACES: tuple[type[RemotePlace], ...] = (
    WebsitePlace, FeedPlace, GuidePlace, ConfluencePlace, NotionPlace, JsonPlace, GitPlace, S3Place,
)  # fmt: skip


class Company:
    """What people write at each place, and the process that reads it."""

    def __init__(self, serving: Serving, folder: Path) -> None:
        self.remote = {place.plugin.kind: place(serving, folder / place.plugin.kind) for place in PLACES}
        self.files = {"folder": folder / "files", "resolved_cases": folder / "reviewed"}
        for each in self.files.values():
            each.mkdir()
        self.write("hours", "The {lamp} lamp burns for 11 hours.")
        self.write("weight", "The {lamp} lamp weighs 700 grams.")
        self.write("glass", "The glass of the {lamp} lamp is made in Murano.")
        self.served = QuickServed(folder, changed(settings(folder), knowledge={"sources": self.blocks()}))

    def blocks(self) -> list[dict[str, Any]]:
        remote = {kind: {**place.settings(), **OWN.get(kind, {})} for kind, place in self.remote.items()}
        local = {kind: {"path": str(folder)} for kind, folder in self.files.items()}
        return [{"id": kind.replace("_", "-"), "kind": kind, **block} for kind, block in {**remote, **local}.items()]

    def write(self, name: str, text: str) -> None:
        for kind, lamp in LAMPS.items():
            title, words = f"{lamp} lamp: {name}", text.format(lamp=lamp)
            if kind in self.remote:
                self.remote[kind].put(name, title=title, text=words)
            else:
                self.files[kind].joinpath(f"{name}.md").write_text(
                    f"---\ntitle: '{title}'\nreviewed: true\n---\n{words}\n"
                )

    def remove(self, name: str) -> None:
        for place in self.remote.values():
            place.remove(name)
        for folder in self.files.values():
            folder.joinpath(f"{name}.md").unlink()

    def close(self) -> None:
        self.served.kill()
        for place in self.remote.values():
            place.close()


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    stand_ins = Serving()
    made = Company(stand_ins, tmp_path)
    yield made
    made.close()
    stand_ins.close()


async def lit(http: aiohttp.ClientSession, served: Served, words: str) -> set[str]:
    """The kinds of sources that the words are answered from, asked of each lamp."""
    found = set()
    for kind, lamp in LAMPS.items():
        question = f"How long does the {lamp} lamp burn?"
        async with http.post(f"{served.url}/chat", json={"user_message": question}) as response:
            if f"The {lamp} lamp burns for {words}." in await response.text():
                found.add(kind)
    return found


async def outcomes(http: aiohttp.ClientSession, served: Served) -> dict[str, tuple[str, int]]:
    found = await status(http, served)
    return {each["kind"]: (each["outcome"], each["documents"]) for each in found["sources"]}


async def test_a_night_brings_all_of_it_and_the_next_its_changes(company: Company) -> None:
    served = company.served
    assert LAMPS.keys() == source_plugins().keys()
    served.start()
    async with aiohttp.ClientSession() as http:
        assert await outcomes(http, served) == dict.fromkeys(LAMPS, ("never", 0))
        nightly = {"schedule": ONCE_A_YEAR, "sources": company.blocks()}
        served.write(changed(settings(served.folder), knowledge=nightly))
        first = await asyncio.to_thread(wait_for_log, served, "kb_sync_ended", limit_s=120)
        assert first["code"] == 0, first
        await asyncio.to_thread(wait_for_log, served, "generation_live")
        assert await outcomes(http, served) == dict.fromkeys(LAMPS, ("ok", 3))
        assert await lit(http, served, "11 hours") == LAMPS.keys()

        company.write("hours", "The {lamp} lamp burns for 14 hours.")
        company.remove("weight")
        async with http.post(f"{served.internal_url}/admin/kb/sync", json={"tenant": TENANT}, headers=SAM) as said:
            assert said.status == 202, await said.text()
        second = await asyncio.to_thread(wait_for_log, served, "kb_sync_ended", limit_s=120, times=2)
        assert second["code"] == 0, second
        await asyncio.to_thread(wait_for_log, served, "generation_live", times=2)
        assert await outcomes(http, served) == dict.fromkeys(LAMPS, ("ok", 2))
        assert await lit(http, served, "14 hours") == LAMPS.keys()
        assert await lit(http, served, "11 hours") == set()
    assert served.stop() == 0
