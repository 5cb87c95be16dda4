"""What a tenant may set about its engine: plain frozen values.

The room ``config`` mirrors these fields in its YAML models; ``gateway.compose`` converts (``msgspec.convert`` of the dumped
model does it, since names and shapes are the same).  The shipped rules are data: the same table as the YAML's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.answer_cache import CacheSettings
from core.domain import HandoffReason
from core.guard.settings import GuardSettings
from core.ports.knowledge import Advice
from core.ranking.settings import CalibrationSettings
from core.steps.fast_path import FastPathSettings

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl")


class Decision(StrEnum):
    """What a rule makes of a turn; ``propose`` answers (or says it does not know) and offers a person."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    PROPOSE = "propose"
    HAND_OVER = "hand_over"


class KnowledgeState(StrEnum):
    """How the search went: ``empty`` is a tenant without any indexed knowledge, not a question without passages."""

    OK = "ok"
    EMPTY = "empty"
    UNAVAILABLE = "unavailable"


class Sentiment(StrEnum):
    """How the contact sounds."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Smalltalk(StrEnum):
    """A message that asks for nothing, or only who answers here and what it can do (``about``)."""

    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    ABOUT = "about"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyWhen:
    """Conditions of a rule; all that are given must hold, and a rule without any always holds.

    In tuples one match is enough.  ``upset_messages_at_least`` counts among the contact's last four messages, this one included,
    and holds only when this one is among them.  ``confidence_below`` is exclusive, ``confidence_at_least`` inclusive.
    ``advice`` is what the assessment of the passages comes to, ``intent`` what the message is recognised to want.
    """

    asked_for_person: bool | None = None
    category: tuple[str, ...] = ()
    sentiment: tuple[Sentiment, ...] = ()
    unresolved_turns_at_least: int | None = None
    upset_messages_at_least: int | None = None
    confidence_below: float | None = None
    confidence_at_least: float | None = None
    advice: tuple[Advice, ...] = ()
    intent: tuple[str, ...] = ()
    knowledge: tuple[KnowledgeState, ...] = ()
    language: tuple[str, ...] = ()
    smalltalk: tuple[Smalltalk, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRule:
    """One line of the policy table; the first that matches decides.

    ``reason`` is needed where people come in (``propose``, ``hand_over``); ``say`` replaces the engine's own wording of
    everything but quoted passages.
    """

    when: PolicyWhen = field(default_factory=PolicyWhen)
    then: Decision
    reason: HandoffReason | None = None
    say: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A topic recognised by its words, in any language.

    Case and accents do not matter; several words are a phrase; a trailing ``*`` matches any ending (``lawyer*``).
    """

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSettings:
    """Bounds of an extractive answer; list items of a quoted list come on top of ``words``."""

    words: int = 90
    passages: int = 3
    list_items: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """``synonyms`` are groups of words or phrases that mean the same to this operator's contacts and documents."""

    synonyms: tuple[tuple[str, ...], ...] = ()


class Formality(StrEnum):
    """How the contact is addressed; ``auto`` follows their own words."""

    AUTO = "auto"
    FORMAL = "formal"
    INFORMAL = "informal"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConverseSettings:
    """How a model takes part in a turn; without one configured nothing of this applies.

    ``voice`` is the brand's tone in the operator's words, ``instructions`` what else the model should know or heed (neither can
    loosen what the code enforces).  ``strict``: nothing but quotes from the knowledge and what tools and flows say.
    ``passages`` of at most ``passage_chars`` each are shown to the model; ``tokens`` bounds one answer, ``steps`` its tool
    calls.  A turn whose complexity (0-1) reaches ``strong_from`` goes to the strong model, others to the fast one.
    ``patience_s`` is how long a contact waits for a first sentence before the next rung of the ladder is taken;
    ``summary_every``: so many messages that leave the window are summed up at once (0: never).
    """

    voice: str = ""
    instructions: str = ""
    formality: Formality = Formality.AUTO
    strict: bool = False
    rewrite: bool = True
    passages: int = 6
    passage_chars: int = 2_400
    tokens: int = 700
    steps: int = 5
    strong_from: float = 0.35
    patience_s: float = 8.0
    summary_every: int = 6
    cache: CacheSettings = field(default_factory=CacheSettings)
    fast_path: FastPathSettings = field(default_factory=FastPathSettings)


HIGH_STAKES = Category(
    words=(
        "chargeback*",
        "lawyer*",
        "attorney*",
        "lawsuit*",
        "sue you",
        "suing you",
        "legal action",
        "take you to court",
        "data protection authority",
        "identity theft",
        "unauthorised charge*",
        "unauthorized charge*",
        "unauthorised transaction*",
        "unauthorized transaction*",
        "account was hacked",
        "account got hacked",
        "i was hacked",
        "got injured",
        "caught fire",
        "electric shock",
        "kill myself",
        "suicide",
        "rechtsanwalt*",
        "meinen anwalt",
        "klage einreichen",
        "verklage*",
        "avocat*",
        "porter plainte",
        "abogado*",
        "demandarlos",
        "avvocato",
        "advogado*",
        "advocaat",
    )
)


DEFAULT_RULES: tuple[PolicyRule, ...] = (
    PolicyRule(
        when=PolicyWhen(asked_for_person=True),
        then=Decision.HAND_OVER,
        reason=HandoffReason.ASKED,
    ),
    PolicyRule(
        when=PolicyWhen(category=("high_stakes",)),
        then=Decision.HAND_OVER,
        reason=HandoffReason.HIGH_STAKES,
    ),
    PolicyRule(
        when=PolicyWhen(smalltalk=tuple(Smalltalk)),
        then=Decision.ANSWER,
    ),
    PolicyRule(
        when=PolicyWhen(knowledge=(KnowledgeState.UNAVAILABLE, KnowledgeState.EMPTY)),
        then=Decision.HAND_OVER,
        reason=HandoffReason.OUTAGE,
    ),
    PolicyRule(
        when=PolicyWhen(sentiment=(Sentiment.NEGATIVE,), unresolved_turns_at_least=1),
        then=Decision.HAND_OVER,
        reason=HandoffReason.SENTIMENT,
    ),
    PolicyRule(
        when=PolicyWhen(upset_messages_at_least=2),
        then=Decision.HAND_OVER,
        reason=HandoffReason.SENTIMENT,
    ),
    PolicyRule(
        when=PolicyWhen(unresolved_turns_at_least=2, advice=(Advice.CLARIFY, Advice.DECLINE)),
        then=Decision.HAND_OVER,
        reason=HandoffReason.UNRESOLVED,
    ),
    PolicyRule(
        when=PolicyWhen(advice=(Advice.DECLINE,)),
        then=Decision.PROPOSE,
        reason=HandoffReason.NO_ANSWER,
    ),
    PolicyRule(
        when=PolicyWhen(advice=(Advice.CLARIFY,)),
        then=Decision.CLARIFY,
    ),
    PolicyRule(
        when=PolicyWhen(sentiment=(Sentiment.NEGATIVE,)),
        then=Decision.PROPOSE,
        reason=HandoffReason.SENTIMENT,
    ),
    PolicyRule(then=Decision.ANSWER),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """One tenant's engine.

    ``history`` is how many earlier messages a turn sees, ``passages`` how many it asks the index for.  ``languages`` bounds
    language detection; ``default_language`` stands when neither message nor conversation tells.  ``audiences`` is what
    anybody may be answered from, ``verified_audiences`` what a verified contact may besides.  ``texts`` replaces
    sentences of the engine: language → name → sentence (names in core/texts.py).
    """

    history: int = 10
    passages: int = 20
    languages: tuple[str, ...] = LANGUAGES
    default_language: str = "en"
    audiences: tuple[str, ...] = ("public",)
    verified_audiences: tuple[str, ...] = ()
    search: SearchSettings = field(default_factory=SearchSettings)
    answer: AnswerSettings = field(default_factory=AnswerSettings)
    confidence: CalibrationSettings = field(default_factory=CalibrationSettings)
    converse: ConverseSettings = field(default_factory=ConverseSettings)
    guard: GuardSettings = field(default_factory=GuardSettings)
    categories: Mapping[str, Category] = field(default_factory=lambda: {"high_stakes": HIGH_STAKES})
    rules: tuple[PolicyRule, ...] = DEFAULT_RULES
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
