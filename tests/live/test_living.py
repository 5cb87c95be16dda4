"""What the YAML's ``live`` makes of a process, and whom a Redis lets in."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest
from redis.asyncio import Redis

import config
from core.answer_cache import CacheSettings
from core.kept_answers import KeptAnswers
from gateway.compose import load_settings
from gateway.compose.living import answers_of, live_layer, polls_of
from gateway.live import Hub
from gateway.spreading.answers import RedisAnswers
from tests.flows.company import settings, write_articles
from tests.live.replicas import Replica, pair, until
from tests.services.server import Server
from tests.services.servers import redis_address

SECRET = "s" * 32
MONGODB = "mongodb://db.example/frontdesk"


def loaded(folder: Path, **engines: str) -> config.Settings:
    block = settings(write_articles(folder / "kb"), session_secret=SECRET)
    file = folder / "frontdesk.yaml"
    file.write_text(json.dumps({"version": 1, **block, **engines}))
    return load_settings(file)


async def test_an_embedded_live_is_none_of_it(tmp_path: Path) -> None:
    made, hub = loaded(tmp_path), Hub()
    live = live_layer(made, hub=hub, secret=SECRET.encode())
    assert live is None and hub.spread is None and polls_of(made, hub) == ()
    assert isinstance(answers_of(live)(CacheSettings()), KeptAnswers)


async def test_a_shared_store_without_redis_is_read_again_and_again(tmp_path: Path) -> None:
    assert len(polls_of(loaded(tmp_path, store=MONGODB), Hub())) == 1
    assert polls_of(loaded(tmp_path, store=MONGODB, live="redis://cache.example/0"), Hub()) == ()


async def test_a_redis_in_the_yaml_makes_the_layer(tmp_path: Path) -> None:
    hub = Hub()
    live = live_layer(loaded(tmp_path, live="redis://:word@cache.example:6379/0"), hub=hub, secret=SECRET.encode())
    assert live is not None and hub.spread is not None and not live.is_up
    assert isinstance(answers_of(live)(CacheSettings()), RedisAnswers)
    await live.stop()


async def test_a_wrong_password_is_told_and_not_shown(own_redis: Server, capsys: pytest.CaptureFixture[str]) -> None:
    address = redis_address(own_redis)
    async with Redis.from_url(address) as redis:
        await redis.config_set("requirepass", "right-word")
    wrong = Replica(address.replace("//", "//:canary-word@"), secrets.token_bytes(32))
    await wrong.layer.start()
    lines: list[str] = []

    def is_told() -> bool:
        lines.extend(capsys.readouterr())
        return "live_layer_lost" in "".join(lines)

    await until(is_told)
    await wrong.layer.stop()
    said = "".join(lines)
    assert not wrong.layer.is_up and "AuthenticationError" in said and "canary" not in said
    async with pair(address.replace("//", "//:right-word@")) as (one, two):
        assert one.layer.is_up and two.layer.is_up
