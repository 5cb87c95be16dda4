"""Experiments, rollout, answer cache and fast path in YAML: what they become, and what a mistake is told."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from config import caching
from config import experiments as trials
from config.engine import Engine
from config.experiments import convert_experiments, convert_rollouts
from config.explain import Explainer
from config.models import Account
from config.parts import EnginePart
from config.problems import TOP, Report
from config.shape import Shape
from config.trial_rules import check_trials
from config.yaml_tree import parse
from core import answer_cache, segments
from core import experiments as core_experiments
from core import rollout as core_rollout
from core.settings import EngineSettings
from core.steps import fast_path
from tests.config.files import PLUGS

MIRRORS: list[tuple[type[BaseModel], type]] = [
    (caching.AnswerCache, answer_cache.CacheSettings),
    (caching.FastPath, fast_path.FastPathSettings),
    (trials.Segment, segments.Segment),
    (trials.Variant, core_experiments.Variant),
    (trials.Experiment, core_experiments.Experiment),
    (trials.Rollout, core_rollout.Rollout),
    (trials.Rollouts, core_rollout.Rollouts),
]


@pytest.mark.parametrize(("model", "value"), MIRRORS, ids=lambda m: m.__name__)
def test_the_same_fields_and_defaults(model: type[BaseModel], value: type) -> None:
    assert set(model.model_fields) == {field.name for field in fields(value)}


def test_the_same_defaults() -> None:
    assert caching.AnswerCache().model_dump() == {
        f.name: getattr(answer_cache.CacheSettings(), f.name) for f in fields(answer_cache.CacheSettings)
    }
    assert caching.FastPath().model_dump() == {
        f.name: getattr(fast_path.FastPathSettings(), f.name) for f in fields(fast_path.FastPathSettings)
    }
    assert convert_rollouts(trials.Rollouts(), core_rollout.Rollouts) == core_rollout.Rollouts()


def test_the_same_settings_may_be_overridden() -> None:
    assert set(trials.OVERRIDABLE) == core_experiments.OVERRIDABLE


class Root(EnginePart):
    """The part of a tenant that is tested here."""

    accounts: tuple[Account, ...] = ()
    engine: Engine = Engine()
    experiments: tuple[trials.Experiment, ...] = ()
    rollout: trials.Rollouts = trials.Rollouts()


ACCOUNTS = "accounts:\n  - {id: shop, channel: chat}\n  - {id: post, channel: mail}\n"


def read(text: str) -> tuple[Root | None, list[str]]:
    """As the loader does it: the rules first, then the models."""
    report = Report("x")
    tree = parse((ACCOUNTS + text).encode(), report)
    assert tree is not None
    check_trials((), tree.data, tree, report)
    root = None
    try:
        root = Root.model_validate(tree.data, context={"plugs": PLUGS})
    except ValidationError as errors:
        explainer = Explainer(tree, Shape(PLUGS), report, Root)
        for error in errors.errors(include_url=False, include_input=False):
            explainer.explain(error)
    return root, [str(problem).removeprefix("x:") for problem in report.problems]


GOOD = """\
experiments:
  - id: brief-answers
    share: 0.5
    variants:
      brief: {weight: 2, overrides: {passages: 8, answer: {words: 60}}}
      as-now: {}
    segment: {languages: [en, de], channels: [chat], verified: false}
    starts_on: 2027-03-01
    ends_on: "2027-03-31"
rollout:
  default: {share: 0.25, segment: {customer_accounts: ["42"]}, when: closed}
  by_account:
    post: {share: 0}
"""


def test_a_good_file_becomes_core_s_values() -> None:
    root, problems = read(GOOD)
    assert problems == [] and root is not None
    assert convert_experiments(root.experiments, core_experiments.Experiment) == (
        core_experiments.Experiment(
            id="brief-answers",
            share=0.5,
            variants={
                "brief": core_experiments.Variant(weight=2, overrides={"passages": 8, "answer": {"words": 60}}),
                "as-now": core_experiments.Variant(),
            },
            segment=segments.Segment(languages=("en", "de"), channels=("chat",), verified=False),
            starts_on=date(2027, 3, 1),
            ends_on=date(2027, 3, 31),
        ),
    )
    assert convert_rollouts(root.rollout, core_rollout.Rollouts) == core_rollout.Rollouts(
        default=core_rollout.Rollout(
            share=0.25, segment=segments.Segment(customer_accounts=("42",)), when=core_rollout.BotHours.CLOSED
        ),
        by_account={"post": core_rollout.Rollout(share=0)},
    )


def test_what_it_becomes_can_be_applied() -> None:
    root, _ = read(GOOD)
    assert root is not None
    made = convert_experiments(root.experiments, core_experiments.Experiment)
    after = core_experiments.applied(EngineSettings(), made, {"brief-answers": "brief"})
    assert (after.passages, after.answer.words) == (8, 60)


X = "experiments[0].variants.x.overrides"


def one(variants: str, more: str = "") -> str:
    return f"experiments:\n  - id: a\n    variants: {variants}\n{more}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (one("{x: {overrides: {pasages: 3}}}"), f"unknown key `pasages` in `{X}`; did you mean `passages`?"),
        (one("{x: {overrides: {audiences: [staff]}}}"), f"unknown key `audiences` in `{X}`; known here: "),
        (one("{x: {overrides: {passages: 300}}}"), f"`{X}.passages` must be at most 100"),
        (one("{x: {overrides: {answer: {words: few}}}}"), f"`{X}.answer.words` must be a whole number"),
        (one("{x: {weight: -1}}"), "`experiments[0].variants.x.weight` must be at least 0"),
        (one("{x: {weight: 0}, y: {weight: 0}}"), "`experiments[0]` needs a variant with a weight above 0"),
        (one("{}"), "`experiments[0].variants` must have 1 or more entries"),
        (one("{x: {}}", "    share: 20\n"), "`experiments[0].share` must be at most 1"),
        (one("{x: {}}", "    ends_on: soon\n"), "`experiments[0].ends_on` must be a date; write it like 2027-01-31"),
        (
            one("{x: {}}", "    starts_on: 2027-02-01\n    ends_on: 2027-01-01\n"),
            "`experiments[0]` must not end before it starts",
        ),
        (
            one("{x: {}}", "    segment: {channels: [chatt]}\n"),
            "no account of this tenant is on the channel `chatt`; did you mean `chat`?",
        ),
        (
            one("{x: {}}", "    segment: {languages: [xx]}\n"),
            "`experiments[0].segment.languages[0]` has a value that is not known",
        ),
        (
            one("{x: {}}", "  - {id: a, variants: {y: {}}}\n"),
            "the experiment `a` stands twice; give it an id of its own; the first is on line 5",
        ),
        (
            "rollout: {by_account: {shopp: {}}}\n",
            "the account `shopp` does not exist in this tenant; did you mean `shop`?",
        ),
        ("rollout: {default: {share: -0.1}}\n", "`rollout.default.share` must be at least 0"),
        (
            "rollout: {default: {when: open}}\n",
            "`rollout.default.when` has a value that is not known; one of: always, closed",
        ),
        (
            "rollout: {by_account: {shop: {segment: {channels: [fax]}}}}\n",
            "no account of this tenant is on the channel `fax`; channels are: chat, mail",
        ),
    ],
)
def test_every_mistake_is_told_with_its_place(text: str, expected: str) -> None:
    _, problems = read(text)
    assert [problem for problem in problems if expected in problem], problems


def pair(first: str, second: str, *, overrides: str = "{passages: 5}") -> str:
    return (
        f"experiments:\n  - {{id: a, variants: {{x: {{overrides: {{passages: 9, history: 2}}}}}}{first}}}\n"
        f"  - {{id: b, variants: {{y: {{}}, z: {{overrides: {overrides}}}}}{second}}}\n"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("", ""),
        (", starts_on: 2027-01-01, ends_on: 2027-01-31", ", starts_on: 2027-01-31"),
        (", ends_on: 2027-01-31", ""),
        (", segment: {languages: [en, de]}", ", segment: {languages: [de]}"),
        (", segment: {verified: true}", ", segment: {channels: [chat]}"),
        (", segment: {verified: true}", ", segment: {verified: true}"),
    ],
)
def test_two_experiments_may_not_set_the_same_for_the_same(first: str, second: str) -> None:
    _, problems = read(pair(first, second))
    assert len(problems) == 1
    assert problems[0].startswith("6:")
    assert "the experiments `b` and `a` both set `passages` for the same conversations" in problems[0]
    assert "the other stands on line 5" in problems[0]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (", ends_on: 2027-01-31", ", starts_on: 2027-02-01"),
        (", starts_on: '2027-02-01'", ", ends_on: 2027-01-31"),
        (", segment: {languages: [en]}", ", segment: {languages: [de]}"),
        (", segment: {verified: true}", ", segment: {verified: false}"),
        (", segment: {channels: [chat]}", ", segment: {channels: [mail]}"),
    ],
)
def test_days_and_segments_keep_them_apart(first: str, second: str) -> None:
    assert read(pair(first, second))[1] == []


def test_different_settings_do_not_overlap() -> None:
    assert read(pair("", "", overrides="{answer: {passages: 5}}"))[1] == []


def test_every_setting_on_the_list_is_there() -> None:
    assert not {path for path in trials.OVERRIDABLE if not has(trials.Overrides, path)}


def has(model: Any, path: str) -> bool:
    head, _, rest = path.partition(".")
    return head in model.model_fields and (not rest or has(model.model_fields[head].annotation, rest))


DOCS = Path(__file__).resolve().parents[2] / "docs"


def examples(page: str) -> list[dict[str, Any]]:
    """The first tenant of every example of a page."""
    blocks = re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    tenants: list[dict[str, Any]] = [yaml.safe_load(block)["tenants"][0] for block in blocks]
    return tenants


def test_the_examples_of_the_docs_load() -> None:
    found = examples("experiments.md")
    assert len(found) == 2
    for tenant in found:
        check_trials((), tenant, AnyPlace(), (report := Report("x")))  # type: ignore[arg-type]  # only places are asked of it
        assert report.problems == ()
        made = [trials.Experiment.model_validate(block) for block in tenant.get("experiments", ())]
        trials.Rollouts.model_validate(tenant.get("rollout", {}))
        for experiment in convert_experiments(made, core_experiments.Experiment):
            for name in experiment.variants:
                core_experiments.applied(EngineSettings(), [experiment], {experiment.id: name})


def test_the_examples_of_the_docs_are_the_defaults() -> None:
    (tenant,) = examples("answer-cache.md")
    converse = tenant["engine"]["converse"]
    assert caching.AnswerCache.model_validate(converse["cache"]) == caching.AnswerCache()
    assert caching.FastPath.model_validate(converse["fast_path"]) == caching.FastPath()


def test_every_key_is_documented() -> None:
    pages = "".join((DOCS / page).read_text(encoding="utf-8") for page in ("experiments.md", "answer-cache.md"))
    keys = {name for model, _ in MIRRORS for name in model.model_fields}
    assert not {key for key in keys if f"`{key}`" not in pages}
    assert not {path for path in trials.OVERRIDABLE if f"`{path.removeprefix('converse.')}`" not in pages}


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "variants", "overrides", "segment", "channels", "languages", "by_account", "default", "x", "starts_on",
                 "ends_on", "verified", "passages", "experiments", "rollout", "accounts", "channel"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)  # fmt: skip


class AnyPlace:
    """A tree in which everything stands somewhere."""

    def key_place(self, loc: Any) -> Any:
        return self.value_place(loc)

    def value_place(self, loc: Any) -> Any:
        return TOP


@given(st.dictionaries(st.sampled_from(["experiments", "rollout", "accounts"]), JUNK, max_size=3))
def test_no_file_breaks_the_rules(tenant: dict[str, Any]) -> None:
    check_trials((), tenant, AnyPlace(), Report("x"))  # type: ignore[arg-type]  # only places are asked of it
