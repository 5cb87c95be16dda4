"""The entities block mirrors core's own values, and refuses what cannot be meant."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import msgspec
import pytest
from pydantic import BaseModel, ValidationError

from config import entities as blocks
from core import entities as values

PAIRS = ((blocks.CustomEntity, values.CustomEntity), (blocks.Entities, values.EntitySettings))


@pytest.mark.parametrize(("block", "value"), PAIRS, ids=lambda one: one.__name__)
def test_names_are_the_same(block: type[BaseModel], value: type) -> None:
    assert set(block.model_fields) == {field.name for field in fields(value)}


def test_defaults_and_kinds_are_the_same() -> None:
    assert msgspec.convert(blocks.Entities().model_dump(mode="json"), values.EntitySettings) == values.EntitySettings()
    assert blocks.BUILT_IN == values.KINDS


def test_a_list_is_words_without_synonyms() -> None:
    block = blocks.Entities.model_validate(
        {
            "region": "gb",
            "products": ["Rosa Mundi"],
            "custom": {"serial": {"pattern": "SN[0-9]{6}"}, "colour": {"words": {"red": ["crimson"]}}},
        }
    )
    assert msgspec.convert(block.model_dump(mode="json"), values.EntitySettings) == values.EntitySettings(
        region="GB",
        products={"Rosa Mundi": ()},
        custom={
            "serial": values.CustomEntity(pattern="SN[0-9]{6}"),
            "colour": values.CustomEntity(words={"red": ("crimson",)}),
        },
    )


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"region": "UK"}, "GB"),
        ({"region": "Germany"}, "ISO 3166"),
        ({"custom": {"order": {"words": ["x"]}}}, "built-in kind"),
        ({"custom": {"My Kind": {"words": ["x"]}}}, "must be a-z"),
        ({"custom": {"serial": {}}}, "`pattern` or `words`"),
        ({"custom": {"serial": {"pattern": "x", "words": ["y"]}}}, "one of them"),
        ({"custom": {"serial": {"pattern": "(a+)+"}}}, "must not repeat a group"),
        ({"custom": {"serial": {"pattern": "a+b+"}}}, "too many open repeats"),
        ({"custom": {"serial": {"pattern": "["}}}, "not a regular expression"),
        ({"custom": {"serial": {"pattern": "x?"}}}, "matches the empty text"),
        ({"colours": []}, "Extra inputs"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        blocks.Entities.model_validate(given)


def test_words_that_two_kinds_claim_are_told() -> None:
    block = blocks.Entities.model_validate(
        {
            "products": ["Ruby"],
            "custom": {"colour": {"words": {"red": ["ruby", "Crimson"]}}, "mood": {"words": ["crimson"]}},
        }
    )
    assert [(place, what) for place, what, _ in blocks.twice(block)] == [
        (("custom", "colour", "words", "red"), "`ruby` is of the kind `product` already"),
        (("custom", "mood", "words", "crimson"), "`crimson` is of the kind `colour` already"),
    ]
