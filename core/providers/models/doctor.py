"""``frontdesk doctor`` for models: is every choice reachable, is its key taken, does it do what the YAML says it does?

Goes past breakers and budgets, one call at a time, a few hundred tokens for each choice.  Findings hold ids, constants and names
of models; never a key, and never the server's own words.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Final

from core.models_settings import Choice, SchemaSupport
from core.ports.channel import Finding, Level
from core.ports.model import Image, ModelRequest, ModelRole, PromptMessage, Speaker, ToolOffer
from core.providers.models import structured
from core.providers.models.attempt import Attempt
from core.providers.models.client import Clients
from core.providers.models.errors import AttemptFailed, Code
from core.providers.models.lines import Line
from core.providers.models.media import Media
from core.providers.models.routing import within
from core.providers.models.wire import Assembly

LISTING_S: Final = 5.0
FIRST_S: Final = 20.0
"""A model on one's own machine may have to be loaded first."""

SHOWN: Final = 8
LONGEST_MODEL: Final = 60
MOST_TOKENS: Final = 64

SHAPE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}
TOOL: Final = ToolOffer(name="note", description="Writes down a word.", parameters=SHAPE)

MENDS: Final[dict[Code, str]] = {
    Code.AUTH: "check `key` of the endpoint, and that it may use this model",
    Code.NOT_FOUND: "check the model's name and the endpoint's `base_url`",
    Code.CONNECTION: "check `base_url`, and that this machine reaches it (is a `proxy` needed?)",
    Code.RATE_LIMITED: "wait, or raise the limit or quota at the vendor",
    Code.SERVER_ERROR: "the server is in trouble: look at its own status or log",
    Code.TIMEOUT_FIRST: "the model needs longer than 20 s to begin: is it being loaded, or the machine too small?",
    Code.TIMEOUT_IDLE: "the model stalls: look at the server",
    Code.TIMEOUT_TOTAL: "the model is slow: raise `total_s`, or take a smaller one",
    Code.MALFORMED: "is `base_url` the address of an OpenAI-compatible API, up to and with /v1?",
    Code.CUT: "something between here and the model cuts streams: look at proxies",
    Code.EMPTY: "the model says nothing: a thinking model needs `reasons: true`, and enough `thinking_tokens`",
    Code.FILTERED: "the endpoint's content filter refuses a harmless sentence: look at its settings",
    Code.REFUSED: "the server does not take the request: try `reasons: true`, `counts: false`, or less in `extra`",
}


@dataclass(slots=True)
class Doctor:
    """Examines choices; ``offered`` remembers what each endpoint lists."""

    clients: Clients
    media: Media
    offered: dict[str, tuple[str, ...] | AttemptFailed] = field(default_factory=dict)

    async def examine(self, lines: Iterable[tuple[ModelRole, int, Line]]) -> tuple[Finding, ...]:
        """All findings, in the YAML's order; never raises for what it finds."""
        found: list[Finding] = []
        for role, number, line in lines:
            found += await self._choice(role, number, line)
        return tuple(found)

    async def _choice(self, role: ModelRole, number: int, line: Line) -> list[Finding]:
        name = f"role {role.value}, choice {number}"
        try:
            match role:
                case ModelRole.EMBED:
                    return [await self._embeds(name, line)]
                case ModelRole.TRANSCRIBE:
                    await self.media.transcription("silence.wav", "audio/wav", silence())(line)
                    return [_good(name, f"{line.choice.model} at {line.choice.endpoint} transcribes")]
                case _:
                    return await self._chats(name, role, line.choice)
        except AttemptFailed as error:
            return [await self._bad(name, line.choice, error)]

    async def _embeds(self, name: str, line: Line) -> Finding:
        choice = line.choice
        vectors, _ = await self.media.embedding(("one", "two"))(_undeclared(line))
        size = len(vectors[0])
        if choice.dimension is not None and size != choice.dimension:
            return Finding(
                check="model",
                level=Level.FAILURE,
                what=f"{name}: {choice.model} gives vectors of {size} numbers, `dimension` says {choice.dimension}",
                mend=f"write `dimension: {size}`, or take the model you meant",
            )
        return _good(name, f"{choice.model} at {choice.endpoint} gives vectors of {size} numbers")

    async def _chats(self, name: str, role: ModelRole, choice: Choice) -> list[Finding]:
        if role is ModelRole.VISION:
            await self._said(choice, _asked("What colour is this?", image=square()))
            return [_good(name, f"{choice.model} at {choice.endpoint} takes pictures")]
        await self._said(choice, _asked("Say the word yes."))
        found = [_good(name, f"{choice.model} at {choice.endpoint} answers")]
        if choice.tools:
            found += await self._tools(name, choice)
        if choice.structured is SchemaSupport.NATIVE:
            found += await self._shapes(name, choice)
        if choice.sees:
            found += await self._sees(name, choice)
        return found

    async def _tools(self, name: str, choice: Choice) -> list[Finding]:
        request = _asked("Call the tool note with the word yes. Do not answer in words.", tools=(TOOL,))
        try:
            called = (await self._said(choice, request)).tool_calls
        except AttemptFailed as error:
            return [
                _warned(name, f"{choice.model} fails when tools are offered ({error.code.value})", "`tools: false`")
            ]
        if not any(call.name == TOOL.name and structured.read(call.arguments, SHAPE)[0] for call in called):
            return [_warned(name, f"{choice.model} did not call a tool it was told to call", "`tools: false`")]
        return [_good(name, f"{choice.model} calls tools")]

    async def _shapes(self, name: str, choice: Choice) -> list[Finding]:
        request = _asked("Give the word yes as JSON.", schema=SHAPE)
        try:
            text = (await self._said(choice, request)).text
        except AttemptFailed as error:
            what = f"{choice.model} fails when a JSON shape is asked for ({error.code.value})"
            return [_warned(name, what, "`structured: prompt`")]
        if structured.read(text, SHAPE)[0] is None:
            return [_warned(name, f"{choice.model} does not keep to the JSON shape asked for", "`structured: prompt`")]
        return [_good(name, f"{choice.model} keeps to a JSON shape")]

    async def _sees(self, name: str, choice: Choice) -> list[Finding]:
        try:
            await self._said(choice, _asked("What colour is this?", image=square()))
        except AttemptFailed as error:
            return [_warned(name, f"{choice.model} does not take a picture ({error.code.value})", "`sees: false`")]
        return [_good(name, f"{choice.model} takes pictures")]

    async def _said(self, choice: Choice, request: ModelRequest) -> Assembly:
        attempt = Attempt(choice, request, self.clients, FIRST_S)
        async with aclosing(attempt.pieces()) as pieces:
            async for _ in pieces:
                pass
        return attempt.assembly

    async def _bad(self, name: str, choice: Choice, error: AttemptFailed) -> Finding:
        mend = MENDS.get(error.code, "look at the endpoint")
        if error.code is Code.NOT_FOUND:
            mend = await self._names(choice, mend)
        if error.parameter is not None:
            mend = f"it refuses the field `{error.parameter}`; {mend}"
        what = f"{name}: the endpoint {choice.endpoint} says {error.code.value} for the model '{choice.model}'"
        return Finding(check="model", level=Level.FAILURE, what=what, mend=mend)

    async def _names(self, choice: Choice, mend: str) -> str:
        """The mend for an unknown name, with what the endpoint lists."""
        offered = await self._offered(choice.endpoint)
        if not offered:
            return mend
        near = get_close_matches(choice.model, offered, n=SHOWN, cutoff=0.6)
        shown = [name[:LONGEST_MODEL] for name in (near or offered)[:SHOWN]]
        return f"check the name; it offers: {', '.join(shown)}{' …' if len(offered) > len(shown) else ''}"

    async def _offered(self, endpoint: str) -> tuple[str, ...]:
        if endpoint not in self.offered:
            try:
                self.offered[endpoint] = await within(LISTING_S, Code.TIMEOUT_TOTAL, self.clients.models(endpoint))
            except AttemptFailed as error:
                self.offered[endpoint] = error
        listed = self.offered[endpoint]
        return () if isinstance(listed, AttemptFailed) else tuple(n for n in listed if n.isprintable())


def _asked(
    text: str, *, tools: tuple[ToolOffer, ...] = (), schema: dict[str, Any] | None = None, image: Image | None = None
) -> ModelRequest:
    said = PromptMessage(speaker=Speaker.CONTACT, text=text, images=(image,) if image else ())
    return ModelRequest(purpose="doctor", messages=(said,), tools=tools, schema=schema, max_tokens=MOST_TOKENS)


def _good(name: str, what: str) -> Finding:
    return Finding(check="model", level=Level.OK, what=f"{name}: {what}")


def _warned(name: str, what: str, setting: str) -> Finding:
    return Finding(
        check="model", level=Level.WARNING, what=f"{name}: {what}", mend=f"write {setting}, or take another model"
    )


def _undeclared(line: Line) -> Line:
    """The line without its promise of a dimension, so that the true one can be told."""
    return Line(replace(line.choice, dimension=None), line.breaker)


def silence() -> bytes:
    """A quarter of a second of nothing, as WAV."""
    rate, samples = 8_000, 2_000
    sound = bytes(samples * 2)
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(sound), b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return head + struct.pack("<4sI", b"data", len(sound)) + sound


def square() -> Image:
    """A small blue picture."""

    def part(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    side = 64
    rows = zlib.compress((b"\0" + b"\x20\x40\xc0" * side) * side)
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")
    return Image(media_type="image/png", content=png)
