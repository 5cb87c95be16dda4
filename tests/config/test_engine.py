"""The engine's YAML mirrors core: the same names, the same defaults, the same shipped table."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

import pytest
from pydantic import BaseModel

from config import convert_engine, engine, parts
from config.models import NOTICES
from core import settings as core
from core.domain import HandoffReason
from core.notices import DEFAULT_NOTICES
from core.texts import TEXTS

MIRRORS = [
    (engine.Engine, core.EngineSettings),
    (engine.Rule, core.PolicyRule),
    (engine.When, core.PolicyWhen),
    (engine.Category, core.Category),
    (engine.AnswerBounds, core.AnswerSettings),
]


@pytest.mark.parametrize(("model", "value"), MIRRORS, ids=lambda m: m.__name__)
def test_the_same_fields(model: type[BaseModel], value: type) -> None:
    assert set(model.model_fields) == {field.name for field in fields(value)}


def test_the_same_words() -> None:
    assert set(get_args(engine.Answer)) == {str(word) for word in core.Decision}
    (kinds, _) = get_args(engine.When.model_fields["smalltalk"].annotation)
    assert set(get_args(kinds)) == {str(kind) for kind in core.Smalltalk}
    assert set(get_args(parts.LanguageCode)) == set(core.LANGUAGES)
    assert set(get_args(parts.Reason)) == {str(r) for r in HandoffReason} - {"dead_letter"}
    assert set(engine.TEXTS) == {name for texts in TEXTS.values() for name in texts}
    assert set(NOTICES) == set(DEFAULT_NOTICES)


def test_the_shipped_table_is_core_s_default() -> None:
    assert convert_engine(engine.Engine(), core.EngineSettings) == core.EngineSettings()


def test_given_rules_replace_and_categories_add() -> None:
    block = engine.Engine.model_validate(
        {"rules": [{"then": "clarify"}], "categories": {"wholesale": {"words": ["bulk*"]}}, "history": 4}
    )
    made = convert_engine(block, core.EngineSettings)
    assert made.rules == (core.PolicyRule(then=core.Decision.CLARIFY),)
    assert made.categories == {"high_stakes": core.HIGH_STAKES, "wholesale": core.Category(words=("bulk*",))}
    assert made.history == 4
