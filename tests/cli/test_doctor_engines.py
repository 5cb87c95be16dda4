"""``frontdesk doctor`` looks at store, index and live layer: real ones, and ones that are not there."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from core.errors import StoreUnavailable
from core.ports.channel import Level
from gateway.compose import load_settings
from gateway.compose.proving import engines_of
from gateway.doctor_engines import Engine, EnginesExamination
from tests.flows.company import SESSION_SECRET, company, settings, write_articles

NOBODY = {
    "store": "mongodb://fd:canary-store@127.0.0.1:9/frontdesk",
    "knowledge": "weaviate://:canary-index@127.0.0.1:9?grpc=10",
    "live": "redis://:canary-live@127.0.0.1:9/0",
}


def examination(folder: Path, engines: dict[str, str]) -> EnginesExamination:
    """Of a company on these engines."""
    file = folder / "frontdesk.yaml"
    block = {**settings(write_articles(folder / "kb"), session_secret=SESSION_SECRET), **engines}
    file.write_text(json.dumps({"version": 1, "data_dir": str(folder / "var"), **block}))
    return EnginesExamination(engines_of(load_settings(file)))


async def test_without_engines_it_is_the_file_that_is_examined(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (found,) = await examination(tmp_path, {}).examine()
    assert (found.check, found.level) == ("store", Level.OK) and "SQLite answers" in found.what


async def test_every_engine_answers(tmp_path: Path, mongodb: str, weaviate: str, redis_server: str) -> None:
    engines = {"store": mongodb, "knowledge": weaviate, "live": redis_server}
    found = await examination(tmp_path, engines).examine()
    assert [(each.check, each.level) for each in found] == [(key, Level.OK) for key in engines]


async def test_what_is_not_there_is_named_with_the_mend_and_without_its_password(tmp_path: Path) -> None:
    found = await examination(tmp_path, NOBODY).examine()
    assert [(each.check, each.level) for each in found] == [(key, Level.FAILURE) for key in NOBODY]
    assert all(f"`{each.check}`" in each.mend and "docs/engines.md" in each.mend for each in found)
    assert "canary" not in "".join(each.what + each.mend for each in found)


async def test_one_that_hangs_does_not_hide_the_others() -> None:
    async def hangs() -> None:
        await asyncio.Event().wait()

    async def refuses() -> None:
        raise StoreUnavailable("It is read-only.")

    engines = (
        Engine(setting="live", name="Redis", prove=hangs),
        Engine(setting="store", name="MongoDB", prove=refuses),
    )
    slow, refused = await EnginesExamination(engines, limit_s=0.05).examine()
    assert "no answer within 0.05 s" in slow.what and refused.what == "It is read-only."


def test_the_command_says_so_and_asks_no_further_without_a_store(tmp_path: Path) -> None:
    served = company(tmp_path, engines=NOBODY, is_synced=False)
    ended = served.command("doctor", "--json")
    assert ended.returncode == 1, ended.stderr
    told = json.loads(ended.stdout)
    assert [each["check"] for part in told["engines"] for each in part["findings"]] == list(NOBODY)
    assert not told["well"] and told["accounts"] == [] and "canary" not in ended.stdout + ended.stderr
