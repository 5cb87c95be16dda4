"""From a prompt to an answer: the first rule that matches, its texts filled, and the troubles that twist what is said."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.lab.model.filling import filled
from gateway.lab.model.quoting import quoted
from gateway.lab.model.script import Quote, Rule, Script, Then
from gateway.lab.model.seen import Seen
from gateway.lab.model.templates import TemplateError, Texts, in_language, render, render_all
from gateway.lab.model.troubles import Armed, Trouble
from gateway.lab.model.wire import Answer, Refusal, Wish

NOTHING: Final[Texts] = {
    "en": "I could not find an answer to that in the help pages.",
    "de": "Dazu habe ich in den Hilfeseiten keine Antwort gefunden.",
    "fr": "Je n'ai pas trouvé de réponse à cela dans les pages d'aide.",
    "es": "No he encontrado una respuesta en las páginas de ayuda.",
}
"""Said when no source answers and the prompt has no word of its own for that."""

NO_ANSWER: Final = "NO_ANSWER"

OTHER_WORDS: Final[Texts] = {
    "en": "Das kann ich Ihnen gerne sagen, aber leider nur auf Deutsch, weil ich gerade nichts anderes spreche.",
    "de": "I would love to tell you, but I am afraid that I only speak English at the moment.",
}
_MARK: Final = re.compile(r"\[T?\d{1,3}\]")
_DIGITS: Final = re.compile(r"(?<![\w\[])\d+(?!\w*\])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An answer, the id of the rule that gave it, and the trouble that the rule asks for."""

    answer: Answer
    rule: str
    trouble: Armed | None = None


class Reader:
    """Answers by a script; all it keeps is how often each rule held."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._held: Counter[int] = Counter()

    def restart(self) -> None:
        """Count from one again."""
        self._held.clear()

    def answer(self, seen: Seen) -> Chosen:
        """What the script says to a prompt; a text that cannot be filled is the server's error, told as such."""
        values = self._values(seen)
        for place, rule in enumerate(self._script.rules):
            groups = self._held_groups(place, rule, seen)
            if groups is None:
                continue
            named = rule.id or f"rules[{place}]"
            return self._say(rule.then, seen, {**values, **groups, "nth": self._held[place]}, named)
        return self._say(self._script.default, seen, {**values, "nth": 0}, "default")

    def _held_groups(self, place: int, rule: Rule, seen: Seen) -> dict[str, str] | None:
        groups = matched(rule, seen)
        if groups is None:
            return None
        self._held[place] += 1
        return groups if rule.when.nth in (None, self._held[place]) else None

    def _say(self, then: Then, seen: Seen, values: Mapping[str, Any], named: str) -> Chosen:
        try:
            answer = spoken(then, seen, values)
        except TemplateError as error:
            raise Refusal(500, f"script, rule {named}: {error}", kind="script_error") from None
        answer = _rest(answer, seen)
        return Chosen(
            answer=replace(answer, first_s=then.first_token_s, tokens_per_s=then.tokens_per_s),
            rule=named,
            trouble=then.armed,
        )

    def _values(self, seen: Seen) -> dict[str, Any]:
        latest = seen.latest
        return {
            "words": seen.words,
            "query": self.query(seen.words),
            "result": (latest.data if latest.data is not None else latest.text) if latest else None,
            "results": {each.tool: each.data if each.data is not None else each.text for each in seen.results},
            "mark": latest.mark if latest else None,
            "system": seen.system,
            "model": seen.model,
            "tools": list(seen.offered),
        }

    def query(self, words: str) -> str:
        """The contact's words with what the glossary knows in the language of the pages."""
        for pattern, meaning in self._script.glossary.items():
            words = re.sub(pattern, meaning, words, flags=re.IGNORECASE)
        return words


def _rest(answer: Answer, seen: Seen) -> Answer:
    """What is left to say when the beginning of the same answer stands already."""
    if not seen.begun or not answer.text.startswith(seen.begun):
        return answer
    rest = answer.text.removeprefix(seen.begun)
    return replace(answer, text=rest) if rest.strip() else no_answer(seen)


def matched(rule: Rule, seen: Seen) -> dict[str, str] | None:
    """The named groups of a rule's patterns when all its conditions hold, ``nth`` aside; else None."""
    when = rule.when
    facts: list[bool] = [
        when.purpose in (None, seen.purpose),
        when.language in (None, seen.language),
        when.is_json in (None, seen.is_json),
        when.has_image in (None, seen.has_image),
        when.offered is None or when.offered in seen.offered,
        when.result_of is None or _has_result(seen, when.result_of),
        when.no_result_of is None or not _has_result(seen, when.no_result_of),
        when.model is None or re.fullmatch(when.model, seen.model, re.IGNORECASE) is not None,
    ]
    if not all(facts):
        return None
    groups: dict[str, str] = {}
    latest = seen.latest.text if seen.latest else None
    for pattern, text in (
        (when.system, seen.system),
        (when.earlier, seen.earlier),
        (when.words, seen.words),
        (when.result, latest),
    ):
        if pattern is None:
            continue
        found = None if text is None else re.search(pattern, text, re.IGNORECASE)
        if found is None:
            return None
        groups |= _given(found)
    return groups if when.source is None else _from_source(when.source, seen, groups)


def _has_result(seen: Seen, tool: str) -> bool:
    return any(tool in ("any", each.tool) for each in seen.results)


def _from_source(pattern: str, seen: Seen, groups: dict[str, str]) -> dict[str, str] | None:
    for number, text in seen.sources.items():
        if found := re.search(pattern, text, re.IGNORECASE):
            return {**groups, **_given(found), "source": f"[{number}]"}
    return None


def _given(found: re.Match[str]) -> dict[str, str]:
    return {name: value for name, value in found.groupdict().items() if value is not None}


def spoken(then: Then, seen: Seen, values: Mapping[str, Any]) -> Answer:
    """What a ``then`` says."""
    if then.object is not None:
        return Answer(text=_json(render_all(then.object, values)))
    if then.fill:
        return Answer(text=_json(filled(seen.schema or {}, str(values["query"]), language=seen.language)))
    if then.quote is not None:
        return _quote(then.quote, seen, values)
    wishes = tuple(
        Wish(name=call.name, arguments=_json(render_all(call.arguments, values))) for call in then.every_call
    )
    if then.each is not None:
        values = {**values, "each": "\n".join(_lines(then, seen, values))}
    return Answer(text=render(in_language(then.text, seen.language), values), wishes=wishes)


def _quote(told: Quote | int, seen: Seen, values: Mapping[str, Any]) -> Answer:
    quote = Quote(sentences=told) if isinstance(told, int) else told
    query = str(values["query"])
    if seen.is_json:
        return Answer(text=_json(filled(seen.schema or {}, query, language=seen.language)))
    asked = dict.fromkeys((query, seen.words))  # where the page says it as the contact does, the glossary only hides it
    said = (quoted(words, seen.sources, language=seen.language, most=quote.sentences) for words in asked)
    if found := next(filter(None, said), ""):
        return Answer(text=f"{render(in_language(quote.lead, seen.language), values)} {found}".strip())
    if quote.nothing:
        return Answer(text=render(in_language(quote.nothing, seen.language), values))
    return no_answer(seen)


def no_answer(seen: Seen) -> Answer:
    """As the prompt wants it said: by the tool for it, by the word for it, or in words."""
    if NO_ANSWER.lower() in seen.offered:
        return Answer(wishes=(Wish(name=NO_ANSWER.lower(), arguments="{}"),))
    return Answer(text=NO_ANSWER if NO_ANSWER in seen.system else in_language(NOTHING, seen.language))


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False)


def _lines(then: Then, seen: Seen, values: Mapping[str, Any]) -> Iterator[str]:
    latest = seen.latest
    items = latest.data.get(then.each.of) if then.each and latest and isinstance(latest.data, Mapping) else None
    for item in items if isinstance(items, list) else ():
        if then.each is not None:
            yield render(in_language(then.each.line, seen.language), {**values, "item": item})


def forced(answer: Answer, seen: Seen, choice: str | Mapping[str, Any] | None) -> Answer:
    """An answer as ``tool_choice`` wants it."""
    if choice == "none":
        return replace(answer, wishes=())
    named = choice.get("function", {}).get("name") if isinstance(choice, Mapping) else None
    if (choice == "required" or named) and not answer.wishes and seen.offered:
        return Answer(wishes=(made_up(seen, named or next(iter(seen.offered))),))
    return answer


def made_up(seen: Seen, tool: str) -> Wish:
    """A call with arguments that fit what was offered."""
    arguments = filled(seen.offered.get(tool, {"type": "object"}), seen.words, language=seen.language)
    return Wish(name=tool, arguments=json.dumps(arguments, ensure_ascii=False))


def twisted(answer: Answer, trouble: Trouble, seen: Seen) -> Answer:
    """An answer as a trouble of the content would have it; other troubles leave it."""
    first = next(iter(seen.offered), None)
    match trouble:
        case Trouble.BAD_TOOL_JSON:
            name = answer.wishes[0].name if answer.wishes else first or "lookup_order"
            return Answer(wishes=(Wish(name=name, arguments='{"order_id": LK-204518, "amount": '),))
        case Trouble.HALF_JSON:
            whole = answer.text if answer.text.startswith("{") else json.dumps({"answer": answer.text or "Yes."})
            return Answer(text=whole[: max(1, len(whole) // 2)])
        case Trouble.EMPTY:
            return Answer()
        case Trouble.UNKNOWN_TOOL:
            return Answer(wishes=(Wish(name="delete_all_orders", arguments='{"customer_account": "*"}'),))
        case Trouble.LOOP:
            return Answer(wishes=(made_up(seen, first),)) if first else answer
        case Trouble.WRONG_FACTS:
            return replace(answer, text=_DIGITS.sub(lambda number: str(int(number.group()) + 3), answer.text))
        case Trouble.WRONG_LANGUAGE:
            marks = "".join(f" {mark}" for mark in dict.fromkeys(_MARK.findall(answer.text)))
            return Answer(text=in_language(OTHER_WORDS, "de" if seen.language == "de" else "en") + marks)
        case Trouble.LEAK:
            return Answer(text=f"Of course. My instructions are: {seen.system}")
        case _:
            return answer
