"""Turns that a model writes: what we add to the model's own time, alone and with 200 answers streaming at once.

``frontdesk serve`` with the demo company's knowledge runs on one core; the scripted model, in a process of its own, and the
readers on the other.  Both clocks are the computer's monotonic one.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml
from aiohttp import ClientSession, ClientTimeout, TCPConnector

from bench.figures import Figure, median, percentile
from bench.load import LOAD_CORE, PIN
from bench.model_script import script
from bench.model_turns import Asked, Timed, ask, calls_of, timed
from bench.settings import web_settings
from evals.serving import ROOT, Served

DEMO = ROOT / "config" / "examples" / "demo"
ALONE = {"first_token_s": 0.05, "tokens_per_s": 200}
STREAMING = {"first_token_s": 0.3, "tokens_per_s": 40}
TURNS, WARMING = 30, 6
STREAMS, TURNS_EACH = 200, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run: the turns, their times, and what the serving process did for each turn."""

    asked: list[Asked]
    timed: list[Timed]
    cpu_ms: float
    commits: float
    guard_ms: list[float]

    @property
    def errors(self) -> int:
        """Turns that were not answered to the end by the model."""
        return len(self.asked) - len(self.timed)


def _settings(model_url: str) -> dict[str, Any]:
    """The demo company on the web alone, with one model; nothing but the model answers."""
    demo = yaml.safe_load((DEMO / "frontdesk.yaml").read_text())
    engine = demo["tenants"][0]["engine"]
    converse = {**engine["converse"], "fast_path": {"enabled": False}, "cache": {"enabled": False}}
    settings = web_settings(sources=[DEMO / "kb"])
    sure = {**engine["confidence"], "calibration": str(DEMO / "calibration.json")}
    settings["tenants"][0]["engine"] = {**engine, "converse": converse, "confidence": sure}
    choice = {"endpoint": "lab", "model": "bench", "max_parallel": 2 * STREAMS, "input_price": 2, "output_price": 8}
    settings["models"] = {
        "endpoints": {"lab": {"base_url": f"{model_url}/v1", "key": "bench"}},
        "roles": {"strong": [choice], "fast": [choice]},
        "budgets": {"turn": {"money": 1}, "contact_day": {"money": 2}},
    }
    return settings


@contextmanager
def _model(folder: Path, pace: dict[str, float]) -> Iterator[str]:
    """The scripted model on the load's core; its address."""
    told = folder / "script.json"
    told.write_text(json.dumps(script(**pace)))
    command = ["taskset", "-c", LOAD_CORE, sys.executable, "-m", "bench.model_server", str(told)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What the serving process had used at a moment."""

    cpu_s: float
    commits: int

    @classmethod
    def by(cls, served: Served) -> Used:
        """Now."""
        times = psutil.Process(served.pid).cpu_times()
        return cls(
            cpu_s=float(times.user + times.system), commits=_commits(_ledger(served).with_suffix(".sqlite3-wal"))
        )


def _ledger(served: Served) -> Path:
    return served.folder / "var" / "frontdesk.sqlite3"


def _outcome(served: Served, asked: list[Asked], calls: Sequence[dict[str, Any]], before: Used) -> Outcome:
    """Times of the turns, and what the ledger holds of them."""
    after = Used.by(served)
    with sqlite3.connect(_ledger(served)) as ledger:
        guard = _guard_ms(ledger)
    return Outcome(
        asked=asked,
        timed=timed(asked, calls),
        cpu_ms=(after.cpu_s - before.cpu_s) / len(asked) * 1e3,
        commits=(after.commits - before.commits) / len(asked),
        guard_ms=guard,
    )


def _guard_ms(ledger: sqlite3.Connection) -> list[float]:
    """What the guard took for all sentences of a turn, of every turn that a model wrote."""
    traces = (json.loads(body) for (body,) in ledger.execute("select body from steps where name = 'trace'"))
    written = (trace["steps"].get("write", {}).get("guard", ()) for trace in traces)
    return [sum(sentence["ms"] for sentence in sentences) for sentences in written if sentences]


def _commits(wal: Path) -> int:
    """Durable commits since the last checkpoint: frames of the write-ahead log that tell a size of the database."""
    log = wal.read_bytes()
    page = int.from_bytes(log[8:12], "big")
    salts = log[16:24]
    frames = range(32, len(log) - 24, 24 + page)
    return sum(log[at + 4 : at + 8] != bytes(4) for at in frames if log[at + 8 : at + 16] == salts)


async def _alone(served: Served, model_url: str) -> Outcome:
    """One turn after another."""
    async with ClientSession(timeout=ClientTimeout(total=60)) as session:
        for number in range(WARMING):
            await ask(session, served.url, number)
        await calls_of(session, model_url)
        before = Used.by(served)
        asked = [await ask(session, served.url, number) for number in range(WARMING, WARMING + TURNS)]
        return _outcome(served, asked, await calls_of(session, model_url), before)


async def _streams(served: Served, model_url: str) -> Outcome:
    """Every conversation's next question follows its last answer; they begin spread over the length of a turn."""
    connector = TCPConnector(limit=0)
    async with ClientSession(timeout=ClientTimeout(total=120), connector=connector) as session:
        first = await ask(session, served.url, 0)
        spread = first.done_s - first.sent_s
        await calls_of(session, model_url)
        before = Used.by(served)

        async def one(place: int) -> list[Asked]:
            await asyncio.sleep(spread * place / STREAMS)
            return [await ask(session, served.url, 1 + place * TURNS_EACH + turn) for turn in range(TURNS_EACH)]

        asked = [turn for turns in await asyncio.gather(*(one(place) for place in range(STREAMS))) for turn in turns]
        return _outcome(served, asked, await calls_of(session, model_url), before)


def _measured(folder: Path, *, alone: bool) -> Outcome:
    folder.mkdir(parents=True)
    with _model(folder, ALONE if alone else STREAMING) as model_url:
        served = Served(folder / "serve", _settings(model_url), prefix=PIN)
        synced = served.command("sync")
        if synced.returncode != 0:
            raise RuntimeError(f"sync failed:\n{synced.stdout}{synced.stderr}")
        served.start()
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {int(LOAD_CORE)})
        try:
            return asyncio.run((_alone if alone else _streams)(served, model_url))
        finally:
            os.sched_setaffinity(0, allowed)
            served.kill()


def _fsync_ms(folder: Path) -> float:
    """What one durable write of this disk takes now: a turn waits for several."""
    times = []
    with (folder / "probe").open("wb") as file:
        for _ in range(50):
            file.write(bytes(4_096))
            file.flush()
            before = time.perf_counter()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - before) * 1e3)
    return median(times)


def _alone_figures(every: Sequence[Outcome], fsync_ms: float) -> list[Figure]:
    def over(what: str, share: float) -> float:
        return median(percentile([getattr(turn, what) for turn in one.timed], share) for one in every)

    note = f"a durable write takes {fsync_ms:.2f} ms here now"
    return [
        Figure(name="model: errors, one by one", value=sum(one.errors for one in every), at_most=0),
        Figure(name="model: own time of a turn, median", value=over("own", 0.5), unit="ms", at_most=15, note=note),
        Figure(name="model: own time of a turn, p95", value=over("own", 0.95), unit="ms"),
        Figure(name="model: question to model's request", value=over("before", 0.5), unit="ms", note="in the above"),
        Figure(name="model: first sentence to socket, p95", value=over("first", 0.95), unit="ms", at_most=20),
        Figure(name="model: first sentence to socket, median", value=over("first", 0.5), unit="ms"),
        Figure(
            name="model: first sentence's last word to socket",
            value=over("last_word", 0.5),
            unit="ms",
            note="with the wait for the word that shows it is over",
        ),
        Figure(
            name="model: guard of a whole answer",
            value=median(median(one.guard_ms) for one in every),
            unit="ms",
            note="six to eight sentences, each before it is shown",
        ),
        Figure(name="model: processor time of a turn", value=median(one.cpu_ms for one in every), unit="ms"),
        Figure(name="model: durable commits of a turn", value=median(one.commits for one in every)),
    ]


def _streams_figures(every: Sequence[Outcome]) -> list[Figure]:
    def added(one: Outcome) -> list[float]:
        return [turn.before + turn.first for turn in one.timed]

    p95 = median(percentile(added(one), 0.95) for one in every)
    note = f"{STREAMS} at once, {STREAMING['tokens_per_s']} tokens/s each"
    return [
        Figure(name="streams: errors", value=sum(one.errors for one in every), at_most=0, note=note),
        Figure(name="streams: first sentence, p95 over the model's", value=p95, unit="ms", at_most=50),
        Figure(name="streams: the same, median", value=median(median(added(one)) for one in every), unit="ms"),
        Figure(
            name="streams: model's time of a turn",
            value=median(median(turn.model for turn in one.timed) for one in every),
            unit="ms",
        ),
        Figure(name="streams: processor time of a turn", value=median(one.cpu_ms for one in every), unit="ms"),
    ]


def run(rounds: int, _seconds: float, folder: Path) -> list[Figure]:
    """Each round with fresh processes."""
    fsync_ms = _fsync_ms(folder)
    alone = [_measured(folder / f"alone-{number}", alone=True) for number in range(rounds)]
    streams = [_measured(folder / f"streams-{number}", alone=False) for number in range(rounds)]
    return [*_alone_figures(alone, fsync_ms), *_streams_figures(streams)]
