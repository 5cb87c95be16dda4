"""OpenAI's wire format for chats: a request's body, and the pieces of a streamed answer put together.

Pure.  Pieces are decoded by msgspec and not by the vendor package, whose typed events cost some 200 µs for each token.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from core.models_settings import Choice, SchemaSupport
from core.ports.model import Finish, Image, ModelRequest, PromptMessage, Speaker, ToolCall
from core.providers.models.errors import AttemptFailed, Code, of_body
from core.providers.models.structured import asked_in_prompt, response_format

CHARS_PER_TOKEN: Final = 8
"""No tokenizer averages more; an answer beyond its limit times this does not mean to end."""

MOST_TOOL_CALLS: Final = 16
LONGEST_NAME: Final = 200

FINISHES: Final[Mapping[str, Finish]] = {
    "stop": Finish.STOP,
    "length": Finish.LENGTH,
    "tool_calls": Finish.TOOL_CALLS,
    "function_call": Finish.TOOL_CALLS,
    "content_filter": Finish.FILTERED,
}
"""An unknown word is a stop: the server says that it is done."""


class Function(msgspec.Struct):
    """Part of a tool call; some servers send the arguments as an object."""

    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class ToolDelta(msgspec.Struct):
    """A piece of a tool call; some servers number none of them."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None


class Delta(msgspec.Struct):
    """What is new; thinking comes under either name, and is never shown."""

    content: str | None = None
    refusal: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolDelta] | None = None


class Alternative(msgspec.Struct):
    """The one answer we ask for."""

    delta: Delta | None = None
    finish_reason: str | None = None


class Counts(msgspec.Struct):
    """Tokens as the server counts them."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Chunk(msgspec.Struct):
    """One event of a stream."""

    choices: list[Alternative] | None = None
    usage: Counts | None = None
    error: Any = None


_CHUNK: Final = msgspec.json.Decoder(Chunk)


def chat_body(choice: Choice, request: ModelRequest) -> dict[str, Any]:
    """The body of a streamed chat completion."""
    messages = [_message(message) for message in request.messages]
    body: dict[str, Any] = {**choice.extra, "model": choice.model, "messages": messages, "stream": True}
    if choice.counts:
        body["stream_options"] = {"include_usage": True}
    if choice.reasons:
        body["max_completion_tokens"] = most_tokens(choice, request)
        if choice.effort:
            body["reasoning_effort"] = choice.effort
    else:
        body["max_tokens"] = request.max_tokens
        body["temperature"] = request.temperature if choice.temperature is None else choice.temperature
    if request.tools and choice.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in request.tools
        ]
    if request.schema is not None:
        if choice.structured is SchemaSupport.NATIVE:
            body["response_format"] = response_format(request.purpose, request.schema)
        else:
            _ask(messages, asked_in_prompt(request.schema))
    return body


def _ask(messages: list[dict[str, Any]], wish: str) -> None:
    """Put a wish into the system message: many chat templates take none but the first."""
    if messages and messages[0]["role"] == Speaker.SYSTEM.value:
        messages[0]["content"] += f"\n\n{wish}"
    else:
        messages.insert(0, {"role": Speaker.SYSTEM.value, "content": wish})


def most_tokens(choice: Choice, request: ModelRequest) -> int:
    """What an answer may have, thinking included."""
    return request.max_tokens + (choice.thinking_tokens if choice.reasons else 0)


def _message(message: PromptMessage) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.speaker.value, "content": message.text}
    if message.images:
        text = [{"type": "text", "text": message.text}] if message.text else []
        wire["content"] = [*text, *({"type": "image_url", "image_url": {"url": _data_url(i)}} for i in message.images)]
    if message.tool_calls:
        wire["content"] = message.text or None
        wire["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
    return wire


def _data_url(image: Image) -> str:
    return f"data:{image.media_type};base64,{b64encode(image.content).decode()}"


class _Call:
    """A tool call that grows."""

    __slots__ = ("arguments", "id", "name")

    def __init__(self, id: str, name: str) -> None:
        self.id = id
        self.name = name
        self.arguments: list[str] = []


class Assembly:
    """A streamed answer put together; bounded, however long the stream is.

    ``is_alive`` tells that the last event brought something of the model: what keeps a connection warm does not count.
    ``is_over``: the server said why it stopped; ``is_cut``: we stop listening, it does not mean to end.
    ``has_words``: there is text that is not blank.
    """

    def __init__(self, choice: Choice, request: ModelRequest) -> None:
        self.finish: Finish | None = None
        self.counts: Counts | None = None
        self.is_alive = False
        self.is_over = False
        self.is_cut = False
        self.heard = 0
        self.events = 0
        self._room = most_tokens(choice, request) * CHARS_PER_TOKEN
        self._spoken_room = request.max_tokens * CHARS_PER_TOKEN
        self._texts: list[str] = []
        self.has_words = False
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    def take(self, data: bytes) -> str:
        """The text that one event adds; raises ``AttemptFailed``."""
        try:
            chunk = _CHUNK.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            chunk = None
        if chunk is None:
            raise AttemptFailed(Code.MALFORMED)
        if chunk.error is not None:
            raise of_body(chunk.error)
        self.is_alive = False
        self.events += 1
        if chunk.usage is not None:
            self.counts = chunk.usage
        text = ""
        for alternative in chunk.choices or ():
            if alternative.delta is not None:
                text += self._delta(alternative.delta)
            if alternative.finish_reason:
                self.is_alive = self.is_over = True
                self.finish = self.finish or FINISHES.get(alternative.finish_reason, Finish.STOP)
        return text

    def _delta(self, delta: Delta) -> str:
        thought = delta.reasoning_content or delta.reasoning
        if thought:
            self._hear(len(thought))
        if delta.refusal:
            # The vendor's own words for "I will not": never ours to a contact.
            self._hear(len(delta.refusal))
            self.finish = Finish.FILTERED
        for piece in delta.tool_calls or ():
            self._tool(piece)
        text = delta.content or ""
        if text:
            text = text[: max(0, self._spoken_room)]
            self._spoken_room -= len(text)
            self._texts.append(text)
            self.has_words = self.has_words or not text.isspace()
            self._hear(len(text))
            if self._spoken_room <= 0:
                self._cut()
        return text

    def _tool(self, piece: ToolDelta) -> None:
        function = piece.function or Function()
        call = self._call_of(piece, function.name)
        arguments = function.arguments
        if arguments is None:
            self._hear(1)
            return
        text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
        text = text[: max(0, self._room)]
        call.arguments.append(text)
        self._hear(len(text) or 1)

    def _call_of(self, piece: ToolDelta, name: str | None) -> _Call:
        """The call a piece belongs to: by its number, or else to the last one unless it begins another."""
        known = self._calls[-1] if self._calls else None
        if piece.index is not None:
            known = self._by_index.get(piece.index)
        begins = name is not None and piece.id is not None and known is not None and known.id != piece.id
        if known is None or begins:
            if len(self._calls) >= MOST_TOOL_CALLS:
                raise AttemptFailed(Code.MALFORMED)
            known = _Call((piece.id or f"call_{len(self._calls) + 1}")[:LONGEST_NAME], (name or "")[:LONGEST_NAME])
            self._calls.append(known)
            if piece.index is not None:
                self._by_index[piece.index] = known
        elif name and not known.name:
            known.name = name[:LONGEST_NAME]
        return known

    def _hear(self, chars: int) -> None:
        self.is_alive = True
        self.heard += chars
        self._room -= chars
        if self._room <= 0:
            self._cut()

    def _cut(self) -> None:
        self.is_cut = True
        self.finish = self.finish or Finish.LENGTH

    @property
    def text(self) -> str:
        """All text so far; "" while it is blank."""
        text = "".join(self._texts)
        return text if self.has_words else ""

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """All calls so far, in the order they began."""
        return tuple(ToolCall(id=c.id, name=c.name, arguments="".join(c.arguments)) for c in self._calls)

    @property
    def is_empty(self) -> bool:
        """Whether the model said nothing at all."""
        return not self._calls and not self.has_words
