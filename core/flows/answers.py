"""Does a message answer the question asked?  Pure.

Typed parsing decides: a date answers a date question.  A question of the contact's own that holds no value is none, and a value
inside one ("do you deliver on 5 May?") is not taken for an answer either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.entities import Entity
from core.flows.days import resolved
from core.flows.flow import AskStep, SlotType, Texts, Valid, pick
from core.flows.listening import is_only_about, parted, plain
from core.flows.state import Around, Said
from core.flows.texts import sentence
from core.flows.values import MAX_CHARS, Found, Reading, Scalar, fits, read, without
from core.settings import LANGUAGES
from core.spelling import MIN_LENGTH, is_one_slip
from core.words import listed, stem, stems, words

NOT = listed(
    "not no never don't doesn't didn't isn't wasn't can't cannot won't couldn't nicht kein keine keinen nie pas jamais nunca nao "
    "non niet geen"
)
"""Words that turn a message round; what is read by its words alone is then not believed."""

SENTENCES = {
    SlotType.INTEGER: "number",
    SlotType.NUMBER: "number",
    SlotType.AMOUNT: "amount",
    SlotType.DATE: "date",
    SlotType.EMAIL: "email",
    SlotType.PHONE: "phone",
    SlotType.ORDER_NUMBER: "order_number",
    SlotType.CHOICE: "choice",
    SlotType.YES_NO: "yes_no",
    SlotType.TEXT: "other",
    SlotType.PATTERN: "other",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """An answer; ``aside`` is what the contact asked along with it."""

    value: Scalar
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Unusable:
    """No answer, or not an allowed one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The message asks something itself."""


def answered(ask: AskStep, said: Said) -> Taken | Unusable | Asked:
    """What the message is to this question."""
    language = said.around.language
    if ask.type is SlotType.TEXT:
        return _free_text(ask, said)
    label = labelled(ask.choices, said.text) if ask.type is SlotType.CHOICE else None
    if label is not None:
        return Taken(label)
    found = _values(ask, said.text, said)
    stated, asked = parted(said.text, language)
    if not asked:
        return _judged(ask, found, said.around)
    if stated:
        found = _values(ask, stated, said)
        return _judged(ask, found, said.around, aside=asked) if found else Asked()
    is_bare = len(found) == 1 and is_only_about(without(said.text, found[0]), language)
    return _judged(ask, found, said.around) if is_bare else Asked()


def filled(ask: AskStep, text: str, entities: Sequence[Entity], around: Around) -> Scalar | None:
    """The slot's value when a starting message holds exactly one that is allowed; free texts and yes or no are not looked for."""
    if ask.type in (SlotType.TEXT, SlotType.YES_NO):
        return None
    found = _values(ask, text, Said(text=text, entities=tuple(entities), around=around))
    return found[0].value if len(found) == 1 and is_valid(found[0].value, ask, around) else None


def is_valid(value: Scalar, ask: AskStep, around: Around) -> bool:
    """Whether the value keeps the bounds."""
    valid = ask.valid
    if isinstance(value, str) and valid.pattern and ask.type is not SlotType.PATTERN and not fits(valid.pattern, value):
        return False
    if valid.choices and plain(_written(value)) not in {plain(one) for one in valid.choices}:
        return False
    return _within(value, ask.type, valid, around.at.date().isoformat())


def refusal(ask: AskStep, language: str) -> Texts | str:
    """What to say to an answer that cannot be used: the operator's words, else our own."""
    return ask.valid.error or sentence(SENTENCES[ask.type], language)


def labels(choices: Mapping[str, Texts], language: str) -> tuple[str, ...]:
    """The quick replies of a choice."""
    return tuple(pick(texts, language) or key for key, texts in choices.items())


def labelled(choices: Mapping[str, Texts], text: str) -> str | None:
    """The choice that is named word for word, by its label in any language, its key or its number in the list."""
    said = plain(text[:MAX_CHARS])
    for at, (key, texts) in enumerate(choices.items(), start=1):
        if said and said in (plain(key), str(at), *(plain(label) for label in texts.values())):
            return key
    return None


def _free_text(ask: AskStep, said: Said) -> Taken | Unusable | Asked:
    language = said.around.language
    stated, asked = parted(said.text, language, strict=True)
    if not stated:
        return Asked() if asked else Unusable()
    value = " ".join(said.text.split())[:MAX_CHARS]
    return Taken(value, asked) if is_valid(value, ask, said.around) else Unusable()


def _values(ask: AskStep, text: str, said: Said) -> tuple[Found, ...]:
    if ask.type is SlotType.CHOICE:
        key = _chosen(ask.choices, text, said.around.language)
        return (
            () if key is None else (Found(key, ""),)
        )  # told by words here and there: inside a question it is no answer
    reading = Reading(
        language=said.around.language,
        today=said.around.at.date().isoformat(),
        entities=said.entities,
        pattern=ask.valid.pattern,
    )
    return read(ask.type, text, reading)


def _judged(ask: AskStep, found: Sequence[Found], around: Around, *, aside: str = "") -> Taken | Unusable:
    """Two values are as good as none: which one was meant is not ours to guess."""
    if len(found) != 1 or not is_valid(found[0].value, ask, around):
        return Unusable()
    return Taken(found[0].value, aside)


def _chosen(choices: Mapping[str, Texts], text: str, language: str) -> str | None:
    """The one choice whose own words are said, typing slips included; None when none or several are."""
    said = frozenset(words(text[:MAX_CHARS]))
    is_turned = bool(said & NOT)
    own = {key: frozenset(_own_stems(texts, language)) for key, texts in choices.items()}
    shared = frozenset.intersection(*own.values()) if len(own) > 1 else frozenset()
    told = {
        key: sum(_is_said(one, said) for one in mine - shared) if _is_turned(choices[key]) is is_turned else 0
        for key, mine in own.items()
    }
    best = max(told.values(), default=0)
    winners = [key for key, count in told.items() if count == best]
    return winners[0] if best and len(winners) == 1 else None


def _is_turned(texts: Texts) -> bool:
    """ "It works" must not choose "it does not work", nor the other way round."""
    return any(not NOT.isdisjoint(words(label)) for label in texts.values())


def _own_stems(texts: Texts, language: str) -> Iterator[tuple[str, str]]:
    """The telling stems of a label in all its languages: detection may be wrong about short answers."""
    for key, label in texts.items():
        tongue = key if key in LANGUAGES else language if language in LANGUAGES else "en"
        yield from ((tongue, one) for one in stems(label, tongue))


def _is_said(own: tuple[str, str], said: frozenset[str]) -> bool:
    tongue, wanted = own
    found = (stem(word, tongue) for word in said)
    return any(one == wanted or (len(one) >= MIN_LENGTH and is_one_slip(one, wanted)) for one in found)


def _within(value: Scalar, kind: SlotType, valid: Valid, today: str) -> bool:
    if kind is SlotType.DATE:
        low, high = _day(valid.min, today), _day(valid.max, today)
        return (low is None or str(value) >= low) and (high is None or str(value) <= high)
    if isinstance(value, bool):
        return True
    size = value if isinstance(value, int | float) else len(value)
    low_size, high_size = valid.min, valid.max
    is_low = isinstance(low_size, int | float) and size < low_size
    is_high = isinstance(high_size, int | float) and size > high_size
    return not (is_low or is_high)


def _day(bound: float | str | None, today: str) -> str | None:
    day = resolved(bound, today) if isinstance(bound, str) else None
    return None if day is None else day.isoformat()


def _written(value: Scalar) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
