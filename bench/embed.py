"""Embedders: a question, passages, loading and memory of the shipped one, and of a local model where one is at hand.

Each is measured in fresh processes, in processor time of the thread, so that neighbours count less.  Passages are the project's
own pages, each with a number that the process has not seen; questions repeat.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from bench.figures import Figure, median
from core.ports.embedding import Embedder
from core.providers.embedders import EmbedderKind, EmbedderSettings, embedder_of

ROOT = Path(__file__).resolve().parents[1]
LOCAL = Path(os.environ.get("FRONTDESK_SHARED", "../shared")) / "models" / "all-MiniLM-L6-v2-int8"
PASSAGE_WORDS = 150
PASSAGES = {EmbedderKind.STATIC: 4_000, EmbedderKind.LOCAL: 60}
QUESTIONS = {EmbedderKind.STATIC: 20_000, EmbedderKind.LOCAL: 300}


def _passages() -> list[str]:
    words = [
        word for page in sorted(ROOT.rglob("*.md")) if ".venv" not in page.parts for word in page.read_text().split()
    ]
    return [" ".join(words[at : at + PASSAGE_WORDS]) for at in range(0, len(words), PASSAGE_WORDS)]


def _questions() -> list[str]:
    lines = (ROOT / "evals" / "golden" / "demo.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def measure(kind: str) -> None:
    """In a process of its own: load, embed, print the figures."""
    which = EmbedderKind(kind)
    process = psutil.Process()
    pages, asked = _passages(), _questions()
    passages = [f"{pages[at % len(pages)]} {at}" for at in range(PASSAGES[which])]
    questions = [asked[at % len(asked)] for at in range(QUESTIONS[which])]
    before = process.memory_info().rss
    started = time.thread_time()
    path = str(LOCAL) if which is EmbedderKind.LOCAL else None
    embedder = embedder_of(EmbedderSettings(kind=which, path=path, threads=1))
    assert embedder is not None
    embedder.embed(["ready"])
    load_ms = (time.thread_time() - started) * 1000
    print(
        json.dumps(
            {
                "load": load_ms,
                "passages": len(passages) / _seconds(embedder, passages, embedder.batch),
                "question": _seconds(embedder, questions, 1) / len(questions) * 1e6,
                "memory": (process.memory_info().rss - before) / 2**20,
            }
        )
    )


def _seconds(embedder: Embedder, texts: list[str], at_once: int) -> float:
    started = time.thread_time()
    for first in range(0, len(texts), at_once):
        embedder.embed(texts[first : first + at_once])
    return time.thread_time() - started


def _figures(kind: EmbedderKind, rounds: int) -> list[Figure]:
    command = [sys.executable, "-c", f"from bench.embed import measure; measure('{kind.value}')"]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    found = [json.loads(subprocess.check_output(command, cwd=ROOT, env=env)) for _ in range(rounds)]

    def of(name: str) -> float:
        return median(each[name] for each in found)

    is_shipped = kind is EmbedderKind.STATIC
    return [
        Figure(name=f"{kind.value}: a question", value=of("question"), unit="µs", at_most=30 if is_shipped else None),
        Figure(
            name=f"{kind.value}: passages of {PASSAGE_WORDS} words, one thread",
            value=of("passages"),
            unit="a second",
            at_least=2_000 if is_shipped else None,
            note="150 000 in 3 minutes are 833 a second" if is_shipped else "",
        ),
        Figure(name=f"{kind.value}: load", value=of("load"), unit="ms", at_most=40 if is_shipped else None),
        Figure(name=f"{kind.value}: memory over the process", value=of("memory"), unit="MiB"),
    ]


def run(rounds: int, _seconds: float, _folder: Path) -> list[Figure]:
    """The shipped embedder, and the local model of ``$FRONTDESK_SHARED/models``."""
    figures = _figures(EmbedderKind.STATIC, rounds)
    if LOCAL.is_dir():
        figures += _figures(EmbedderKind.LOCAL, rounds)
    else:
        print(f"no local model at {LOCAL}: skipped")
    return figures
