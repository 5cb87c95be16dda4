"""Flows in YAML: they mirror core, and `check` finds every mistake in them, in its place."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from copy import deepcopy
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import config
from config import flows as config_flows
from config import patterns
from config.explain import Explainer
from config.flow_problems import check_flows, problems
from config.flows import Flow, convert_flows
from config.problems import Report
from config.shape import Shape
from config.yaml_tree import parse
from core.flows import Flow as CoreFlow
from core.flows import branching, flow, places, values
from core.ports.tools import Verification
from tests.config.files import PLUGS
from tests.core.flows.script import read

DEMO = Path(config.__file__).parent / "examples" / "demo" / "flows.yaml"
TOOLS = frozenset(("lookup_order", "start_return", "update_address", "initiate_refund", "list_orders"))

MIRRORS = [
    (config_flows.Valid, flow.Valid),
    (config_flows.AskStep, flow.AskStep),
    (config_flows.SayStep, flow.SayStep),
    (config_flows.Routes, flow.Routes),
    (config_flows.CallStep, flow.CallStep),
    (config_flows.ConfirmStep, flow.ConfirmStep),
    (config_flows.Case, flow.Case),
    (config_flows.BranchStep, flow.BranchStep),
    (config_flows.HandOverStep, flow.HandOverStep),
    (config_flows.EndStep, flow.EndStep),
    (config_flows.Step, flow.Step),
    (config_flows.Start, flow.Start),
    (config_flows.Flow, flow.Flow),
]


@pytest.mark.parametrize(("model", "value"), MIRRORS, ids=lambda m: m.__name__)
def test_the_same_fields(model: type[BaseModel], value: type) -> None:
    assert list(model.model_fields) == [field.name for field in fields(value)]


def test_the_same_words() -> None:
    assert set(get_args(config_flows.SlotType)) == {str(kind) for kind in flow.SlotType}
    assert set(get_args(config_flows.Level)) == {str(level) for level in Verification}
    assert config_flows.RESERVED == branching.AROUND
    assert config_flows.PLACE.pattern == places.PLACE.pattern
    assert patterns.MAX_TEXT == values.MAX_PATTERN_CHARS
    assert set(config_flows.KINDS) == {field.name for field in fields(flow.Step)}


def test_the_demo_s_flows_are_in_order_in_both_languages() -> None:
    raw = read(DEMO.read_text())["flows"]
    assert problems(raw, TOOLS, ("en", "de")) == ()
    made = convert_flows(tuple(Flow.model_validate(block) for block in raw), CoreFlow)
    assert [one.id for one in made] == ["return-order", "change-address"]


def test_a_single_text_stands_for_every_language() -> None:
    block = Flow.model_validate(
        {
            "id": "f",
            "title": "F",
            "start": {"phrases": ["go"]},
            "buttons": ["Go"],
            "steps": {"a": {"ask": {"slot": "a", "question": "A?"}}, "end": {"end": {}}},
        }
    )
    made = convert_flows((block,), CoreFlow)[0]
    assert made.start.phrases == {"any": ("go",)}
    assert made.buttons == {"any": ("Go",)}
    part = made.steps["a"].part
    assert isinstance(part, flow.AskStep)
    assert part.question == {"any": "A?"}
    assert made.after("a", part.then) == "end"


# What one block can tell by itself

ASK: dict[str, Any] = {"slot": "a", "question": "A?"}


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({}, "exactly one of"),
        ({"ask": ASK, "end": {}}, "exactly one of"),
        ({"ask": {**ASK, "slot": "Order No"}}, "a-z, 0-9 and _"),
        ({"ask": {**ASK, "slot": "language"}}, "must not be one of"),
        ({"ask": {**ASK, "type": "choice"}}, "needs `choices`"),
        ({"ask": {**ASK, "choices": {"x": "X", "y": "Y"}}}, "only with it"),
        ({"ask": {**ASK, "type": "choice", "choices": {"x": "X"}}}, "two or more"),
        ({"ask": {**ASK, "type": "pattern"}}, "needs `validate: {pattern"),
        ({"ask": {**ASK, "fill": True}}, "must not `fill`"),
        ({"ask": {**ASK, "type": "email", "validate": {"min": 3}}}, "must not have `min`"),
        ({"ask": {**ASK, "type": "date", "validate": {"min": 3}}}, "needs dates"),
        ({"ask": {**ASK, "type": "date", "validate": {"min": "soon"}}}, "needs dates"),
        ({"ask": {**ASK, "type": "integer", "validate": {"max": "today"}}}, "needs numbers"),
        ({"ask": {**ASK, "type": "integer", "validate": {"min": 3, "max": 2}}}, "nothing between"),
        ({"ask": {**ASK, "question": "{Order}?"}}, "brace that is no place"),
        ({"ask": {**ASK, "question": "{a.__class__!r}"}}, "brace that is no place"),
        ({"ask": {**ASK, "question": {"xx": "A"}}}, "Input should be"),
        ({"say": {"text": "{"}}, "brace that is no place"),
        (
            {"call": {"tool": "t", "arguments": {"x": "{a b}"}, "on": {"done": "e", "denied": "e", "failed": "e"}}},
            "brace",
        ),
        (
            {"call": {"tool": "t", "arguments": {"x": "y" * 5000}, "on": {"done": "e", "denied": "e", "failed": "e"}}},
            "4000",
        ),
        ({"call": {"tool": "t", "on": {"done": "e", "denied": "e"}}}, "failed"),
        ({"confirm": {"question": "A?", "yes": "e"}}, "no"),
        ({"branch": {"cases": [{"on": "a", "then": "e"}], "otherwise": "e"}}, "needs a comparison"),
        ({"branch": {"cases": [{"on": "a", "equals": 1, "then": "e"}]}}, "otherwise"),
        ({"branch": {"cases": [], "otherwise": "e"}}, "at least 1"),
        ({"hand_over": {"reason": "bored", "detail": "x"}}, "Input should be"),
        ({"hand_over": {"reason": "policy", "detail": "{x"}}, "brace"),
    ],
)
def test_blocks_that_are_refused(step: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Flow.model_validate({"id": "f", "title": "F", "steps": {"s": step, "e": {"end": {}}}})
    assert words in str(refused.value)


def test_too_many_steps_are_refused() -> None:
    steps: dict[str, Any] = {f"s{n}": {"end": {}} for n in range(201)}
    with pytest.raises(ValidationError, match="at most 200"):
        Flow.model_validate({"id": "f", "title": "F", "steps": {"a": {"ask": ASK}, **steps}})


@pytest.mark.parametrize(
    "pattern",
    [
        r"LK-\d{6}",
        r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{4,5}",
        r"(?:ab|cd)-\d+",
        r".*return.*",
        r"(ab){2}",
        r"[]\]*]+",
        r"\(\)*",
        r"a{,3}b{x}",
        r"(ab)+",
        "",
    ],
)
def test_safe_patterns(pattern: str) -> None:
    assert patterns.safe_pattern(pattern) == pattern


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+",
        r"(a|a)*b",
        r"((a*))*",
        r"(a?){50}",
        r"(?:x(?:a+)y)+",
        r"(a{1,9}){1,9}",
        r"(a{,}){,}",
        r"[[a]",
        r"a+b+c+",
        r".*.*.*x",
        r"(a)\1",
        r"(?=a)b",
        r"(?P<n>a)",
        r"(?i)a",
        r"[a",
        r"(",
        r"*",
        "a" * 201,
        r"a{99999999999999999999}",
        r"(([a-z])+.)+[A-Z]([a-z])+$",
    ],
)
def test_unsafe_patterns(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|is|has) "):
        patterns.safe_pattern(pattern)


@pytest.mark.parametrize("pattern", [r".*.*x", r"\d+\d+x", r"(?:a|aa)?a+[ab]{1,100}$x", r"[ab]+[ab]+c", r".*a.*b"])
def test_what_is_allowed_is_quick_on_the_longest_text(pattern: str) -> None:
    checked = patterns.safe_pattern(pattern)
    for text in ("a" * patterns.MAX_TEXT, "1" * patterns.MAX_TEXT, "ab" * (patterns.MAX_TEXT // 2)):
        before = time.process_time()
        tuple(
            values.read(flow.SlotType.PATTERN, text, values.Reading(language="en", today="2026-01-01", pattern=checked))
        )
        assert time.process_time() - before < 1.0


# What lies between blocks

GOOD = """
flows:
- id: one
  title: One
  start: {phrases: {en: [start one], de: [eins]}}
  steps:
    ask:
      ask: {slot: count, type: integer, question: {en: A, de: A}}
    kind:
      ask: {slot: kind, type: choice, question: x, choices: {red: Red, blue: Blue}}
    sure:
      confirm: {question: "{count}", yes: call, no: ask}
    call:
      call: {tool: lookup_order, arguments: {n: "{count}"}, into: got, on: {done: way, denied: bye, failed: bye}}
    way:
      branch:
        cases:
          - {on: got.status, equals: sent, then: bye}
          - {on: kind, in: [red], then: bye}
        otherwise: told
    told:
      say: {text: "{got.status}"}
    bye:
      end: {say: {en: Bye, de: Ende}}
- id: two
  title: Two
  buttons: [Two]
  steps:
    what: {ask: {slot: what, question: x}}
    person: {hand_over: {reason: policy, detail: "{what}"}}
"""


def found(text: str, languages: tuple[str, ...] = ("en", "de")) -> list[tuple[str, str]]:
    return [
        (".".join(map(str, problem.loc)), problem.what if problem.severity == "error" else f"warning: {problem.what}")
        for problem in problems(read(text)["flows"], TOOLS, languages)
    ]


def test_nothing_is_wrong_with_good_flows() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "loc", "words"),
    [
        ("yes: call", "yes: cal", "0.steps.sure.confirm.yes", "the step `cal` does not exist"),
        ("failed: bye", "failed: by", "0.steps.call.call.on.failed", "the step `by` does not exist"),
        ("otherwise: told", "otherwise: bye", "0.steps.told", "warning: the step `told` is never reached"),
        ("text: \"{got.status}\"}", "text: x, then: told}", "0.steps.told", "from the step `told` the flow can never end"),
        ("text: \"{got.status}\"}", "text: x, then: way}", "0.steps.way", "comes back to itself without asking"),
        ("  person: {hand_over: {reason: policy, detail: \"{what}\"}}", "", "1.steps.what.ask", "leads nowhere"),
        ("failed: bye", "failed: told", "0.steps.told.say.text", "`got` may not be filled yet when the step `told` comes"),
        ("{slot: count, type: integer, question: {en: A, de: A}}", "{slot: count, type: integer, question: '{kind}'}",
         "0.steps.ask.ask.question", "`kind` may not be filled yet when the step `ask` comes"),
        ("detail: \"{what}\"", "detail: \"{wht}\"", "1.steps.person.hand_over.detail", "`wht` names nothing"),
        ("detail: \"{what}\"", "detail: \"{what.x}\"", "1.steps.person.hand_over.detail", "is a slot and has no parts"),
        ("text: \"{got.status}\"", "text: \"{got}\"", "0.steps.told.say.text", "is a whole result"),
        ("on: got.status", "on: gott.status", "0.steps.way.branch.cases.0.on", "`gott.status` names nothing"),
        ("tool: lookup_order", "tool: lookup_oder", "0.steps.call.call.tool", "the tool `lookup_oder` does not exist"),
        ("into: got", "into: count", "0.steps.call.call.into", "is a slot already"),
        ("in: [red]", "in: [rde]", "0.steps.way.branch.cases.1.in.0", "`kind` is never `rde`"),
        ("on: kind, in: [red]", "on: verification, equals: verifed", "0.steps.way.branch.cases.1.equals", "is never"),
        ("on: kind, in: [red]", "on: hours, equals: shut", "0.steps.way.branch.cases.1.equals", "is never `shut`"),
        ("on: kind, in: [red]", "on: language, equals: fr", "0.steps.way.branch.cases.1.equals", "is never `fr`"),
        ("on: kind, in: [red]", "on: kind, below: 3", "0.steps.way.branch.cases.1.below", "`kind` has no order"),
        ("on: kind, in: [red]", "on: count, below: many", "0.steps.way.branch.cases.1.below", "is a number"),
        ("on: kind, in: [red]", "on: verification, below: high", "0.steps.way.branch.cases.1.below", "no level"),
        ("de: Ende", "fr: Fin", "0.steps.bye.end.say", "warning: this text has no `de`"),
        ("buttons: [Two]", "buttons: {}", "1", "warning: nothing starts this flow"),
        ("buttons: [Two]", "start: {phrases: {de: [' Start  one']}}", "1.start.phrases.de.0", "warning: this phrase starts"),
        ("id: two", "id: one", "1.id", "the flow `one` stands twice"),
        ("kind:\n      ask: {slot: kind,", "kind:\n      ask: {slot: count,", "0.steps.kind.ask.type", "another type"),
    ],
)  # fmt: skip
def test_mistakes_between_blocks(old: str, new: str, loc: str, words: str) -> None:
    assert old in GOOD
    hits = found(GOOD.replace(old, new, 1))
    assert any(at == loc and words in what for at, what in hits), hits


def test_a_slot_asked_for_on_one_way_only_is_not_certain() -> None:
    assert found(GOOD.replace("yes: call, no: ask", "yes: kind2, no: told2"))
    branched = """
flows:
- id: f
  title: F
  buttons: [F]
  steps:
    way: {confirm: {question: x, yes: name, no: bye}}
    name: {ask: {slot: name, question: x}}
    bye: {end: {say: "Bye {name}"}}
"""
    assert found(branched) == [("0.steps.bye.end.say", "`name` may not be filled yet when the step `bye` comes")]
    guarded = branched.replace("no: bye", "no: check").replace(
        "    bye:",
        "    check: {branch: {cases: [{on: name, exists: true, then: bye}], otherwise: left}}\n"
        "    left: {end: {}}\n    bye:",
    )
    assert found(guarded) == []


def test_hints_name_the_mend() -> None:
    hits = problems(read(GOOD.replace("yes: call", "yes: cal"))["flows"], TOOLS)
    assert hits[0].hint == "did you mean `call`?; steps are: ask, kind, sure, call, way, told, bye"
    assert problems(read(GOOD)["flows"], ())[0].hint == "there are no tools"


@pytest.mark.parametrize(
    "broken",
    [
        None,
        3,
        {"id": "x"},
        [3, None, "x"],
        [{}],
        [{"steps": []}],
        [{"steps": {"a": None, "b": 3, "c": {"ask": 3}, "d": {"ask": {}}, "e": {"call": {"on": 3, "into": []}}}}],
        [{"id": [], "steps": {"a": {"branch": {"cases": [3, {"on": 3, "in": 3, "below": []}], "otherwise": 4}}}}],
        [{"start": 3, "buttons": 4, "steps": {"a": {"ask": {"slot": [], "type": {}, "choices": 3, "validate": 3}}}}],
        [{"start": {"phrases": {"en": 3, "de": [4]}}, "buttons": [5], "steps": {3: {"end": {}}}}],
        [{"steps": {"a": {"confirm": {"question": {"en": 3}, "yes": [], "no": None}}, "b": {"say": {"text": [1]}}}}],
    ],
)
def test_whatever_the_file_holds_it_never_raises(broken: Any) -> None:
    problems(broken, TOOLS, ("en",))


def test_they_stand_in_the_report_of_the_file_with_their_lines() -> None:
    text = "tenants:\n- engine: {languages: [en, de, fr]}\n" + GOOD.replace("yes: call", "yes: cal").replace(
        "\n", "\n  "
    )
    report = Report("f.yaml")
    tree = parse(text.encode(), report)
    assert tree is not None
    check_flows(("tenants", 0), tree.data["tenants"][0], TOOLS, tree, report)
    lines = [str(problem) for problem in report.problems]
    assert lines[0].startswith("f.yaml:10:"), lines
    assert "warning: 2 texts of this flow have no `fr`" in lines[0]
    assert any(line.startswith("f.yaml:14:") and "the step `cal` does not exist" in line for line in lines), lines
    again = Report("f.yaml")
    again.spoil(("tenants", 0))
    check_flows(("tenants", 0), tree.data["tenants"][0], TOOLS, tree, again)
    assert again.problems == ()


JUNK = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just([]), st.just({}), st.just([[]]))


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, item in items for deeper in _paths(item, (*path, key)))]


PARSED = read(GOOD)["flows"]
PLACES = _paths(PARSED)[1:]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_part_of_the_wrong_sort_makes_it_raise(data: st.DataObject) -> None:
    raw = deepcopy(PARSED)
    for path in data.draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3)):
        here = raw
        for part in path[:-1]:
            here = here[part] if isinstance(here, dict | list) and _has(here, part) else None
        if isinstance(here, dict | list) and _has(here, path[-1]):
            here[path[-1]] = data.draw(JUNK)
    problems(raw, TOOLS, ("en", "de"))
    for block in raw:
        with suppress(ValidationError):
            Flow.model_validate(block)


def _has(here: Any, part: Any) -> bool:
    return part in here if isinstance(here, dict) else isinstance(part, int) and part < len(here)


class Root(BaseModel):
    """Stands for the whole file."""

    flows: tuple[Flow, ...]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("type: integer", "type: intger", "did you mean `integer`?"),
        (
            "question: {en: A, de: A}",
            "question: {en: '{A}', de: A}",
            "`flows[0].steps.ask.ask.question.en` has a brace",
        ),
        ("question: {en: A, de: A}", "question: '{A}'", "`flows[0].steps.ask.ask.question` has a brace"),
        ("question: {en: A, de: A}", "qestion: A", "did you mean `question`?"),
        ("type: integer,", "type: integer, validate: {mn: 3},", "did you mean `min`?"),
        ("type: integer,", "type: integer, validate: {pattern: '(a+)+'},", "validate.pattern` must not repeat a group"),
        ("in: [red]", "inn: [red]", "did you mean `in`?"),
        ("failed: bye}", "faild: bye}", "did you mean `failed`?"),
    ],
)
def test_mistakes_are_told_with_their_place(old: str, new: str, said: str) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    report = Report("f.yaml")
    tree = parse(text.encode(), report)
    assert tree is not None
    with pytest.raises(ValidationError) as refused:
        Root.model_validate(tree.data)
    explainer = Explainer(tree, Shape(PLUGS), report, Root)
    for error in refused.value.errors(include_url=False, include_input=False):
        explainer.explain(error)
    lines = [str(problem) for problem in report.problems]
    assert any(said in line for line in lines), lines
    assert all(problem.line > 2 for problem in report.problems), lines


def test_a_large_flow_is_checked_quickly() -> None:
    cases = [{"on": "a", "equals": n, "then": f"s{n}"} for n in range(50)]
    steps = {f"s{n}": {"branch": {"cases": cases, "otherwise": f"s{(n + 1) % 198}"}} for n in range(198)}
    raw = [{"id": "f", "title": "F", "steps": {"a": {"ask": ASK}, **steps, "e": {"end": {}}}}]
    before = time.process_time()
    assert problems(raw, TOOLS)
    assert time.process_time() - before < 2.0


PAGE = (Path(config.__file__).parents[1] / "docs" / "flows.md").read_text()


def test_the_example_of_the_page_loads() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert examples
    for example in examples:
        raw = read(example)["flows"]
        assert problems(raw, TOOLS, ("en", "de")) == ()
        assert [Flow.model_validate(block).id for block in raw]


@pytest.mark.parametrize("model", [model for model, _ in MIRRORS], ids=lambda m: m.__name__)
def test_every_key_is_on_the_page(model: type[BaseModel]) -> None:
    keys = {info.alias or name for name, info in model.model_fields.items()}
    assert not {key for key in keys if not re.search(rf"[`.]{key}`", PAGE)}
