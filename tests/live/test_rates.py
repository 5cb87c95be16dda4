"""A visitor's rate counts wherever they knock, and is still counted where Redis is gone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from core.errors import TooMany
from gateway.http.limits import RateLimits
from gateway.services import Limits
from tests.live.replicas import pair, replicas, until
from tests.services.server import Server
from tests.services.servers import redis_address
from tests.web.world import bearer

LIMITS = Limits(messages_per_minute=3)


async def says(rates: RateLimits, limits: Limits = LIMITS, *, visitor: str = "v") -> bool:
    try:
        await rates.message(limits, visitor=visitor, address="192.0.2.1")
    except TooMany as refused:
        assert refused.retry_after_s is not None and 1 <= refused.retry_after_s <= 60
        return False
    return True


async def test_two_replicas_count_together(redis_server: str) -> None:
    async with pair(redis_server) as (one, two):
        here, there = RateLimits(shared=one.layer.rates), RateLimits(shared=two.layer.rates)
        assert [await says(here), await says(there), await says(here), await says(there), await says(here)] == [
            True, True, True, False, False,
        ]  # fmt: skip
        assert await says(there, visitor="another")
        assert await says(there, Limits(messages_per_minute=3, is_evaluation=True))


async def test_many_at_once_take_no_token_twice(redis_server: str) -> None:
    async with pair(redis_server) as (one, two):
        takes = [replica.layer.rates.take("k", per_minute=20) for replica in (one, two) for _ in range(20)]
        told = await asyncio.gather(*takes)
        assert None not in told and told.count(0.0) == 20


async def test_a_bucket_refills_by_the_clock_of_redis_and_is_forgotten_when_full(redis_server: str) -> None:
    async with pair(redis_server) as (one, two), Redis.from_url(redis_server) as redis:
        while await one.layer.rates.take("k", per_minute=120) == 0.0:
            pass
        async with asyncio.timeout(20):
            while await two.layer.rates.take("k", per_minute=120) != 0.0:
                pass
        prefix = one.layer._prefix
        (key,) = [key async for key in redis.scan_iter(match=f"{prefix}:rate:*")]
        assert 0 < await redis.pttl(key) <= 61_000


async def test_without_redis_each_replica_counts_on(own_redis: Server) -> None:
    async with pair(redis_address(own_redis)) as (one, two):
        here, there = RateLimits(shared=one.layer.rates), RateLimits(shared=two.layer.rates)
        assert await says(here) and await says(here)
        assert None not in await asyncio.gather(*(one.layer.rates.take(f"k{n}", per_minute=1) for n in range(20)))
        own_redis.kill()
        assert [await says(here), await says(here)] == [True, False], "what it counted itself stands"
        assert [await says(there) for _ in range(4)] == [True, True, True, False]
        own_redis.start()
        await until(lambda: one.layer.is_up and two.layer.is_up)
        assert not await says(here), "a new Redis knows nothing, and lifts nothing"
        assert await one.layer.rates.take("k", per_minute=1) == 0.0, "no connection of before stands in the way"


async def test_a_flush_lifts_no_limit(own_redis: Server) -> None:
    async with pair(redis_address(own_redis)) as (one, _), Redis.from_url(redis_address(own_redis)) as redis:
        rates = RateLimits(shared=one.layer.rates)
        assert [await says(rates) for _ in range(4)] == [True, True, True, False]
        await redis.flushall()
        assert not await says(rates)
        assert await one.layer.rates.take("k", per_minute=1) == 0.0, "the script is still known, or told anew"
        await redis.script_flush()
        assert await one.layer.rates.take("k", per_minute=1) not in (None, 0.0)


@pytest.mark.parametrize("is_there", [True, False], ids=["with Redis", "without"])
async def test_a_visitor_at_two_doors(own_redis: Server, tmp_path: Path, is_there: bool) -> None:
    if not is_there:
        own_redis.kill()
    async with replicas(redis_address(own_redis), tmp_path) as made:
        if is_there:
            await until(lambda: all(layer.is_up for layer in made.layers))
        token = (await made.first.session())["session_token"]
        for world in (made.first, made.second):
            world.set_limits(messages_per_minute=1)
        status = []
        for world in (made.first, made.second, made.first, made.second):
            url, body = world.url + "/v1/web/typing", {"active": True}
            async with world.http.post(url, headers=bearer(token), json=body) as response:
                status.append(response.status)
        assert status == ([204, 204, 429, 429] if is_there else [204, 204, 204, 204])
