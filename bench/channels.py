"""Accepting a vendor's event durably, against the vendor's own SDK app with a handler that does nothing; same core and bytes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from bench import load
from bench.figures import Figure, median, percentile
from bench.settings import PASSWORD
from bench.vendor_events import Connector, Vendor, vendors
from evals.serving import Served, free_port, get_status

AT_LEAST: Final = {"slack": 2.5, "telegram": 2.0, "sms": 1.5, "teams": 2.5}
EVENTS_PER_ROUND: Final = 40_000
DEBOUNCE_MS: Final = 10_000
"""Turns wait until the load is over, so that the accept path is what is measured."""


def run(rounds: int, seconds: float, folder: Path) -> list[Figure]:
    """Interleaved rounds of each SDK app and of Frontdesk."""
    figures: list[Figure] = []
    connector = Connector()
    with connector.serving() as openid_url:
        for vendor in vendors(openid_url, connector):
            figures += _compared(vendor, rounds, seconds, folder)
    return figures


def _compared(vendor: Vendor, rounds: int, seconds: float, folder: Path) -> list[Figure]:
    theirs: list[load.Load] = []
    ours: list[load.Load] = []
    acks: list[float] = []
    for number in range(rounds):
        with _sdk_app(vendor.channel) as url:
            theirs.append(_under_load(vendor, url, folder, seconds))
        served = _served(vendor, folder / f"{vendor.channel}-{number}")
        served.start()
        try:
            url = f"{served.url}/webhooks/bench"
            ours.append(_under_load(vendor, url, folder, seconds))
            acks.append(asyncio.run(_half_load(vendor, url, ours[-1].per_second / 2, seconds)))
        finally:
            served.kill()
    name = vendor.channel
    ratio = median(a.per_second / b.per_second for a, b in zip(ours, theirs, strict=True))
    return [
        Figure(name=f"{name}: the SDK's app", value=median(load.per_second for load in theirs), unit="/s"),
        Figure(name=f"{name}: accept, durably", value=median(load.per_second for load in ours), unit="/s"),
        Figure(name=f"{name}: accept / SDK", value=ratio, unit="x", at_least=AT_LEAST[name]),
        Figure(name=f"{name}: p99 of the answer at half load", value=median(acks), unit="ms", at_most=50),
        Figure(name=f"{name}: errors", value=sum(load.errors for load in (*ours, *theirs)), at_most=0),
    ]


def _under_load(vendor: Vendor, url: str, folder: Path, seconds: float) -> load.Load:
    events = folder / "events.http"
    _write(vendor, url, events)
    base = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    load.wrk(base + "/", load.RAW % events, seconds=1)
    _write(vendor, url, events, first=EVENTS_PER_ROUND)
    return load.wrk(base + "/", load.RAW % events, seconds=seconds)


def _write(vendor: Vendor, url: str, events: Path, *, first: int = 0) -> None:
    with events.open("wb") as file:
        for number in range(first, first + EVENTS_PER_ROUND):
            raw = _raw(vendor, url, number)
            file.write(b"%08d" % len(raw) + raw)


def _raw(vendor: Vendor, url: str, number: int) -> bytes:
    """One whole HTTP request."""
    headers, body = vendor.event(number, url)
    parts = urlsplit(url)
    given = {"Host": parts.netloc, **headers, "Content-Length": str(len(body))}
    lines = [f"POST {parts.path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items()), "", ""]
    return "\r\n".join(lines).encode() + body


async def _half_load(vendor: Vendor, url: str, per_second: float, seconds: float) -> float:
    """The p99 in milliseconds when events come at a steady pace, counted from when each was due."""
    parts, waits = urlsplit(url), list[float]()
    count = int(min(per_second * seconds, EVENTS_PER_ROUND))
    requests = [_raw(vendor, url, 2 * EVENTS_PER_ROUND + number) for number in range(count)]
    started = time.perf_counter() + 0.1

    async def sender(first: int) -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for number in range(first, count, load.CONNECTIONS):
            due = started + number / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            writer.write(requests[number])
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            waits.append((time.perf_counter() - due) * 1e3)
        writer.close()

    await asyncio.gather(*(sender(first) for first in range(load.CONNECTIONS)))
    return percentile(waits, 0.99)


@contextmanager
def _sdk_app(channel: str) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([*load.PIN, sys.executable, "-m", "bench.sdk_apps", channel, str(port)])
    try:
        end = time.monotonic() + 30
        while get_status(f"http://127.0.0.1:{port}/") != 200:
            if time.monotonic() > end:
                raise RuntimeError(f"the SDK app of {channel} did not start")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/webhooks/bench"
    finally:
        process.terminate()
        process.wait()


def _served(vendor: Vendor, folder: Path) -> Served:
    served = Served(folder, {}, prefix=load.PIN)
    served.write(_settings(vendor, f"{served.url}/webhooks/bench"))
    return served


def _settings(vendor: Vendor, webhook_url: str) -> dict[str, Any]:
    account = {"id": "bench", "channel": vendor.channel, "debounce_ms": DEBOUNCE_MS, **vendor.settings}
    if vendor.channel == "sms":
        account["public_url"] = webhook_url
    return {
        "server": {"evaluation": True, "limits": {"unread_events": 1_000_000}},
        "people": [{"id": "bench", "name": "Bench", "password": PASSWORD, "roles": ["agent", "admin"]}],
        "tenants": [{"id": "bench", "name": "Bench", "accounts": [account], "knowledge": {"sources": []}}],
    }
