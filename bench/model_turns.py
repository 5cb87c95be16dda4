"""One turn of the model benchmark: asked over ``POST /chat``, and set beside what the scripted model says of its own times."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

from bench.model_script import QUESTIONS
from core.guard.splitting import SentenceSplitter
from evals.chat import sse
from gateway.lab.model.wire import pieces


def name_of(number: int) -> str:
    """A word that finds a turn's model call again, and means nothing to anybody."""
    return f"zq{number:05d}"


@dataclass(slots=True, kw_only=True)
class Asked:
    """What the reader of one turn saw; times in seconds of the computer's monotonic clock."""

    number: int
    sent_s: float
    first_s: float = 0.0
    done_s: float = 0.0
    text: str = ""
    token: str = ""
    messages: Sequence[str] = ()
    status: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether it was answered to the end."""
        return self.status == 200 and self.done_s > 0 and bool(self.text)


async def ask(session: ClientSession, url: str, number: int) -> Asked:
    """Ask in a conversation of its own; every question is asked under a name of its own."""
    words = f"{QUESTIONS[number % len(QUESTIONS)]} ({name_of(number)})"
    asked = Asked(number=number, sent_s=time.monotonic())
    async with session.post(f"{url}/chat", json={"user_message": words}) as response:
        asked.status = response.status
        if response.status != 200:
            return asked
        async for name, data in sse(response):
            if name == "session":
                asked.token = data["session_token"]
            elif name == "token":
                asked.first_s = asked.first_s or time.monotonic()
                asked.text = data["text"] if data.get("replace") else asked.text + data["text"]
            elif name == "done":
                asked.done_s, asked.messages = time.monotonic(), data["message_ids"]
                break
    return asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A turn and its model call, in milliseconds.

    ``own``: all of the turn but the model's time, from its request's arrival to its last byte.  ``first``: from the write
    with which the first sentence was known to be complete to the reader's socket; ``last_word`` the same from the sentence's
    last word, which is a word or two earlier.  ``before``: from the question to the arrival of the model's request.
    """

    own: float
    first: float
    last_word: float
    before: float
    model: float


def timed(asked: Sequence[Asked], calls: Sequence[dict[str, Any]]) -> list[Timed]:
    """The turns that a model answered by one call."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for call in calls:
        for name in _names(call["asked"]):
            by_name.setdefault(name, []).append(call)
    return [
        _timed(turn, found[0])
        for turn in asked
        if turn.is_whole and len(found := by_name.get(name_of(turn.number), [])) == 1
    ]


def _names(words: str) -> Iterator[str]:
    at = words.find("zq")
    if at >= 0:
        yield words[at : at + 7]


def _timed(turn: Asked, call: dict[str, Any]) -> Timed:
    known, spoken = _complete(pieces(call["said"]))
    model_s = call["ended_s"] - call["began_s"]
    return Timed(
        own=(turn.done_s - turn.sent_s - model_s) * 1e3,
        first=(turn.first_s - _written_s(call, known)) * 1e3,
        last_word=(turn.first_s - _written_s(call, spoken)) * 1e3,
        before=(call["began_s"] - turn.sent_s) * 1e3,
        model=model_s * 1e3,
    )


def _complete(every: Sequence[str]) -> tuple[int, int]:
    """By which piece a reader can know that the first sentence is complete, and which is the last of it; from 0."""
    splitter, length, known = SentenceSplitter(), 0, len(every)
    for place, piece in enumerate(every):
        if sentences := [each for each in splitter.feed(piece) if each.strip()]:
            length, known = len(sentences[0]), place
            break
    else:
        length = len("".join(every))
    at = 0
    for place, piece in enumerate(every):
        at += len(piece)
        if at >= length:
            return known, place
    return known, len(every) - 1


def _written_s(call: dict[str, Any], piece: int) -> float:
    """When a piece went out; the first frame of a stream holds no text, the end of the stream none either."""
    sent = 0
    for at, count in call["writes"]:
        sent += count
        if sent > piece + 1:
            return float(at)
    return float(call["ended_s"])


async def calls_of(session: ClientSession, url: str) -> list[dict[str, Any]]:
    """What the model server did since it was asked last."""
    async with session.get(f"{url}/_lab/calls") as response:
        calls: list[dict[str, Any]] = json.loads(await response.text())
    return calls
