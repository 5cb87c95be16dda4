"""Script files: what is refused with its place, which rule matches, and how texts are filled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.lab.model import ScriptError, load_script, read_script
from gateway.lab.model.answering import Reader
from gateway.lab.model.seen import Seen, read
from gateway.lab.model.templates import TemplateError, render, render_all
from gateway.lab.model.wire import Answer, ChatRequest, decode
from tests.lab.model.served import after_call, asked, tool


def seen(request: dict[str, Any]) -> Seen:
    import msgspec

    found: ChatRequest = decode(msgspec.json.encode(request), ChatRequest)
    return read(found)


def said(rules: list[dict[str, Any]], request: dict[str, Any], **script: Any) -> Answer:
    told = read_script({"rules": rules, "default": {"text": "default"}, **script})
    return Reader(told).answer(seen(request)).answer


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ({"rules": [{"id": "one", "then": {"txt": "x"}}]}, r"txt.*rules\[0\].*\(rule one\)"),
        ({"rules": [{"then": {"text": "x"}, "when": {"words": "("}}]}, r"rules\[0\]\.when\.words: not a pattern"),
        ({"rules": [{"id": "one", "then": {}}]}, r"rules\[0\] \(one\)\.then: says nothing"),
        ({"rules": [{"then": {"text": "x", "fill": True}}]}, r"rules\[0\]\.then: say one of"),
        ({"rules": [{"then": {"text": "{{order}}"}}]}, r"nothing is called 'order'; there are .*words"),
        ({"rules": [{"then": {"text": "{{words"}}]}, r"rules\[0\]\.then: a place is not closed"),
        ({"rules": [{"then": {"text": "{{words:loud}}"}}]}, r"forms are .*money"),
        ({"rules": [{"then": {"call": {"name": "a", "arguments": {"x": ["{{y}}"]}}}}]}, r"nothing is called 'y'"),
        ({"rules": [{"then": {"trouble": "flood"}}]}, r"flood.*rules\[0\]"),
        ({"version": 2}, r"version: 2 is not known"),
        ({"dimension": 0}, r"dimension: 0 is not between"),
        ({"glossary": {"[": "x"}}, r"glossary\.\[: not a pattern"),
        ({"transcripts": [{"text": "x"}]}, r"transcripts\[0\]: needs a name or a sha256"),
        ([], r"Expected `object`, got `array`"),
    ],
)
def test_mistakes_are_told_with_their_place(told: Any, place: str) -> None:
    with pytest.raises(ScriptError, match=place) as refused:
        read_script(told, name="my.yaml")
    assert str(refused.value).startswith("my.yaml: ")


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(ScriptError) as refused:
        read_script({"rules": [{"then": {}}, {"then": {"text": "{{no}}"}}]})
    assert str(refused.value).count("\n") == 1


def test_files_are_told_by_line(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text("rules:\n  - then: {text: [}\n")
    with pytest.raises(ScriptError, match=r"script\.yaml:2:\d+: "):
        load_script(path)
    with pytest.raises(ScriptError, match="No such file"):
        load_script(tmp_path / "missing.yaml")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScriptError):
        load_script(path)


def test_json_is_as_good(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text('{"default": {"text": "yes"}}')
    assert load_script(path).default.text == "yes"


TOOLS = [tool("lookup_order", order_id="string"), tool("list_orders")]
ASKED = asked("Where is LK-204518?", tools=TOOLS, sources={2: "Returns take 30 days."})
AFTER = after_call(ASKED, "lookup_order", '{"order_id": "LK-204518"}', '{"status": "Packed", "total": 39}')


@pytest.mark.parametrize(
    ("when", "request_", "holds"),
    [
        ({}, ASKED, True),
        ({"words": "lk-\\d+"}, ASKED, True),
        ({"words": "Returns"}, ASKED, False),
        ({"model": "lab-.*"}, ASKED, True),
        ({"model": "lab"}, ASKED, False),
        ({"system": "kingfisher"}, ASKED, True),
        ({"system": "30 days"}, ASKED, False),
        ({"source": "30 days"}, ASKED, True),
        ({"source": "LK-"}, ASKED, False),
        ({"offered": "list_orders"}, ASKED, True),
        ({"offered": "refund"}, ASKED, False),
        ({"result_of": "lookup_order"}, ASKED, False),
        ({"no_result_of": "any"}, ASKED, True),
        ({"result_of": "lookup_order"}, AFTER, True),
        ({"result_of": "list_orders"}, AFTER, False),
        ({"no_result_of": "any"}, AFTER, False),
        ({"result": '"packed"'}, AFTER, True),
        ({"result": "Returns"}, AFTER, False),
        ({"language": "en"}, ASKED, True),
        ({"language": "de"}, ASKED, False),
        ({"is_json": True}, ASKED, False),
        ({"has_image": False}, ASKED, True),
        ({"earlier": "anything"}, ASKED, False),
        ({"purpose": "answer"}, ASKED, False),
        ({"purpose": "answer"}, {**ASKED, "metadata": {"purpose": "answer"}}, True),
        ({"words": "where", "offered": "refund"}, ASKED, False),
    ],
)
def test_conditions(when: dict[str, Any], request_: dict[str, Any], holds: bool) -> None:
    assert said([{"when": when, "then": {"text": "rule"}}], request_).text == ("rule" if holds else "default")


def test_the_first_rule_that_holds_speaks() -> None:
    rules = [{"when": {"words": w}, "then": {"text": w}} for w in ("nothing", "where", "is")]
    assert said(rules, ASKED).text == "where"


def test_nth_counts_how_often_all_else_held() -> None:
    script = read_script(
        {
            "rules": [{"when": {"words": "where", "nth": 2}, "then": {"text": "second of {{nth}}"}}],
            "default": {"text": "d"},
        }
    )
    reader = Reader(script)
    told = [reader.answer(seen(request)).answer.text for request in (ASKED, asked("other"), ASKED, ASKED)]
    assert told == ["d", "d", "second of 2", "d"]
    reader.restart()
    assert [reader.answer(seen(ASKED)).answer.text for _ in range(2)] == ["d", "second of 2"]


def test_values_come_from_groups_results_and_sources() -> None:
    places = (
        "order",
        "result.status",
        "result.total:money",
        "mark",
        "source",
        "results.lookup_order.total",
        "words:upper",
    )
    then = {"text": " ".join(f"{{{{{place}}}}}" for place in places)}
    when = {"words": r"(?P<order>LK-\d+)", "source": "days"}
    assert said([{"when": when, "then": then}], AFTER).text == "LK-204518 Packed 39.00 [T1] [2] 39 WHERE IS LK-204518?"


def test_a_list_becomes_lines() -> None:
    request = after_call(ASKED, "list_orders", "{}", '{"orders": [{"id": 1, "of": ["a", "b"]}, {"id": 2, "of": []}]}')
    then = {
        "text": "Orders:\n{{each}}",
        "each": {"of": "orders", "line": "- {{item.id}} {{item.of}} {{item.of[0]|none}}"},
    }
    assert said([{"then": then}], request).text == "Orders:\n- 1 a, b a\n- 2  none"


def test_the_language_of_the_prompt_goes_before_that_of_the_words() -> None:
    then = {"text": {"en": "yes", "de": "ja"}}
    assert said([{"then": then}], asked("Wo ist meine Bestellung?")).text == "ja"
    assert said([{"then": then}], asked("Où est ma commande ?")).text == "yes"
    assert said([{"then": then}], asked("E03", system="Write in German.")).text == "ja"
    assert said([{"then": then}], asked("Wo ist meine Bestellung?", system="Write in English.")).text == "yes"


def test_a_missing_value_is_the_servers_error_with_its_rule() -> None:
    from gateway.lab.model.wire import Refusal

    with pytest.raises(Refusal) as refused:
        said([{"id": "mine", "then": {"text": "{{result.status}}"}}], ASKED)
    assert refused.value.status == 500
    assert "rule mine: no value for {{result.status}}" in str(refused.value)


def test_arguments_keep_their_types() -> None:
    values = {"amount": "39,50", "result": {"n": 3, "list": [1]}}
    told = {"a": "{{amount:number}}", "b": "{{result.n}}", "c": ["{{result.list}}"], "d": "x{{result.n}}", "e": True}
    assert render_all(told, values) == {"a": 39.5, "b": 3, "c": [[1]], "d": "x3", "e": True}
    with pytest.raises(TemplateError, match="is not a number"):
        render_all("{{result:number}}", values)
    with pytest.raises(TemplateError, match="is not an amount"):
        render("{{amount:money}} {{result:money}}", {"amount": 1, "result": "x"})


def test_the_rest_of_an_answer_that_was_begun() -> None:
    text = "The first sentence. The second one."
    rules = [{"then": {"text": text}}]
    begun = {**ASKED, "messages": [*ASKED["messages"], {"role": "assistant", "content": "The first sentence."}]}
    assert said(rules, begun).text == " The second one."
    whole = {**ASKED, "messages": [*ASKED["messages"], {"role": "assistant", "content": text}]}
    assert said(rules, whole).text == "I could not find an answer to that in the help pages."


def test_no_answer_is_said_as_the_prompt_wants_it() -> None:
    rules = [{"then": {"quote": 2}}]
    tools = [tool("no_answer")]
    assert [wish.name for wish in said(rules, asked("Zebras?", tools=tools)).wishes] == ["no_answer"]
    assert said(rules, asked("Zebras?", system="Or write only NO_ANSWER.")).text == "NO_ANSWER"
    assert said(rules, asked("Was ist das für ein Tier?")).text.startswith("Dazu habe ich")
    own = [{"then": {"quote": {"nothing": {"en": "No idea."}}}}]
    assert said(own, asked("Zebras?", tools=tools)).text == "No idea."


def test_filled_objects_speak_the_language_of_the_pages() -> None:
    shape = {
        "type": "json_schema",
        "json_schema": {"name": "r", "schema": {"type": "object", "properties": {"query": {"type": "string"}}}},
    }
    glossary = {"rückgabe": "return", "wie lange": "how long"}
    request = asked("Wie lange ist die Rückgabe möglich?", response_format=shape)
    assert (
        said([{"then": {"fill": True}}], request, glossary=glossary).text
        == '{"query": "how long ist die return möglich?"}'
    )


def test_a_quote_is_looked_for_by_the_glossary_and_else_by_the_contacts_own_words() -> None:
    glossary = {"rückgabe": "return", "wie lange": "how long"}
    quotes = [{"then": {"quote": 1}}]
    german = asked("Wie lange habe ich Rückgaberecht?", sources={1: "Sie haben ein Rückgaberecht von 30 Tagen."})
    assert "30 Tagen" in said(quotes, german, glossary=glossary).text
    english = asked("Wie lange Rückgabe?", sources={1: "A return is possible for 30 days."})
    assert "30 days" in said(quotes, english, glossary=glossary).text
