"""Which model answers: the small one for easy turns, the strong one from a complexity on.  Pure, and told in the trace."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.domain import HandoffReason
from core.entities import NAMING
from core.ports.engine import TurnInput
from core.ports.knowledge import Advice
from core.ports.model import ModelRole
from core.settings import EngineSettings, Sentiment
from core.steps.understand import Understanding
from core.steps.verdict import Verdict

LONG_QUESTION_WORDS = 30
REFERENCES = frozenset(("order", "tracking"))  # kinds of entities that no page knows and a tool may
_CONDITION = re.compile(
    r"\b(?:if|unless|except|instead|but|because|difference|compare|versus|vs|wenn|falls|außer|statt|aber|weil|"
    r"unterschied|si|sauf|mais|parce|différence|salvo|pero|porque|diferencia|se|mas|ma|tranne|als|maar|omdat)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The role that answers; ``complexity`` is 0-1 and ``because`` what it is made of."""

    role: ModelRole
    complexity: float
    because: tuple[str, ...]


def route(
    text: str,
    understood: Understanding,
    turn: TurnInput,
    settings: EngineSettings,
    *,
    advice: Advice,
    offers_actions: bool,
) -> Route:
    """Add up what makes a turn hard; from ``converse.strong_from`` on the strong model answers."""
    marks = (
        (0.2, len(text.split()) > LONG_QUESTION_WORDS, "long question"),
        (0.2, text.count("?") > 1, "several questions"),
        (0.15, len(_CONDITION.findall(text)) > 1, "conditions or comparisons"),
        (0.2, offers_actions and any(entity.kind in NAMING for entity in understood.entities), "may need a tool"),
        (0.2, understood.sentiment is Sentiment.NEGATIVE, "the contact is upset"),
        (0.2, turn.head.unresolved_turns > 0, "earlier turns did not help"),
        (0.1, len(turn.history) >= 4, "long conversation"),
        (0.2, advice is not Advice.ANSWER, "no clear passage"),
    )
    held = [(weight, name) for weight, holds, name in marks if holds]
    complexity = min(1.0, round(sum(weight for weight, _ in held), 2))
    because = tuple(name for _, name in held) or ("an easy turn",)
    role = ModelRole.STRONG if complexity >= settings.converse.strong_from else ModelRole.FAST
    return Route(role=role, complexity=complexity, because=because)


def tools_may_know(verdict: Verdict, understood: Understanding) -> bool:
    """Whether tools are asked before people although the table wants these: what a search did not find, they may look up.

    Either nothing could be searched, or the words name an order or a parcel.  A rule that asks for people whatever was
    found stands: it matches before the search.
    """
    if verdict.reason is HandoffReason.UNRESOLVED:
        return any(entity.kind in REFERENCES for entity in understood.entities)
    return verdict.reason is HandoffReason.OUTAGE


def rungs(first: ModelRole) -> tuple[ModelRole, ...]:
    """Which roles are tried, in order, before the answer is quoted instead."""
    return (first, ModelRole.FAST if first is ModelRole.STRONG else ModelRole.STRONG)
