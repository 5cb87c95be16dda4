"""What a model may do instead of answering, offered to it as tools that have no effect of their own.  Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from core.ports.model import ToolCall, ToolOffer

CLARIFY: Final = "ask_clarification"
HAND_OVER: Final = "hand_over"
NO_ANSWER: Final = "no_answer"
SENTINEL: Final = "NO_ANSWER"
"""What a model without tools writes instead of calling ``no_answer``."""

MAX_QUESTION_CHARS: Final = 300
MAX_OPTIONS: Final = 3
MAX_OPTION_CHARS: Final = 60

OFFERS: Final = (
    ToolOffer(
        name=CLARIFY,
        description="Ask one short question back when the message can mean different things that have different answers.",
        parameters={
            "type": "object",
            "properties": {
                "question": {"type": "string", "maxLength": MAX_QUESTION_CHARS},
                "options": {"type": "array", "items": {"type": "string"}, "maxItems": MAX_OPTIONS},
            },
            "required": ["question"],
            "additionalProperties": False,
        },
    ),
    ToolOffer(
        name=HAND_OVER,
        description="Bring in a person: the customer needs something that neither sources nor tools can give.",
        parameters={
            "type": "object",
            "properties": {"why": {"type": "string", "maxLength": MAX_QUESTION_CHARS}},
            "required": ["why"],
            "additionalProperties": False,
        },
    ),
    ToolOffer(
        name=NO_ANSWER,
        description="Say that the sources do not answer the question.",
        parameters={"type": "object", "properties": {}, "additionalProperties": False},
    ),
)
NAMES: Final = frozenset(offer.name for offer in OFFERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A model's wish not to answer; ``words`` are untrusted and pass the guard like any sentence."""

    name: str
    words: str = ""
    options: tuple[str, ...] = ()


def control_of(calls: tuple[ToolCall, ...]) -> Control | None:
    """The first control among a model's calls; arguments that make no sense are left out."""
    call = next((call for call in calls if call.name in NAMES), None)
    if call is None:
        return None
    try:
        given = json.loads(call.arguments or "{}")
    except ValueError:
        given = {}
    if not isinstance(given, dict):
        given = {}
    words = given.get("question" if call.name == CLARIFY else "why")
    options = given.get("options")
    return Control(
        name=call.name,
        words=_line(words, MAX_QUESTION_CHARS),
        options=tuple(filter(None, (_line(one, MAX_OPTION_CHARS) for one in options[:MAX_OPTIONS])))
        if isinstance(options, list)
        else (),
    )


def _line(value: object, limit: int) -> str:
    return " ".join(value.split())[:limit] if isinstance(value, str) else ""
