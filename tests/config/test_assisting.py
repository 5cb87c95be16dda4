"""The blocks that help agents mirror core's own values, and refuse what they do not know."""

from __future__ import annotations

from dataclasses import fields

import msgspec
import pytest
from pydantic import BaseModel, ValidationError

from config import assisting as blocks
from core.guard import pii
from core.handoff import assisting as values

PAIRS = (
    (blocks.Brief, values.BriefSettings),
    (blocks.Translate, values.TranslateSettings),
    (blocks.Assist, values.AssistSettings),
    (blocks.After, values.AfterSettings),
)


@pytest.mark.parametrize(("block", "value"), PAIRS, ids=lambda one: one.__name__)
def test_names_and_defaults_are_the_same(block: type[BaseModel], value: type) -> None:
    assert set(block.model_fields) == {field.name for field in fields(value)}
    assert msgspec.convert(block().model_dump(mode="json"), value) == value()


@pytest.mark.parametrize("kind", ["email", "phone", "card", "iban", "ssn", "ip", "link"])
def test_every_kind_of_the_policy_can_be_found(kind: str) -> None:
    examples = {
        "email": "write to maria@example.com",
        "phone": "call +49 30 1234567",
        "card": "card 4111 1111 1111 1111",
        "iban": "DE89 3704 0044 0532 0130 00",
        "ssn": "ssn 123-45-6789",
        "ip": "from 203.0.113.9",
        "link": "https://a.example/x?token=abcdef123456",
    }
    assert blocks.Brief(redact=(kind,)).redact == (kind,)  # type: ignore[arg-type]  # a literal by the list above
    assert [found.kind for found in pii.find(examples[kind])] == [kind]


@pytest.mark.parametrize(
    ("block", "given"),
    [
        (blocks.Brief, {"redact": ["names"]}),
        (blocks.Brief, {"words": 500}),
        (blocks.Brief, {"patience_s": 0}),
        (blocks.Assist, {"translate": {"to": "klingon"}}),
        (blocks.After, {"survey": "nps"}),
    ],
)
def test_what_cannot_be_meant_is_refused(block: type[BaseModel], given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        block.model_validate(given)
