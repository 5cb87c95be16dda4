"""Does untrusted text talk to the machine?  A detector that flags and tags, and never the defence.  Pure.

A flag goes into the trace and onto the case, and may make the engine more careful.  Authority is decided elsewhere (the tool
firewall, the guard) as if every text were an attack; nothing is allowed because nothing was flagged.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from math import exp, fsum
from typing import Any

from core.untrusted.injection_features import Piece, aside, flags, piece_of, split
from core.untrusted.visible import visible

WEIGHTS = "injection.json"
MAX_CHARS = 100_000
"""Longer texts are read so far: a tool's result and a chunk are cut long before."""

_MAX_STRINGS = 2_000
_ENCODED = re.compile(r"[A-Za-z0-9+/]{24,4000}={0,2}")
_MAX_ENCODED = 20
_MORSE = re.compile(r"(?:[.\-−·]{1,6}[ /]+){8}")
_REASONS = {
    "ignore": "asks to ignore instructions",
    "yield_secret": "asks for a secret",
    "secret": "speaks of secrets",
    "private": "asks for private data",
    "output": "shapes the reply",
    "system_mode": "speaks of a system mode or prompt",
    "you_are": "assigns a role",
    "role": "asks for a role",
    "headed": "imitates a prompt's structure",
    "delimiter": "imitates a prompt's structure",
    "image_link": "carries data out in a link",
    "effect": "orders an effect",
    "tool": "speaks of tools",
    "claim": "claims authority",
    "machine": "addresses a machine",
    "transform": "asks to transform text",
    "promote": "asks to promote something",
    "orders": "gives an order",
    "request": "asks for a task",
    "impersonal": "asks a question of its own",
    "hypothesis": "frames it as a game",
    "shots": "imitates a dialogue",
    "repeats": "repeats itself",
    "hidden": "has invisible characters",
    "encoded": "has encoded text",
}


class Where(StrEnum):
    """Where a text stands: what is an attack in a document may be a fair question in a message.

    ``KNOWLEDGE`` is a passage of the company's own pages, full of orders to the reader: it takes more to be flagged.
    """

    MESSAGE = "message"
    DOCUMENT = "document"
    KNOWLEDGE = "knowledge"
    TOOL_RESULT = "tool_result"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """How much a text looks like an injection, 0 to 1; ``reasons`` are short constants, the strongest first."""

    score: float
    flagged: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Weights of features and of words (``w:stem``), and the score from which a text is flagged."""

    weights: Mapping[str, float]
    bias: float
    threshold: float

    def margin(self, found: Mapping[str, float]) -> float:
        """Log-odds."""
        return self.bias + fsum(self.weights[name] * found[name] for name in found.keys() & self.weights.keys())


def examine(text: str, where: Where = Where.MESSAGE) -> Suspicion:
    """Examine a text; takes anything and never raises."""
    model = models()[where]
    best, why = -40.0, dict[str, float]()
    for found in measured(text, where):
        margin = model.margin(found)
        if margin > best:
            best, why = margin, found
    score = 1 / (1 + exp(-max(-40.0, min(40.0, best))))
    is_flagged = score >= model.threshold
    return Suspicion(score=score, flagged=is_flagged, reasons=_reasons(model, why) if is_flagged else ())


def measured(text: str, where: Where) -> Iterator[dict[str, float]]:
    """The features of each piece of a text: a message is one piece, of other texts every sentence is."""
    cut = text[:MAX_CHARS]
    seen = visible(cut)
    extra = {"hidden": float(len(cut) - len(seen) > 5 + cut.count("\r"))}
    decoded = [*_decoded(seen), *_smuggled(cut)]
    if where is Where.MESSAGE:
        is_encoded = bool(decoded or _MORSE.search(seen))
        yield _features(piece_of([*split(seen), *decoded]), extra | {"encoded": float(is_encoded)})
        return
    pieces = [piece for body in _bodies(seen) for part in split(body) if (piece := piece_of([part])).said]
    counts = Counter(word for piece in pieces for word in piece.said)
    for piece in pieces:
        yield _features(piece, extra | {"aside": aside(piece, counts)})
    for part in decoded:
        yield _features(piece_of([part]), extra | {"encoded": 1.0})


def _features(piece: Piece, extra: Mapping[str, float]) -> dict[str, float]:
    found = flags(piece)
    found |= {name: value for name, value in extra.items() if value}
    found |= dict.fromkeys(piece.names, 1.0)
    return found


def _bodies(text: str) -> list[str]:
    """The strings of a JSON text that say something; else the text."""
    if text.lstrip()[:1] not in {"{", "["}:
        return [text]
    try:
        return [body for body in _strings(json.loads(text)) if " " in body.strip()][:_MAX_STRINGS]
    except (ValueError, RecursionError):
        return [text]


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _decoded(text: str) -> Iterator[str]:
    """Base64 that holds words."""
    for run in _ENCODED.findall(text)[:_MAX_ENCODED]:
        letters = run.rstrip("=")
        letters = letters[:-1] if len(letters) % 4 == 1 else letters
        try:
            plain = base64.b64decode(letters + "=" * (-len(letters) % 4)).decode()
        except (binascii.Error, ValueError):
            continue
        if " " in plain and plain.isprintable():
            yield plain


def _smuggled(text: str) -> Iterator[str]:
    """Words written in tag characters, which no reader sees."""
    hidden = "".join(chr(ord(ch) - 0xE0000) for ch in text if "\U000e0020" <= ch <= "\U000e007e")
    if hidden:
        yield hidden


def _reasons(model: Model, found: Mapping[str, float]) -> tuple[str, ...]:
    named = [(model.weights.get(name, 0.0) * value, name) for name, value in found.items() if name in _REASONS]
    strongest = [name for weight, name in sorted(named, reverse=True)[:4] if weight > 0]
    return tuple(_REASONS[name] for name in strongest) or ("words of known attacks",)


@cache
def models() -> Mapping[Where, Model]:
    """The shipped weights, read at first use; ``python -m evals.train_injection`` makes them."""
    stored = json.loads(files(__package__).joinpath(WEIGHTS).read_text(encoding="utf-8"))
    return {
        Where(name): Model(weights=one["weights"], bias=one["bias"], threshold=one["threshold"])
        for name, one in stored.items()
    }
