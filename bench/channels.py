"""Accepting a vendor's event durably, against the vendor's own SDK app with a handler that does nothing; same core and bytes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from bench import load, paced
from bench.figures import Figure, median
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
    acks: list[paced.Paced] = []
    for number in range(rounds):
        with _sdk_app(vendor.channel) as url:
            theirs.append(_under_load(url, _written(vendor, url, folder), seconds))
        served = _served(vendor, folder / f"{vendor.channel}-{number}")
        url = f"{served.url}/webhooks/bench"
        events = _written(vendor, url, folder)
        served.start()
        try:
            ours.append(_under_load(url, events, seconds))
            acks.append(_half_load(url, events, ours[-1].per_second / 2, seconds))
        finally:
            served.kill()
    name = vendor.channel
    ratio = median(a.per_second / b.per_second for a, b in zip(ours, theirs, strict=True))
    return [
        Figure(name=f"{name}: the SDK's app", value=median(load.per_second for load in theirs), unit="/s"),
        Figure(name=f"{name}: accept, durably", value=median(load.per_second for load in ours), unit="/s"),
        Figure(name=f"{name}: accept / SDK", value=ratio, unit="x", at_least=AT_LEAST[name]),
        Figure(
            name=f"{name}: p99 of the answer at half load",
            value=median(ack.p99_ms for ack in acks),
            unit="ms",
            at_most=50,
            note=f"from when it was due; median {median(a.p50_ms for a in acks):.2g} ms, client's own p99 "
            f"{median(a.client_p99_ms for a in acks):.2g} ms",
        ),
        Figure(
            name=f"{name}: errors",
            value=sum(load.errors for load in (*ours, *theirs)) + sum(ack.refused for ack in acks),
            at_most=0,
        ),
    ]


@dataclass(frozen=True, slots=True)
class Events:
    """Files of whole requests, all different: to warm up, to measure, and for half the load."""

    warming: Path
    measured: Path
    half: Path


def _written(vendor: Vendor, url: str, folder: Path) -> Events:
    """Made before the load: the turns of the first events would begin while later ones are being signed."""
    events = Events(*(folder / f"{name}.http" for name in ("warming", "measured", "half")))
    for place, path in enumerate((events.warming, events.measured, events.half)):
        with path.open("wb") as file:
            for number in range(place * EVENTS_PER_ROUND, (place + 1) * EVENTS_PER_ROUND):
                headers, body = vendor.event(number, url)
                file.write(load.framed(load.raw_request(url, headers, body)))
    return events


def _under_load(url: str, events: Events, seconds: float) -> load.Load:
    base = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    load.wrk(base + "/", load.RAW % events.warming, seconds=1)
    return load.wrk(base + "/", load.RAW % events.measured, seconds=seconds)


def _half_load(url: str, events: Events, per_second: float, seconds: float) -> paced.Paced:
    """How late answers are when events come at a steady pace."""
    return paced.paced(url, events.half, count=int(min(per_second * seconds, EVENTS_PER_ROUND)), per_second=per_second)


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
