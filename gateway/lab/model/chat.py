"""``chat/completions``: an answer as one JSON body or as a stream, and the troubles of the wire."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.lab.model.pacing import Stream
from gateway.lab.model.troubles import Armed, Trouble
from gateway.lab.model.wire import Answer, Wish, pieces, usage

STALL_S: Final = 600.0
TOKENS_BEFORE: Final = 5
ENDLESS_TOKENS: Final = 100_000
"""Even endless ends: a caller that reads so much has no bound."""

ENDLESS_WHOLE: Final = 20_000
"""Tokens of an endless answer that does not stream."""

ENDLESS_WORDS: Final = "and so on and on it goes without an end "
DONE: Final = b"data: [DONE]\n\n"
_BATCH: Final = 1_000


class Broken(Exception):
    """The connection is to be broken here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer with all that its wire form needs."""

    id: str
    model: str
    answer: Answer
    prompt_tokens: int
    most_tokens: int | None
    wants_usage: bool
    trouble: Armed | None

    @property
    def said(self) -> list[str]:
        """The pieces of the text, no more than the caller wants."""
        every = pieces(self.answer.text)
        most = _tokens(self.trouble) if self._kind is Trouble.FILTERED else self.most_tokens
        return every if most is None else every[:most]

    @property
    def finish(self) -> str:
        """Why it ended."""
        if self._kind is Trouble.FILTERED:
            return "content_filter"
        if self.most_tokens is not None and len(pieces(self.answer.text)) > self.most_tokens:
            return "length"
        return self.answer.finish or ("tool_calls" if self.answer.wishes else "stop")

    @property
    def counted(self) -> dict[str, int]:
        """The usage."""
        calls = sum(1 + len(pieces(wish.arguments)) for wish in self.answer.wishes)
        return usage(self.prompt_tokens, len(self.said) + calls)

    @property
    def _kind(self) -> Trouble | None:
        return self.trouble.trouble if self.trouble else None


def whole(reply: Reply) -> dict[str, Any]:
    """The body of an answer that does not stream."""
    if reply.trouble and reply.trouble.trouble is Trouble.ENDLESS:
        endless = (ENDLESS_WORDS * (1 + ENDLESS_WHOLE // 10)).strip()
        reply = replace(reply, answer=Answer(text=endless), most_tokens=None)
    calls = [_call(f"call_{reply.id}_{at}", wish) for at, wish in enumerate(reply.answer.wishes)]
    text = "".join(reply.said)
    message: dict[str, Any] = {"role": "assistant", "content": text if text or not calls else None, "refusal": None}
    if calls:
        message["tool_calls"] = calls
    return {
        "id": f"chatcmpl-{reply.id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": reply.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish}],
        "usage": reply.counted,
    }


def _call(name: str, wish: Wish) -> dict[str, Any]:
    return {"id": name, "type": "function", "function": {"name": wish.name, "arguments": wish.arguments}}


async def stream(reply: Reply, out: Stream) -> None:
    """Stream an answer; ``Broken`` where the connection is to be cut."""
    frames = _Frames(reply)
    await out.open()
    kind = reply.trouble.trouble if reply.trouble else None
    if kind is Trouble.ENDLESS:
        await _endless(frames, out)
    body = list(frames.body())
    if kind in (Trouble.CUT, Trouble.STALL) and reply.trouble:
        before = min(_tokens(reply.trouble) + 1, len(body))
        await out.send(body[:before])
        if kind is Trouble.CUT:
            raise Broken
        await out.hold(STALL_S if reply.trouble.seconds is None else reply.trouble.seconds)
        body = body[before:]
    await out.send(body)
    await out.write(b"".join(frames.end()))
    await out.response.write_eof()


async def _endless(frames: _Frames, out: Stream) -> None:
    told = pieces(ENDLESS_WORDS)
    await out.send([frames.opening()])
    for _ in range(ENDLESS_TOKENS // _BATCH):
        await out.send([frames.text(told[at % len(told)]) for at in range(_BATCH)])
    raise Broken


def _tokens(trouble: Armed | None) -> int:
    return TOKENS_BEFORE if trouble is None or trouble.tokens is None else trouble.tokens


class _Frames:
    """The events of one answer; what is the same in each is written once."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        about = {
            "id": f"chatcmpl-{reply.id}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": reply.model,
        }
        rest: dict[str, Any] = {"usage": None} if reply.wants_usage else {}
        self._about = {**about, **rest}
        self._head = "data: " + _json(self._about)[:-1] + ',"choices":[{"index":0,"delta":{"content":'
        self._tail = '},"logprobs":null,"finish_reason":null}]}\n\n'

    def body(self) -> Iterator[bytes]:
        """Everything up to the last word."""
        yield self.opening()
        for piece in self._reply.said:
            yield self.text(piece)
        for at, wish in enumerate(self._reply.answer.wishes):
            opened = _call(f"call_{self._reply.id}_{at}", Wish(name=wish.name, arguments=""))
            yield self._delta({"tool_calls": [{"index": at, **opened}]})
            for piece in pieces(wish.arguments):
                yield self._delta({"tool_calls": [{"index": at, "function": {"arguments": piece}}]})

    def opening(self) -> bytes:
        """The first chunk: the role."""
        return self._delta({"role": "assistant", "content": "", "refusal": None})

    def text(self, piece: str) -> bytes:
        """A chunk of text."""
        return f"{self._head}{json.dumps(piece)}{self._tail}".encode()

    def end(self) -> Iterator[bytes]:
        """The reason, the usage when it was asked for, and the end mark."""
        yield self._event([{"index": 0, "delta": {}, "logprobs": None, "finish_reason": self._reply.finish}])
        if self._reply.wants_usage:
            yield self._event([], usage=self._reply.counted)
        yield DONE

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return self._event([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}])

    def _event(self, choices: list[Any], **more: Any) -> bytes:
        return f"data: {_json({**self._about, 'choices': choices, **more})}\n\n".encode()


def _json(told: Any) -> str:
    return json.dumps(told, separators=(",", ":"))
