"""The engine block of a tenant: mirrors core.settings field by field, and the rules and categories that ship with Frontdesk."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Annotated, Any, Final, Literal, Self, TypeVar, get_args

import msgspec
import yaml
from pydantic import Field, StringConstraints, field_validator, model_validator

from config.confidence import Confidence
from config.converse import Converse
from config.guard import Guard
from config.parts import EnginePart, LanguageCode, Reason, Sentence, Share, Word
from config.searching import Search

Answer = Literal["answer", "clarify", "propose", "hand_over"]
TextName = Literal[
    "greeting",
    "thanks",
    "goodbye",
    "about",
    "found",
    "no_answer",
    "clarify",
    "clarify_open",
    "outage",
    "offer",
    "sorry",
    "attachment",
    "voice_note",
    "more",
    "done",
    "not_done",
    "unfinished",
    "person",
]
TEXTS: Final[tuple[str, ...]] = get_args(TextName)

Target = TypeVar("Target")


class When(EnginePart):
    """Conditions of a rule; all that are given must hold, and a rule without any always holds."""

    asked_for_person: bool | None = None
    """The contact asks for a person."""
    category: tuple[str, ...] = ()
    """The message belongs to one of these categories."""
    sentiment: tuple[Literal["negative", "neutral", "positive"], ...] = ()
    """The contact sounds like one of these."""
    unresolved_turns_at_least: Annotated[int, Field(ge=1, le=100)] | None = None
    """So many turns in a row did not help."""
    upset_messages_at_least: Annotated[int, Field(ge=1, le=4)] | None = None
    """The customer sounds upset now, and in so many of their last four messages, this one included."""
    confidence_below: Share | None = None
    """The engine is less sure than this that its passages answer the question."""
    confidence_at_least: Share | None = None
    """The engine is at least this sure."""
    advice: tuple[Literal["answer", "clarify", "decline"], ...] = ()
    """What the look at the passages advises, by the targets of `confidence`: they answer, ask back, or they do not."""
    intent: tuple[Word, ...] = ()
    """The message wants one of these: yours or the shipped ones."""
    knowledge: tuple[Literal["ok", "empty", "unavailable"], ...] = ()
    """How the search went; empty: nothing is indexed at all."""
    language: tuple[LanguageCode, ...] = ()
    """The conversation is in one of these languages."""
    smalltalk: tuple[Literal["greeting", "thanks", "goodbye", "about"], ...] = ()
    """The message is only this; `about` asks who answers here and what it can do."""


class Rule(EnginePart):
    """One line of the policy table; the first that matches decides."""

    when: When = When()
    """Conditions; left out: always."""
    then: Answer
    """What to do; `propose` answers, or says that it does not know, and offers a person."""
    reason: Reason | None = None
    """Why people come in; needed with `propose` and `hand_over`."""
    say: Sentence | None = None
    """Said instead of the engine's own words; quoted passages stay."""

    @model_validator(mode="after")
    def _has_reason(self) -> Self:
        if self.then in ("propose", "hand_over") and self.reason is None:
            raise ValueError(f"`then: {self.then}` needs a `reason`, one of: {', '.join(get_args(Reason))}")
        return self


class Category(EnginePart):
    """A topic recognised by its words, in any language."""

    words: Annotated[tuple[Word, ...], Field(max_length=1000)]
    """Words and phrases; case and accents do not matter, a trailing `*` matches any ending."""


class AnswerBounds(EnginePart):
    """Bounds of an extractive answer."""

    words: Annotated[int, Field(ge=20, le=500)] = 90
    """About how many words are quoted."""
    passages: Annotated[int, Field(ge=1, le=10)] = 3
    """From how many passages at most."""
    list_items: Annotated[int, Field(ge=1, le=50)] = 12
    """How many items of a quoted list."""


@cache
def shipped() -> dict[str, Any]:
    """The policies that ship with Frontdesk: ``categories`` and ``rules`` as plain values."""
    text = resources.files("config").joinpath("policies", "default.yaml").read_text(encoding="utf-8")
    values: dict[str, Any] = yaml.safe_load(text)
    return values


def _shipped_categories() -> dict[str, Category]:
    return {name: Category.model_validate(block) for name, block in shipped()["categories"].items()}


def _shipped_rules() -> tuple[Rule, ...]:
    return tuple(Rule.model_validate(rule) for rule in shipped()["rules"])


class Engine(EnginePart):
    """How the assistant answers, and when it brings in a person."""

    history: Annotated[int, Field(ge=0, le=50)] = 10
    """How many earlier messages a turn sees."""
    passages: Annotated[int, Field(ge=1, le=100)] = 20
    """How many passages it asks the index for."""
    languages: Annotated[tuple[LanguageCode, ...], Field(min_length=1)] = get_args(LanguageCode)
    """Languages your customers write in."""
    default_language: LanguageCode = "en"
    """Stands when neither message nor conversation tells."""
    audiences: Annotated[tuple[Word, ...], Field(min_length=1)] = ("public",)
    """Documents anybody may be answered from."""
    verified_audiences: tuple[Word, ...] = ()
    """Documents a verified customer may be answered from besides."""
    answer: AnswerBounds = AnswerBounds()
    """Bounds of an extractive answer."""
    search: Search = Search()
    """How questions are looked up."""
    confidence: Confidence = Confidence()
    """When the assistant answers by itself."""
    converse: Converse = Converse()
    """How a model takes part in an answer."""
    guard: Guard = Guard()
    """What every sentence of a model must pass before the customer sees it."""
    categories: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$")], Category] = Field(
        default_factory=_shipped_categories
    )
    """Topics that rules may name; the shipped ones stay unless you give one of the same name."""
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=200)] = Field(default_factory=_shipped_rules)
    """The policy table, first match decides; left out: the shipped one."""
    texts: dict[LanguageCode, dict[TextName, Sentence]] = Field(default_factory=dict)
    """Sentences of the engine to replace, by language and name."""

    @field_validator("categories", mode="after")
    @classmethod
    def _over_shipped(cls, given: dict[str, Category]) -> dict[str, Category]:
        return {**_shipped_categories(), **given}


def convert_engine(block: Engine, into: type[Target]) -> Target:
    """The block as core's own frozen value (``core.settings.EngineSettings``): same names, same shapes."""
    return msgspec.convert(block.model_dump(mode="json"), into)
