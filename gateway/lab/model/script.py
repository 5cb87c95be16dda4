"""The script file: ordered rules, what must be true of a prompt and what is then said; mistakes are told with their place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from gateway.lab.model.templates import TemplateError, Texts, check_template, texts_in
from gateway.lab.model.troubles import Armed, Trouble

MAX_SCRIPT_BYTES: Final = 1_048_576


class ScriptError(Exception):
    """The script cannot be used; the message names file, rule and field."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all parts."""


class Model(_Part, frozen=True, kw_only=True):
    """A model that is served; without own pace it has the script's."""

    id: str
    tokens_per_s: float | None = None
    first_token_s: float | None = None


class When(_Part, frozen=True, kw_only=True):
    """Conditions; all that are given must hold.  Patterns are searched, case does not matter, named groups become values."""

    model: str | None = None
    """Pattern that the model's name matches as a whole."""
    purpose: str | None = None
    """What the call is for: ``metadata.purpose``, else the name of the wanted JSON schema."""
    system: str | None = None
    """Pattern in the system prompt."""
    words: str | None = None
    """Pattern in the contact's last words."""
    earlier: str | None = None
    """Pattern in what was said before, by anybody but the system."""
    language: str | None = None
    """The language of the contact's words: en, de, fr, es, pt, it or nl."""
    source: str | None = None
    """Pattern in one of the prompt's sources; ``{{source}}`` is then its mark."""
    offered: str | None = None
    """This tool is offered."""
    result_of: str | None = None
    """This tool (``any``: whichever) has answered since the contact spoke."""
    no_result_of: str | None = None
    """This tool (``any``: none at all) has not answered since the contact spoke."""
    result: str | None = None
    """Pattern in the newest result since the contact spoke."""
    is_json: bool | None = None
    """A JSON object is asked for."""
    has_image: bool | None = None
    """The prompt has a picture."""
    nth: int | None = None
    """All else held for the nth time, counted from one."""


class Call(_Part, frozen=True, kw_only=True):
    """A tool to call."""

    name: str
    arguments: dict[str, Any] = {}


class Quote(_Part, frozen=True, kw_only=True):
    """The sentences of the prompt's sources that fit the question best, each with its mark."""

    sentences: int = 3
    lead: Texts = ""
    """Said before."""
    nothing: Texts = ""
    """Said when no sentence fits."""


class Each(_Part, frozen=True, kw_only=True):
    """A line for each item of a list in the newest result; the lines stand at ``{{each}}``."""

    of: str
    line: Texts


class Then(_Part, frozen=True, kw_only=True):
    """What is answered: ``text``, ``call``/``calls``, ``object``, ``quote`` or ``fill``; or a trouble."""

    text: Texts = ""
    call: Call | None = None
    calls: list[Call] = []
    object: dict[str, Any] | None = None
    """A JSON object, templates in its texts."""
    fill: bool = False
    """A JSON object made up to fit the wanted schema; its questions are the contact's words."""
    quote: Quote | int | None = None
    each: Each | None = None
    trouble: Trouble | Armed | None = None
    first_token_s: float | None = None
    tokens_per_s: float | None = None

    @property
    def every_call(self) -> list[Call]:
        """All tools to call."""
        return [*([self.call] if self.call else []), *self.calls]

    @property
    def armed(self) -> Armed | None:
        """The trouble, with its numbers."""
        return Armed(trouble=self.trouble) if isinstance(self.trouble, Trouble) else self.trouble


class Rule(_Part, frozen=True, kw_only=True):
    """One rule."""

    then: Then
    id: str = ""
    when: When = When()


class Transcript(_Part, frozen=True, kw_only=True):
    """What is said in a recording: the one whose name matches, or whose content has this SHA-256."""

    text: str
    name: str | None = None
    sha256: str | None = None


class Script(_Part, frozen=True, kw_only=True):
    """A whole script."""

    version: int = 1
    keys: list[str] = []
    """Bearer keys that are accepted; none: any key is."""
    models: list[Model | str] = []
    """The models that exist; none: any name does."""
    tokens_per_s: float = 0.0
    """0: as fast as it goes."""
    first_token_s: float = 0.0
    dimension: int = 256
    """Of embeddings."""
    glossary: dict[str, str] = {}
    """Words for ``{{query}}`` and for filled questions: a pattern and what stands for it."""
    transcripts: list[Transcript] = []
    rules: list[Rule] = []
    default: Then = Then(quote=Quote())

    @property
    def served(self) -> dict[str, Model]:
        """The models by name."""
        every = [Model(id=each) if isinstance(each, str) else each for each in self.models]
        return {model.id: model for model in every}


def load_script(path: Path) -> Script:
    """Read a YAML or JSON file."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ScriptError(f"{path}: {error.strerror or 'cannot be read'}") from None
    if len(raw) > MAX_SCRIPT_BYTES:
        raise ScriptError(f"{path}: larger than {MAX_SCRIPT_BYTES} bytes")
    try:
        told = yaml.safe_load(raw)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ScriptError(f"{path}{place}: {error.problem or 'not YAML'}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ScriptError(f"{path}: not YAML") from None
    return read_script(told, name=str(path))


def read_script(told: Any, *, name: str = "script") -> Script:
    """A script from plain values; ``name`` stands before its mistakes."""
    try:
        script = msgspec.convert({} if told is None else told, Script)
    except msgspec.ValidationError as error:
        raise ScriptError(f"{name}: {_place(str(error), told)}") from None
    mistakes = list(_mistakes(script))
    if mistakes:
        raise ScriptError("\n".join(f"{name}: {mistake}" for mistake in mistakes))
    return script


def _place(message: str, told: Any) -> str:
    """msgspec's words, with the id of the rule beside its number."""
    where = re.search(r"\$\.rules\[(\d+)\]", message)
    rules = told.get("rules") if isinstance(told, Mapping) else None
    if where is None or not isinstance(rules, list):
        return message
    rule = rules[int(where.group(1))]
    named = rule.get("id") if isinstance(rule, Mapping) else None
    return f"{message} (rule {named})" if named else message


def _mistakes(script: Script) -> Iterator[str]:
    if script.version != 1:
        yield f"version: {script.version} is not known, only 1 is"
    if not 1 <= script.dimension <= 4_096:
        yield f"dimension: {script.dimension} is not between 1 and 4096"
    for pattern in script.glossary:
        yield from _unusable(f"glossary.{pattern}", pattern)
    for place, transcript in enumerate(script.transcripts):
        if transcript.name is None and transcript.sha256 is None:
            yield f"transcripts[{place}]: needs a name or a sha256"
        yield from _unusable(f"transcripts[{place}].name", transcript.name)
    for place, rule in enumerate(script.rules):
        named = f"rules[{place}]" + (f" ({rule.id})" if rule.id else "")
        groups: set[str] = set()
        for field in PATTERNS:
            pattern = getattr(rule.when, field)
            yield from _unusable(f"{named}.when.{field}", pattern)
            groups.update(_groups(pattern))
        yield from _wrong_then(f"{named}.then", rule.then, groups)
    yield from _wrong_then("default", script.default, set())


PATTERNS: Final = ("model", "system", "words", "earlier", "source", "result")
"""The fields of ``when`` that are patterns."""


def _unusable(place: str, pattern: str | None) -> Iterator[str]:
    try:
        re.compile(pattern or "")
    except re.error as error:
        yield f"{place}: not a pattern: {error}"


def _groups(pattern: str | None) -> Iterator[str]:
    try:
        yield from re.compile(pattern or "").groupindex
    except re.error:
        return


def _wrong_then(place: str, then: Then, groups: set[str]) -> Iterator[str]:
    ways = [
        name
        for name, given in (("object", then.object is not None), ("quote", then.quote is not None), ("fill", then.fill))
        if given
    ]
    if len(ways) + bool(then.text or then.every_call) > 1:
        yield f"{place}: say one of text with calls, object, quote and fill, not several"
    if not ways and not then.text and not then.every_call and then.trouble is None:
        yield f"{place}: says nothing: give text, call, object, quote, fill or trouble"
    known = groups | ({"each"} if then.each else set())
    parts: list[Any] = [then.text, then.object, *(call.arguments for call in then.every_call)]
    if isinstance(then.quote, Quote):
        parts += [then.quote.lead, then.quote.nothing]
    for text in texts_in(parts):
        yield from _wrong_text(place, text, known)
    for text in texts_in([then.each.line] if then.each else []):
        yield from _wrong_text(f"{place}.each.line", text, known | {"item"})


def _wrong_text(place: str, text: str, known: set[str]) -> Iterator[str]:
    try:
        check_template(text, known)
    except TemplateError as error:
        yield f"{place}: {error}"
