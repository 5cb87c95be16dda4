"""The guard block: what it refuses, and that core reads what it accepts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from config.guard import Guard
from core.guard.sayings import matches
from core.guard.settings import GuardSettings, Level, SayingThen, Strictness


def test_left_out_it_is_cores_default() -> None:
    assert msgspec.convert(Guard().model_dump(), GuardSettings) == GuardSettings()


def test_every_key_reaches_core() -> None:
    block = Guard.model_validate(
        {
            "strictness": "strict",
            "levels": {"names": "note", "link": "off"},
            "links": ["shop.example", "*.acme.example", "https://shop.example/help/"],
            "sayings": [
                {
                    "id": "no-refund",
                    "when_says": ["guarantee*", r"/refund.{0,20}today/"],
                    "unless": ["refund"],
                    "then": "hand_over",
                }
            ],
            "promises": {"en": "A person can."},
            "unsafe_words": ["darn*"],
            "grounding_threshold": 0.4,
        }
    )
    settings = msgspec.convert(block.model_dump(), GuardSettings)
    assert settings.strictness is Strictness.STRICT and settings.levels.names is Level.NOTE
    assert settings.sayings[0].then is SayingThen.HAND_OVER
    assert matches(settings.sayings[0].when_says[1], "A Refund is there Today") == "Refund is there Today"


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ({"sayings": [{"id": "a", "when_says": ["/(a{1,5}){2,3}b/"]}]}, "must not repeat a group"),
        ({"sayings": [{"id": "a", "when_says": ["/(?:ab|c)+d/"]}]}, "must not repeat a group"),
        ({"sayings": [{"id": "a", "when_says": ["/a.{0,90}b.{0,90}c/"]}]}, "too many open repeats"),
        ({"sayings": [{"id": "a", "when_says": ["/(a)\\1/"]}]}, "must not refer back"),
        ({"sayings": [{"id": "a", "when_says": ["/(?=a)b/"]}]}, "must not hold groups"),
        ({"sayings": [{"id": "a", "when_says": ["/(a/"]}]}, "not a regular expression"),
        ({"sayings": [{"id": "a", "when_says": ["/a?/"]}]}, "matches every sentence"),
        ({"sayings": [{"id": "a", "when_says": ["*"]}]}, "holds no word"),
        ({"sayings": [{"id": "a", "when_says": []}]}, "at least 1"),
        ({"sayings": [{"id": "a", "when_says": ["b"], "then": "replace"}]}, "go together"),
        ({"sayings": [{"id": "a", "when_says": ["b"], "say": "c"}]}, "go together"),
        ({"sayings": [{"id": "a", "when_says": ["b"]}, {"id": "a", "when_says": ["c"]}]}, "stands twice"),
        ({"links": ["not a host"]}, "neither a host"),
        ({"links": ["localhost"]}, "neither a host"),
        ({"unsafe_words": ["/x/"]}, "not a word"),
        ({"levels": {"canary": "off"}}, "Extra inputs"),
        ({"grounding_threshold": 1.5}, "less than or equal to 1"),
    ],
)
def test_refused(block: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Guard.model_validate(block)
    assert says in str(caught.value)
