"""The flows block of a tenant: mirrors ``core.flows.flow`` field by field.

What one block can tell by itself is checked here; names that lead nowhere, ways that never end and the like are found by
``config.flow_problems``, on the plain values, beside all other mistakes of the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Final, Literal, Self, TypeVar

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, field_validator, model_validator

from config.parts import EnginePart, LanguageCode, Reason, Sentence, Word
from config.patterns import safe_pattern

PLACE: Final = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[A-Za-z0-9_-]+)*)\}")
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,40}")
RELATIVE: Final = re.compile(r"today(?:\s?[+-]\s?\d{1,4})?")
RESERVED: Final = ("verification", "language", "hours")
MAX_ARGUMENTS_CHARS: Final = 4_000

NUMBERS: Final = ("integer", "number", "amount")
SIZED: Final = (*NUMBERS, "text", "date")
NOT_FILLED: Final = ("text", "yes_no")

Target = TypeVar("Target")
SlotType = Literal[
    "text",
    "integer",
    "number",
    "amount",
    "date",
    "email",
    "phone",
    "order_number",
    "choice",
    "yes_no",
    "pattern",
]
Level = Literal["anonymous", "identified", "verified"]
TextLanguage = Literal[LanguageCode, "any"]


def _spread(value: Any) -> Any:
    """One text, or one list, stands for every language."""
    return {"any": value} if isinstance(value, str | list) else value


def _places(text: str) -> str:
    if "{" in PLACE.sub("", text) or "}" in PLACE.sub("", text):
        raise ValueError("has a brace that is no place; write `{slot}` or `{result.path}`, in small letters")
    return text


def _slot_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError("must be a-z, 0-9 and _, at most 41 characters, starting with a letter")
    if name in RESERVED:
        raise ValueError(f"must not be one of: {', '.join(RESERVED)}")
    return name


def _step_name(name: str) -> str:
    if not NAME.fullmatch(name.replace("-", "_")):
        raise ValueError("is no name of a step: a-z, 0-9, - and _, at most 41 characters, starting with a letter")
    return name


def _json(value: dict[str, Any]) -> dict[str, Any]:
    """Arguments travel as JSON; their texts hold places."""
    try:
        size = len(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        raise ValueError("must be made of texts, numbers, lists and blocks") from None
    if size > MAX_ARGUMENTS_CHARS:
        raise ValueError(f"must have at most {MAX_ARGUMENTS_CHARS} characters as JSON")
    for text in _texts_of(value):
        _places(text)
    return value


def _texts_of(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts_of(item)


Template = Annotated[Sentence, AfterValidator(_places)]
Texts = Annotated[
    dict[TextLanguage, Template],
    BeforeValidator(_spread, json_schema_input_type=dict[TextLanguage, Sentence] | Sentence),
]
Label = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Labels = Annotated[
    dict[TextLanguage, Label], BeforeValidator(_spread, json_schema_input_type=dict[TextLanguage, Label] | Label)
]
Phrases = Annotated[tuple[Word, ...], Field(max_length=100)]
PhrasesByLanguage = Annotated[
    dict[TextLanguage, Phrases], BeforeValidator(_spread, json_schema_input_type=dict[TextLanguage, Phrases] | Phrases)
]
ButtonLabels = Annotated[tuple[Label, ...], Field(max_length=20)]
Buttons = Annotated[
    dict[TextLanguage, ButtonLabels],
    BeforeValidator(_spread, json_schema_input_type=dict[TextLanguage, ButtonLabels] | ButtonLabels),
]
Pattern = Annotated[str, AfterValidator(safe_pattern)]
SlotName = Annotated[str, AfterValidator(_slot_name)]
StepName = Annotated[str, AfterValidator(_step_name)]
Scalar = str | float | bool


class Valid(EnginePart):
    """Bounds of an answer."""

    min: float | str | None = None
    """Smallest number, earliest date (2026-01-31, today, today-30), or least characters of a text."""
    max: float | str | None = None
    """Largest number, latest date, or most characters of a text."""
    pattern: Pattern | None = None
    """Regular expression for the whole answer, case does not matter; for the type `pattern` it finds the answer."""
    choices: Annotated[tuple[Word, ...], Field(max_length=100)] = ()
    """The only answers allowed."""
    error: Texts = Field(default_factory=dict)
    """Said when an answer cannot be used; left out: a general sentence."""


class AskStep(EnginePart):
    """Ask for a slot."""

    slot: SlotName
    """Name under which the answer is kept."""
    question: Texts
    """What is asked."""
    type: SlotType = "text"
    """What an answer must be."""
    choices: Annotated[dict[SlotName, Labels], Field(max_length=20)] = Field(default_factory=dict)
    """For the type `choice`: value and label of each."""
    valid: Valid = Field(default=Valid(), alias="validate")
    """Bounds of an answer."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    """After so many unusable answers people take over."""
    fill: bool = False
    """Take the answer from the message that started the flow, when it is there."""
    then: StepName | Literal[""] = ""
    """Next step; left out: the one written below."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("needs `choices` with the type `choice`, and only with it")
        if self.choices and len(self.choices) < 2:
            raise ValueError("needs two or more `choices`")
        if self.type == "pattern" and self.valid.pattern is None:
            raise ValueError("needs `validate: {pattern: …}` with the type `pattern`")
        if self.fill and self.type in NOT_FILLED:
            raise ValueError(f"must not `fill` an answer of the type {self.type}: any message could be one")
        self._check_bounds()
        return self

    def _check_bounds(self) -> None:
        bounds = [bound for bound in (self.valid.min, self.valid.max) if bound is not None]
        if bounds and self.type not in SIZED:
            raise ValueError(f"must not have `min` or `max` with the type {self.type}")
        if self.type == "date" and not all(isinstance(bound, str) and _is_day(bound) for bound in bounds):
            raise ValueError("needs dates as bounds, like 2026-01-31, today or today-30")
        if self.type in (*NUMBERS, "text") and any(isinstance(bound, str) for bound in bounds):
            raise ValueError("needs numbers as bounds")
        low, high = self.valid.min, self.valid.max
        if isinstance(low, float) and isinstance(high, float) and low > high:
            raise ValueError("has bounds that leave nothing between them")


class SayStep(EnginePart):
    """Say something and go on."""

    text: Texts
    """What is said."""
    then: StepName | Literal[""] = ""
    """Next step; left out: the one written below."""


class Routes(EnginePart):
    """Where a call's outcome leads."""

    done: StepName
    """It was done."""
    denied: StepName
    """It is not allowed, or somebody said no."""
    failed: StepName
    """It did not work, or nobody knows."""


class CallStep(EnginePart):
    """Call a tool."""

    tool: Word
    """Name of the tool."""
    arguments: Annotated[dict[str, Any], AfterValidator(_json)] = Field(default_factory=dict)
    """What it is given; `{slot}` alone gives the value as it is."""
    into: SlotName | None = None
    """Name for its result, for places like `{name.path}`."""
    on: Routes
    """Where its outcome leads."""


class ConfirmStep(EnginePart):
    """Ask for a yes or a no."""

    question: Texts
    """What is asked."""
    yes: StepName
    """Next step after a yes."""
    no: StepName
    """Next step after a no."""


class Case(EnginePart):
    """One way of a branch; all comparisons given must hold."""

    on: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[A-Za-z0-9_-]+)*$", max_length=200)]
    """A slot, a place of a result, or `verification`, `language`, `hours`."""
    equals: Scalar | None = None
    """It is this; case and accents do not matter."""
    among: Annotated[tuple[Scalar, ...], Field(max_length=100)] = Field(default=(), alias="in")
    """It is one of these."""
    at_least: float | str | None = None
    """It is this or more: a number, a date, a level of verification."""
    below: float | str | None = None
    """It is less than this."""
    matches: Pattern | None = None
    """This regular expression is found in it."""
    exists: bool | None = None
    """It is there, or it is not."""
    then: StepName
    """Next step when all of it holds."""

    @model_validator(mode="after")
    def _compares(self) -> Self:
        compared = (self.equals, self.at_least, self.below, self.matches, self.exists)
        if not self.among and all(value is None for value in compared):
            raise ValueError("needs a comparison: equals, in, at_least, below, matches or exists")
        return self


class BranchStep(EnginePart):
    """Go the way of the first case that holds."""

    cases: Annotated[tuple[Case, ...], Field(min_length=1, max_length=50)]
    """The ways, first match decides."""
    otherwise: StepName
    """Next step when none holds."""


class HandOverStep(EnginePart):
    """Bring in people."""

    reason: Reason
    """Why people come in."""
    detail: Template
    """One sentence for the agent."""


class EndStep(EnginePart):
    """The flow is over."""

    say: Texts = Field(default_factory=dict)
    """Last words."""
    resolved: bool = True
    """The matter is settled."""


KINDS: Final = ("ask", "say", "call", "confirm", "branch", "hand_over", "end")


class Step(EnginePart):
    """One step: exactly one of its kinds."""

    ask: AskStep | None = None
    """Ask for a slot."""
    say: SayStep | None = None
    """Say something and go on."""
    call: CallStep | None = None
    """Call a tool."""
    confirm: ConfirmStep | None = None
    """Ask for a yes or a no."""
    branch: BranchStep | None = None
    """Go one of several ways."""
    hand_over: HandOverStep | None = None
    """Bring in people."""
    end: EndStep | None = None
    """The flow is over."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(getattr(self, kind) is not None for kind in KINDS) != 1:
            raise ValueError(f"needs exactly one of: {', '.join(KINDS)}")
        return self


class Start(EnginePart):
    """What starts a flow."""

    phrases: PhrasesByLanguage = Field(default_factory=dict)
    """Words and phrases, by language; a message that says all telling words of one, and little else, starts the flow."""
    patterns: Annotated[tuple[Pattern, ...], Field(max_length=20)] = ()
    """Regular expressions, looked for in the first 200 characters."""
    intent: Word | None = None
    """Name of a trained intent."""


class Flow(EnginePart):
    """A scripted conversation."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    """Unique within the tenant."""
    title: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    """What your team calls it."""
    start: Start = Start()
    """What starts it."""
    buttons: Buttons = Field(default_factory=dict)
    """Labels of buttons that start it, by language."""
    verification: Level = "anonymous"
    """How well the contact must be known for it to start."""
    steps: Annotated[dict[StepName, Step], Field(min_length=1, max_length=200)]
    """Steps by name; the first one begins."""

    @field_validator("steps", mode="after")
    @classmethod
    def _begins(cls, steps: dict[str, Step]) -> dict[str, Step]:
        if next(iter(steps.values())).end is not None:
            raise ValueError("must not begin with `end`")
        return steps


def convert_flows(blocks: tuple[Flow, ...], into: type[Target]) -> tuple[Target, ...]:
    """The blocks as core's own frozen values (``core.flows.Flow``): same names, same shapes."""
    return tuple(msgspec.convert(block.model_dump(), into) for block in blocks)


def _is_day(bound: str) -> bool:
    if RELATIVE.fullmatch(bound):
        return True
    try:
        date.fromisoformat(bound)
    except ValueError:
        return False
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", bound) is not None
