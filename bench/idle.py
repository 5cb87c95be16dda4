"""10 000 open streams in one process: what each costs, and whether a new chat still gets its answer at once."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path
from time import perf_counter

import psutil
from aiohttp import ClientSession, ClientTimeout, TCPConnector

from bench.figures import Figure, median
from bench.settings import web_settings
from evals.chat import ask
from evals.serving import Served

STREAMS, OPENERS, CLIENT_ADDRESSES = 10_000, 200, 4


def _rss(served: Served) -> int:
    return int(psutil.Process(served.pid).memory_info().rss)


async def _open(address: str, url: str, token: str, count: int) -> list[asyncio.StreamWriter]:
    """Raw connections from one loopback address, each with the stream's answer read."""
    host, port = url.removeprefix("http://").split(":")
    request = (
        f"GET /v1/web/stream HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n"
        "Accept: text/event-stream\r\n\r\n"
    ).encode()
    gate = asyncio.Semaphore(OPENERS)
    writers: list[asyncio.StreamWriter] = []

    async def one() -> None:
        async with gate:
            reader, writer = await asyncio.open_connection(host, int(port), local_addr=(address, 0), limit=4096)
            writer.write(request)
            status = await reader.readline()
            if b" 200 " not in status:
                raise RuntimeError(f"a stream was refused: {status!r}")
            await reader.readuntil(b"event: state")
            writers.append(writer)

    await asyncio.gather(*(one() for _ in range(count)))
    return writers


async def _measure(served: Served) -> tuple[float, float]:
    """KiB a stream over the base, and seconds of a new chat while all are open."""
    limit = ClientTimeout(total=60)
    async with ClientSession(timeout=limit, connector=TCPConnector(limit=10)) as session:
        first = await ask(session, served.url, "hello")
        base = _rss(served)
        addresses = [f"127.0.0.{n + 1}" for n in range(CLIENT_ADDRESSES)]
        share = STREAMS // CLIENT_ADDRESSES
        writers = []
        for address in addresses:
            writers += await _open(address, served.url, first.token, share)
        each = (_rss(served) - base) / len(writers) / 1024
        started = perf_counter()
        answer = await ask(session, served.url, "hello again")
        seconds = perf_counter() - started
        if answer.status != 200:
            raise RuntimeError(f"the new chat was refused: {answer.status}")
        for writer in writers:
            writer.transport.abort()
    return each, seconds


def run(rounds: int, _seconds: float, folder: Path) -> list[Figure]:
    """Each round in a fresh process."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
    results = []
    for number in range(rounds):
        served = Served(folder / f"round-{number}", web_settings())
        served.start()
        try:
            results.append(asyncio.run(_measure(served)))
        finally:
            served.kill()
    return [
        Figure(name="idle stream", value=median(r[0] for r in results), unit="KiB", at_most=20, note="10 000 open"),
        Figure(
            name="new chat beside 10 000 streams", value=median(r[1] for r in results) * 1e3, unit="ms", at_most=250
        ),
    ]
