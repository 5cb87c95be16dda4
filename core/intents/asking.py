"""A language model's second opinion where the trained one is unsure: the request, and what the answer changes.  Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from core.intents.model import IntentGuess
from core.ports.model import ModelRequest, PromptMessage, Speaker
from core.untrusted.fence import Kind, explain, fence

UNSURE: Final = 0.5
"""Below this confidence a second opinion is worth a call."""

MAX_OFFERED: Final = 150
MAX_CHARS: Final = 2_000
NONE: Final = "none"
"""The model's word for a message that wants none of the intents."""

TRUST: Final = 0.8
"""Confidence in a guess that a language model made or shares."""

RULES: Final = (
    "You sort messages to a support team by what the writer wants. Choose the one intent that fits, judging by what they want "
    f'and not by single words. Choose "{NONE}" when no intent fits or the message wants nothing.'
)


def is_unsure(guess: IntentGuess) -> bool:
    """Whether to ask a model about the message: it has words, and the trained guess is a weak one."""
    return bool(guess.ranked) and guess.confidence < UNSURE


def intent_request(text: str, guess: IntentGuess, described: Mapping[str, str], *, nonce: str) -> ModelRequest:
    """One question with the intents as the only possible answers.

    ``described`` are names and descriptions ("" for none); of very many only the first ``MAX_OFFERED``, beside the best of the
    guess, are offered.  ``nonce`` is the turn's (``fence.nonce_for``).
    """
    offered = _offered(guess, described)
    lines = "\n".join(f"- {name}: {described[name]}" if described.get(name) else f"- {name}" for name in offered)
    return ModelRequest(
        purpose="intent",
        messages=(
            PromptMessage(speaker=Speaker.SYSTEM, text=f"{RULES}\nIntents:\n{lines}\n{explain(nonce)}"),
            PromptMessage(speaker=Speaker.CONTACT, text=fence(Kind.CONTACT, text, nonce=nonce, limit=MAX_CHARS)),
        ),
        schema={
            "type": "object",
            "properties": {"intent": {"type": "string", "enum": [*offered, NONE]}},
            "required": ["intent"],
            "additionalProperties": False,
        },
        max_tokens=60,
    )


def second_opinion(guess: IntentGuess, described: Mapping[str, str], answer: str) -> IntentGuess:
    """The guess after the model's answer; an answer that names nothing offered leaves it as it was."""
    try:
        said = json.loads(answer)
    except ValueError:
        return guess
    name = said.get("intent") if isinstance(said, dict) else None
    if name == NONE:
        return replace(guess, name=None)
    if not isinstance(name, str) or name not in _offered(guess, described):
        return guess
    others = tuple(entry for entry in guess.ranked if entry[0] != name)
    score = next((score for known, score in guess.ranked if known == name), guess.ranked[0][1] if guess.ranked else 0.0)
    sure = {"confidence": max(TRUST, guess.confidence), "in_scope": max(TRUST, guess.in_scope)}
    return replace(guess, name=name, ranked=((name, score), *others)[:3], **sure)


def _offered(guess: IntentGuess, described: Mapping[str, str]) -> tuple[str, ...]:
    best = [name for name, _ in guess.ranked if name in described]
    return tuple(dict.fromkeys((*best, *described)))[:MAX_OFFERED]
