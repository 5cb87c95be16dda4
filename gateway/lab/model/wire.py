"""OpenAI's JSON, as much of it as a caller of models sends and reads (checked against the API reference, 2026-11)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from aiohttp import web

_PIECE: Final = re.compile(r"\s*\S{1,6}|\s+\Z")


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """A tool as it is offered."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] = {}


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """One of ``tools``."""

    function: Function
    type: str = "function"


class CalledFunction(msgspec.Struct, frozen=True, kw_only=True):
    """What was called, with its arguments as they were written."""

    name: str
    arguments: str = ""


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """A call that the model made earlier."""

    id: str
    function: CalledFunction
    type: str = "function"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a message: text, or a picture."""

    type: str = "text"
    text: str = ""


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the prompt."""

    role: str
    content: str | list[Part] | None = None
    tool_calls: list[Called] | None = None
    tool_call_id: str | None = None
    name: str | None = None

    @property
    def text(self) -> str:
        """The words of its parts."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.text)
        return self.content or ""

    @property
    def has_image(self) -> bool:
        """Whether one of its parts is a picture."""
        return isinstance(self.content, list) and any(part.type == "image_url" for part in self.content)


class JsonSchema(msgspec.Struct, frozen=True, kw_only=True):
    """A wanted shape and its name."""

    name: str = ""
    schema: dict[str, Any] = {}


class ResponseFormat(msgspec.Struct, frozen=True, kw_only=True):
    """``text``, ``json_object`` or ``json_schema``."""

    type: str = "text"
    json_schema: JsonSchema | None = None


class StreamOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a stream."""

    include_usage: bool | None = None


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of ``chat/completions``; fields that change nothing here are not read."""

    messages: list[ChatMessage]
    model: str = ""
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: list[Offered] | None = None
    tool_choice: str | dict[str, Any] | None = None
    response_format: ResponseFormat | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    metadata: dict[str, str] | None = None


class EmbeddingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of ``embeddings``."""

    input: str | list[str]
    model: str = ""
    dimensions: int | None = None
    encoding_format: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A call that the stand-in makes; ``arguments`` is text and need not be JSON."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the stand-in says and calls."""

    text: str = ""
    wishes: tuple[Wish, ...] = ()
    first_s: float | None = None
    tokens_per_s: float | None = None
    finish: str | None = None


class Refusal(Exception):
    """An error in OpenAI's own form."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}

    def response(self) -> web.Response:
        """The error as it is sent."""
        return web.json_response(self.body, status=self.status, headers=self.headers)


def decode(body: bytes, shape: type[Any]) -> Any:
    """A request's body; a mistake becomes the API's 400."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise Refusal(400, f"Invalid request: {error}") from None
    except msgspec.DecodeError:
        raise Refusal(400, "We could not parse the JSON body of your request.") from None


def pieces(text: str) -> list[str]:
    """A text in the pieces in which it streams: words, long ones cut; joined they are the text."""
    return _PIECE.findall(text)


def usage(prompt: int, completion: int) -> dict[str, int]:
    """The counts of a call."""
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def tokens_of(request: ChatRequest) -> int:
    """About how many tokens a prompt has: four characters each."""
    letters = sum(len(message.text) + 12 for message in request.messages)
    return 1 + (letters + sum(len(str(tool.function.parameters)) for tool in request.tools or ())) // 4
