"""Kept answers that replicas share: the rules of the cache in memory, and what Redis may not learn or change."""

from __future__ import annotations

import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from core.answer_cache import AnswerCache, CacheSettings, standing
from core.kept_answers import size_of
from gateway.spreading.layer import Deadlines
from tests.core.test_answer_cache import T0, Clock, entry, lookup
from tests.live.replicas import PATIENT, Replica, pair
from tests.services.server import Server
from tests.services.servers import redis_address


@asynccontextmanager
async def caches(
    address: str, clock: Clock | None = None, *, deadlines: Deadlines = PATIENT, **bounds: Any
) -> AsyncIterator[tuple[AnswerCache, ...]]:
    async with pair(address, deadlines=deadlines) as both:
        yield tuple(cache_of(replica, clock, **bounds) for replica in both)


def cache_of(replica: Replica, clock: Clock | None = None, **bounds: Any) -> AnswerCache:
    return replica.layer.answers(CacheSettings(**bounds), clock=clock or Clock())


async def test_an_answer_is_given_again_by_another_replica(redis_server: str) -> None:
    async with caches(redis_server) as (here, there):
        await here.put(lookup(), entry())
        hit = await there.get(lookup("how long does delivery take"))
        assert hit is not None and hit.entry == entry() and hit.similarity == 1 and hit.kept_for.id == lookup().id
        assert await there.get(lookup("How much is delivery?")) is None
        await there.put(lookup(), entry("Newer. [1]"))
        await here.forget(hit)
        newer = await here.get(lookup())
        assert newer is not None and newer.entry.text == "Newer. [1]", (
            "what was replaced is not forgotten by its old hit"
        )
        await here.forget(newer)
        assert await there.get(lookup()) is None


@pytest.mark.parametrize(
    "other",
    [{"tenant": "other"}, {"audiences": frozenset({"partners"})}, {"variant": "v2"}, {"language": "de"}],
    ids=lambda scope: next(iter(scope)),
)
async def test_scopes_never_meet(redis_server: str, other: dict[str, Any]) -> None:
    async with caches(redis_server) as (here, there):
        await here.put(lookup("delivery", (1.0, 0.0)), entry())
        assert await there.get(lookup("delivery", (1.0, 0.0), **other), similarity=0.1) is None
        assert await there.get(lookup("delivery", (1.0, 0.0))) is not None


class Chunks:
    """Knowledge whose chunks have these fingerprints."""

    def __init__(self, **now: str) -> None:
        self.now = now

    async def chunks(self, ids: tuple[str, ...]) -> dict[str, str]:
        return {id: self.now[id] for id in ids if id in self.now}


async def test_an_edited_page_evicts_its_answers_for_all(redis_server: str) -> None:
    async with caches(redis_server) as (here, there):
        await here.put(lookup(), entry(k1="h1"))
        await here.put(lookup("Where is the shop?"), entry("Here. [1]", k2="h2"))
        knowledge: Any = Chunks(k1="edited", k2="h2")
        assert await standing(there, lookup(), knowledge) is None
        assert await here.get(lookup()) is None
        assert await standing(here, lookup("Where is the shop?"), knowledge) is not None


async def test_the_least_recently_used_goes_first(redis_server: str) -> None:
    async with caches(redis_server, entries=3) as (here, there):
        asked = [lookup(f"How long is delivery to {city}?") for city in ("Rome", "Paris", "Oslo", "Bern")]
        for one in asked[:3]:
            await here.put(one, entry())
        assert await there.get(asked[0]) is not None
        await there.put(asked[3], entry())
        assert [await here.get(one) is not None for one in asked] == [True, False, True, True]


async def test_bytes_are_bounded_and_given_back(redis_server: str) -> None:
    size = size_of(lookup(), entry())
    async with caches(redis_server, size_bytes=2 * size + size // 2) as (here, there):
        asked = [lookup(f"How long is delivery to {city}?") for city in ("Rome", "Oslo", "Bern")]
        for _ in range(3):
            for one in asked:
                await here.put(one, entry())
        assert [await there.get(one) is not None for one in asked] == [False, True, True]
        await here.put(lookup("Why?"), entry("x" * 4 * size))
        assert await there.get(lookup("Why?")) is None and await there.get(asked[2]) is not None


async def test_an_answer_grows_old(redis_server: str) -> None:
    clock = Clock()
    async with caches(redis_server, clock, ttl_s=60) as (here, there):
        await here.put(lookup(), entry())
        clock.now = T0.replace(second=59)
        assert await there.get(lookup()) is not None
        clock.now = T0.replace(minute=1)
        assert await there.get(lookup()) is None
        clock.now = T0
        assert await here.get(lookup()) is None, "it is gone for good"


async def test_a_question_in_other_words(redis_server: str) -> None:
    async with caches(redis_server) as (here, there):
        near, far = lookup("How long is delivery?", (1.0, 0.1)), lookup("How long is the warranty?", (0.0, 1.0))
        await here.put(near, entry("Two days. [1]"))
        await here.put(far, entry("Two years. [1]"))
        asked = lookup("How long until the parcel arrives?", (1.0, 0.0))
        asked = replace(asked, question=replace(asked.question, musts=near.question.musts))
        hit = await there.get(asked, similarity=0.9)
        assert hit is not None and hit.entry.text == "Two days. [1]" and 0.9 <= hit.similarity < 1
        assert await there.get(asked, similarity=0.999) is None
        assert await there.get(asked) is None
        await there.forget(hit)
        assert await here.get(near) is None and await here.get(asked, similarity=0.9) is None
        negated = replace(asked, question=replace(asked.question, musts=frozenset({"not"})))
        assert await there.get(negated, similarity=0.0) is None


async def test_redis_learns_neither_question_nor_answer_and_can_change_none(redis_server: str) -> None:
    async with pair(redis_server) as (one, _), Redis.from_url(redis_server) as redis:
        cache, prefix = cache_of(one), one.layer._prefix
        await cache.put(lookup("How long is delivery to Wuppertal?", (1.0, 0.0)), entry("Two days to Wuppertal."))
        keys = [key async for key in redis.scan_iter(match=f"{prefix}:answers:*")]
        assert len(keys) == 5
        seen = b"".join([*keys, *[await redis.dump(key) or b"" for key in keys]]).lower()
        assert not any(word in seen for word in (b"wuppertal", b"deliver", b"acme", b"two days"))
        assert all([0 < await redis.pttl(key) <= 86_400_000 for key in keys])
        (values,) = [key for key in keys if key.endswith(b":values")]
        ((name, value),) = cast("dict[bytes, bytes]", await redis.hgetall(values)).items()
        await redis.hset(values, name, value[:-1] + bytes([value[-1] ^ 1]))
        assert await cache.get(lookup("How long is delivery to Wuppertal?")) is None
        await redis.hset(values, name, secrets.token_bytes(100))
        assert await cache.get(lookup("How long is delivery to Wuppertal?")) is None


async def test_without_redis_nothing_is_kept_and_nothing_waits(own_redis: Server) -> None:
    async with caches(redis_address(own_redis), deadlines=Deadlines(answers_s=2)) as (here, there):
        await here.put(lookup(), entry())
        hit = await there.get(lookup())
        assert hit is not None
        own_redis.send(signal.SIGSTOP)
        assert await there.get(lookup()) is None
        own_redis.send(signal.SIGCONT)
        own_redis.kill()
        assert await there.get(lookup(), similarity=0.5) is None
        await here.put(lookup(), entry())
        await here.forget(hit)
