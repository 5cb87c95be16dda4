"""The ``models`` block: mirrors core, refuses what cannot work at its place, keeps keys secret."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from config import model_roles
from config.model_roles import Models, convert_models, lookouts, misdirected
from core import models_settings as core
from core.ports.model import ModelRole

KEY = "sk-canary-config-key"
DOCS = Path(__file__).resolve().parents[2] / "docs" / "models.md"


def block(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "endpoints": {"openai": {"base_url": "https://api.openai.com/v1/", "key": KEY}},
        "roles": {"strong": [{"endpoint": "openai", "model": "gpt-4.1", "input_price": 2, "output_price": 8}]},
    }
    return {**base, **changes}


def problems(value: dict[str, Any]) -> list[tuple[tuple[Any, ...], str]]:
    with pytest.raises(ValidationError) as caught:
        Models.model_validate(value)
    assert KEY not in str(caught.value)
    return [(error["loc"], error["msg"]) for error in caught.value.errors()]


MIRRORS: list[tuple[type[BaseModel], type, set[str]]] = [
    (model_roles.Endpoint, core.Endpoint, {"id"}),
    (model_roles.Breaker, core.BreakerSettings, set()),
    (model_roles.Retries, core.RetrySettings, set()),
    (model_roles.Budget, core.Budget, set()),
    (model_roles.Budgets, core.Budgets, set()),
    (model_roles.Models, core.ModelsSettings, set()),
]


@pytest.mark.parametrize(("model", "value", "more"), MIRRORS, ids=lambda m: getattr(m, "__name__", ""))
def test_the_same_fields(model: type[BaseModel], value: type, more: set[str]) -> None:
    assert set(model.model_fields) | more == {field.name for field in fields(value)}


def test_choices_together_are_cores() -> None:
    kinds = (model_roles.ChatModel, model_roles.EmbeddingModel, model_roles.SpeechModel)
    assert set().union(*(kind.model_fields for kind in kinds)) == {field.name for field in fields(core.Choice)}
    defaults = {f.name: f.default for f in fields(core.Choice) if f.default is not MISSING}
    for name, field in model_roles.ChatModel.model_fields.items():
        if name in defaults:
            assert field.default == defaults[name], name


def test_the_same_words() -> None:
    assert set(model_roles.Roles.model_fields) == {str(role) for role in ModelRole}
    dialects = model_roles.Endpoint.model_fields["dialect"].annotation
    assert set(get_args(dialects)) == {str(word) for word in core.Dialect}


def test_the_same_defaults() -> None:
    made = convert_models(Models.model_validate(block()), core.ModelsSettings)
    plain = core.ModelsSettings(endpoints=made.endpoints, roles=made.roles)
    assert made == plain


def test_conversion_opens_secrets_and_only_there() -> None:
    given = block()
    given["endpoints"]["openai"] |= {"headers": {"X-Team": "canary-team"}, "proxy": "http://me:canary-pw@proxy:3128"}
    model = Models.model_validate(given)
    made = convert_models(model, core.ModelsSettings)
    endpoint = made.endpoints["openai"]
    assert (endpoint.id, endpoint.key, endpoint.base_url) == ("openai", KEY, "https://api.openai.com/v1")
    assert (endpoint.headers, endpoint.proxy) == ({"X-Team": "canary-team"}, "http://me:canary-pw@proxy:3128")
    assert made.roles[ModelRole.STRONG][0].output_price == 8
    assert made.roles[ModelRole.EMBED] == ()
    for shown in (repr(model), str(made), model.model_dump_json()):
        assert not any(word in shown for word in (KEY, "canary-team", "canary-pw"))


def test_an_unknown_endpoint_is_told_at_its_own_place_with_a_guess() -> None:
    given = block()
    given["roles"]["strong"].append({"endpoint": "opnai", "model": "x"})
    given["roles"]["embed"] = [{"endpoint": "nowhere", "model": "x"}]
    found = dict(problems(given))
    assert found["roles", "strong", 1, "endpoint"] == (
        "is not one of `endpoints`; did you mean `openai`?; endpoints are: openai"
    )
    assert "endpoints are: openai" in found["roles", "embed", 0, "endpoint"]
    told = {place: (what, mend) for place, what, mend in misdirected(given)}
    assert set(told) == set(found)
    assert told["roles", "strong", 1, "endpoint"] == (
        "the endpoint `opnai` does not exist",
        "did you mean `openai`?; endpoints are: openai",
    )


REFUSED: list[tuple[dict[str, Any], tuple[Any, ...], str]] = [
    ({"endpoints": {}}, ("endpoints",), "at least 1"),
    ({"roles": {}}, (), "at least one of its `roles`"),
    (
        {"endpoints": {"openai": {"base_url": "api.openai.com"}}},
        ("endpoints", "openai", "base_url"),
        "is not an address",
    ),
    (
        {"endpoints": {"openai": {"base_url": "https://a/v1/chat/completions"}}},
        ("endpoints", "openai", "base_url"),
        "must end before /chat/completions",
    ),
    (
        {"endpoints": {"openai": {"base_url": "https://me:pw@a/v1"}}},
        ("endpoints", "openai", "base_url"),
        "is not an address",
    ),
    (
        {"endpoints": {"openai": {"base_url": "https://x.openai.azure.com", "dialect": "azure"}}},
        ("endpoints", "openai"),
        "needs `api_version` and `key`",
    ),
    (
        {"endpoints": {"openai": {"base_url": "https://x.openai.azure.com"}}},
        ("endpoints", "openai"),
        "needs `dialect: azure`",
    ),
    (
        {"endpoints": {"openai": {"base_url": "https://a/v1", "api_version": "2024-10-21"}}},
        ("endpoints", "openai"),
        "`dialect: azure` only",
    ),
    (
        {"endpoints": {"openai": {"base_url": "https://a/v1", "headers": {"Authorization": "x"}}}},
        ("endpoints", "openai", "headers"),
        "write it as `key`",
    ),
    (
        {"endpoints": {"openai": {"base_url": "https://a/v1", "headers": {"X": "a\r\nb"}}}},
        ("endpoints", "openai", "headers"),
        "cannot be a header",
    ),
    (
        {"endpoints": {"openai": {"base_url": "https://a/v1", "proxy": "squid"}}},
        ("endpoints", "openai", "proxy"),
        "is not",
    ),
    (
        {"roles": {"strong": [{"endpoint": "openai", "model": "m", "extra": {"messages": [], "n": 2}}]}},
        ("roles", "strong", 0, "extra"),
        "must not hold messages, n",
    ),
    (
        {"roles": {"strong": [{"endpoint": "openai", "model": "m", "first_s": 9, "total_s": 5}]}},
        ("roles", "strong", 0),
        "longer than its `total_s`",
    ),
    (
        {"roles": {"strong": [{"endpoint": "openai", "model": "m", "effort": "low"}]}},
        ("roles", "strong", 0),
        "reasons: true",
    ),
    ({"roles": {"vision": [{"endpoint": "openai", "model": "m"}]}}, ("roles", "vision"), "needs `sees: true`"),
    (
        {"roles": {"embed": [{"endpoint": "openai", "model": m, "dimension": d} for m, d in (("a", 3), ("b", 4))]}},
        ("roles", "embed"),
        "needs the same `dimension`",
    ),
    ({"currency": "euro"}, ("currency",), "pattern"),
    ({"budgets": {"turn": {"tokens": 0}}}, ("budgets", "turn", "tokens"), "greater than or equal to 1"),
    ({"roles": {"strong": [{"endpoint": "openai", "model": "two words"}]}}, ("roles", "strong", 0, "model"), "pattern"),
]


@pytest.mark.parametrize(
    ("changes", "loc", "words"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_cannot_work_is_refused_where_it_stands(changes: dict[str, Any], loc: tuple[Any, ...], words: str) -> None:
    found = problems(block(**changes))
    assert any(place == loc and words in message for place, message in found), found


def test_what_is_probably_not_meant_is_warned_about() -> None:
    given = block(budgets={"tenant_day": {"money": 5}, "turn": {"tokens": 9}})
    given["endpoints"] = {
        "lan": {"base_url": "http://10.0.0.5:8000/v1", "key": KEY},
        "own": {"base_url": "http://localhost/v1"},
    }
    given["roles"] = {"strong": [{"endpoint": "lan", "model": "m", "tools": False}]}
    found = {loc: what for loc, what, mend in lookouts(given) if mend}
    assert set(found) == {("roles", "strong"), ("budgets", "tenant_day"), ("endpoints", "lan", "base_url")}
    assert not any(KEY in what for what in found.values())
    assert not list(lookouts(block()))


@pytest.mark.parametrize(
    "junk", [None, 3, [], {"roles": 3, "endpoints": [], "budgets": "x"}, {"roles": {"strong": [1]}}]
)
def test_lookouts_bear_any_junk(junk: Any) -> None:
    assert not list(lookouts(junk))
    assert not list(misdirected(junk))


def test_the_examples_of_the_docs_load() -> None:
    text = DOCS.read_text()
    examples = [part.split("```", 1)[0] for part in text.split("```yaml\n")[1:]]
    assert len(examples) >= 4
    for example in examples:
        loaded = yaml.safe_load(example)
        convert_models(Models.model_validate(loaded["models"]), core.ModelsSettings)


def test_every_key_is_documented() -> None:
    text = DOCS.read_text()
    kinds = [kind for kind in vars(model_roles).values() if isinstance(kind, type) and issubclass(kind, BaseModel)]
    keys = {name for kind in kinds if kind.__module__ == model_roles.__name__ for name in kind.model_fields}
    assert len(keys) > 35
    assert not {key for key in keys if f"`{key}`" not in text and f".{key}`" not in text}
