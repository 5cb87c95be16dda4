"""Adaptive Cards that we send, and what pressing them says; pure.

A button's data hold one key, ``frontdesk``.  They come back through the contact's client, so they are a claim like anything a
contact types: a label, a rating, or the wish for a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from adapters.shared.plain import defused
from adapters.teams.text import line

CARD: Final = "application/vnd.microsoft.card.adaptive"
SCHEMA: Final = "1.5"
OURS: Final = "frontdesk"
STARS: Final = 5
MAX_ACTIONS: Final = 6
"""More are hidden behind a menu (checked 2026-11-21)."""
MAX_TITLE_CHARS: Final = 200

PERSON: Final[Mapping[str, str]] = {
    "en": "Talk to a person",
    "de": "Mit einem Menschen sprechen",
    "fr": "Parler à une personne",
    "es": "Hablar con una persona",
    "it": "Parla con una persona",
    "nl": "Praat met een medewerker",
    "pt": "Falar com uma pessoa",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """What a button says: a label, a rating 1-5, or the wish for a person."""

    choice: str = ""
    rating: int | None = None
    is_person: bool = False


def pressed(value: object) -> Pressed | None:
    """The meaning of a button's data; None when the card is not ours."""
    ours = value.get(OURS) if isinstance(value, dict) else None
    if not isinstance(ours, dict):
        return None
    rating, choice = ours.get("rating"), ours.get("choice")
    if isinstance(rating, int) and not isinstance(rating, bool) and 1 <= rating <= STARS:
        return Pressed(rating=rating)
    if ours.get("person") is True:
        return Pressed(is_person=True)
    label = line(choice, limit=MAX_TITLE_CHARS) if isinstance(choice, str) else None
    return None if label is None else Pressed(choice=label)


def choices_card(choices: Sequence[str], *, offers_person: bool, language: str | None) -> dict[str, Any]:
    """Quick replies; pressing one also shows it as the contact's words (``messageBack``)."""
    actions = [_says(label, {"choice": label}) for label in choices[: MAX_ACTIONS - offers_person]]
    if offers_person:
        label = PERSON.get((language or "en")[:2], PERSON["en"])
        actions.append(_says(label, {"person": True}))
    return _card(actions=actions)


def _says(label: str, ours: Mapping[str, object]) -> dict[str, Any]:
    title = defused(label[:MAX_TITLE_CHARS])
    back = {"type": "messageBack", "displayText": title, "text": title, "value": {OURS: dict(ours)}}
    return {"type": "Action.Submit", "title": title, "data": {"msteams": back, OURS: dict(ours)}}


def rating_card() -> dict[str, Any]:
    """One to five stars; the answer to the press replaces the card."""
    actions = [
        {"type": "Action.Execute", "title": f"{stars} ★", "verb": "rate", "data": {OURS: {"rating": stars}}}
        for stars in range(1, STARS + 1)
    ]
    return _card(actions=actions)


def _card(*, body: Sequence[object] = (), actions: Sequence[object] = ()) -> dict[str, Any]:
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": SCHEMA,
        "body": list(body),
        "actions": list(actions),
    }
    return {"contentType": CARD, "content": content}


def rated_card(rating: int) -> bytes:
    """The answer to a rating: the stars, without buttons."""
    stars = {"type": "TextBlock", "text": "★" * rating + "☆" * (STARS - rating), "size": "Large", "wrap": True}
    card = _card(body=[stars])
    return msgspec.json.encode({"statusCode": 200, "type": CARD, "value": card["content"]})


def answered(words: str) -> bytes:
    """The answer to any other press."""
    return msgspec.json.encode(
        {"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": words}
    )
