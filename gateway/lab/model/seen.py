"""What the stand-in reads out of a prompt: who said what, which sources and results stand in it, what is wanted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.words import STEMMERS, stop_words, words
from gateway.lab.model import fences
from gateway.lab.model.wire import ChatRequest

_OWN: Final = {code: {w for w in stop_words(code) if len(w) > 1 or code == "en"} for code in STEMMERS}

LANGUAGES: Final = {
    "english": "en",
    "german": "de",
    "french": "fr",
    "spanish": "es",
    "portuguese": "pt",
    "italian": "it",
    "dutch": "nl",
}
_WANTED: Final = re.compile(rf"\b(?:write|answer|reply|respond) in ({'|'.join(LANGUAGES)})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a tool answered; ``data`` is its JSON, else None; ``mark`` is how a sentence cites it."""

    tool: str
    text: str
    data: Any
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A prompt, read.  ``results`` and ``latest`` are since the contact last spoke; ``every_text`` leaves the system out."""

    model: str
    system: str
    purpose: str
    words: str
    earlier: str
    language: str
    sources: Mapping[int, str]
    results: tuple[Result, ...]
    offered: Mapping[str, Mapping[str, Any]]
    schema: Mapping[str, Any] | None
    is_json: bool
    has_image: bool
    every_text: tuple[str, ...]
    called: tuple[tuple[str, str], ...]
    """The calls in the prompt since the contact spoke: name and arguments."""
    begun: str
    """What the model itself has already said to these words: the rest is wanted."""

    @property
    def latest(self) -> Result | None:
        """The newest result."""
        return self.results[-1] if self.results else None


def read(request: ChatRequest) -> Seen:
    """Read a prompt."""
    system = "\n\n".join(m.text for m in request.messages if m.role in ("system", "developer"))
    spoken = [m for m in request.messages if m.role not in ("system", "developer")]
    last = _last_words(request)
    said = fences.words_of_contact(spoken[last].text) if last is not None else ""
    before = spoken[:last] if last is not None else []
    earlier = "\n".join(fences.bare(m.text) for m in before if m.text)
    shape = request.response_format
    schema = shape.json_schema if shape else None
    return Seen(
        model=request.model,
        system=system,
        purpose=(request.metadata or {}).get("purpose") or (schema.name if schema else ""),
        words=said,
        earlier=earlier,
        language=_wanted_language(system) or language_of(said) or language_of(earlier) or "en",
        sources=fences.sources(system, *(m.text for m in spoken)),
        results=_results(request, last),
        offered={tool.function.name: tool.function.parameters for tool in request.tools or ()},
        schema=schema.schema if schema else None,
        is_json=shape is not None and shape.type != "text",
        has_image=any(message.has_image for message in request.messages),
        every_text=_every_text(system, [m.text for m in spoken if m.text]),
        called=_called(request, last),
        begun=_begun(request, last),
    )


def _wanted_language(system: str) -> str | None:
    """The language that the system prompt asks for by name."""
    found = _WANTED.search(system)
    return LANGUAGES[found.group(1).lower()] if found else None


def _every_text(system: str, spoken: Sequence[str]) -> tuple[str, ...]:
    """All that others wrote: every message, fence by fence, and what is fenced in the system prompt."""
    texts = [block.text for block in fences.blocks(system)]
    for text in spoken:
        known = fences.blocks(text)
        texts += [block.text for block in known]
        texts.append(fences.outside(text, known))
    return tuple(text for text in texts if text)


def _begun(request: ChatRequest, last: int | None) -> str:
    spoken = [m for m in request.messages if m.role not in ("system", "developer")]
    since = spoken[(last or 0) + 1 :]
    return "".join(m.text for m in since if m.role == "assistant" and not m.tool_calls).strip()


def _last_words(request: ChatRequest) -> int | None:
    """The place, among messages that are not the system's, of the last in which the contact says something."""
    spoken = [m for m in request.messages if m.role not in ("system", "developer")]
    for place in range(len(spoken) - 1, -1, -1):
        if spoken[place].role == "user" and fences.words_of_contact(spoken[place].text):
            return place
    return None


def _results(request: ChatRequest, last: int | None) -> tuple[Result, ...]:
    """Tools' messages since the contact spoke, and results that are fenced in the messages since (and with) their words."""
    names = {call.id: call.function.name for m in request.messages for call in m.tool_calls or ()}
    spoken = [m for m in request.messages if m.role not in ("system", "developer")]
    found: list[Result] = []
    for message in spoken[last or 0 :]:
        known = [block for block in fences.blocks(message.text) if block.kind in fences.TOOL_KINDS]
        if message.role == "tool":
            block = known[0] if known else None
            name = names.get(message.tool_call_id or "", message.name or "")
            text = block.text if block else fences.bare(message.text)
            found.append(_result(name, text, (block.number if block else None) or len(found) + 1))
        elif message.role == "user":
            for block in known:
                found.append(_result(_name_in(block.label, names), block.text, block.number or len(found) + 1))
    return tuple(found)


def _result(tool: str, text: str, number: int) -> Result:
    """A result; its JSON may stand between the caller's own remarks."""
    data = None
    if (start := text.find("{")) >= 0:
        try:
            data, _ = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError):
            data = None
    return Result(tool=tool, text=text, data=data, mark=f"[T{number}]")


def _name_in(label: str, names: Mapping[str, str]) -> str:
    """The tool's name in a fence's label: a name that was called, else a word with an underscore, else ""."""
    said = label.replace('"', " ").replace("=", " ").split()
    known = set(names.values())
    return next((word for word in said if word in known), next((word for word in said if "_" in word), ""))


def _called(request: ChatRequest, last: int | None) -> tuple[tuple[str, str], ...]:
    spoken = [m for m in request.messages if m.role not in ("system", "developer")]
    since = spoken[last or 0 :]
    return tuple((call.function.name, call.function.arguments) for m in since for call in m.tool_calls or ())


def language_of(text: str) -> str | None:
    """The language with the most of its small words in a text; None when there is none of any."""
    said = words(text)
    counts = {code: sum(word in own for word in said) for code, own in _OWN.items()}
    best = max(counts, key=lambda code: (counts[code], code == "en"))
    return best if counts[best] else None
