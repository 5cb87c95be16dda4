"""The wire by properties: however the bytes are cut the answer is the same, and any bytes are an answer or a failure."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.models_settings import Choice
from core.ports.model import ToolCall
from core.providers.models.errors import AttemptFailed, Code, of_body, of_status
from core.providers.models.pricing import tokens_of
from core.providers.models.reading import DONE, Deadlines, Events
from core.providers.models.wire import Assembly, Chunk
from tests.core.providers.models.wire_server import event
from tests.core.providers.models.world import asked

CHOICE = Choice(endpoint="main", model="m")


async def assembled(pieces: list[bytes]) -> tuple[str, Assembly]:
    """The text given out, and the assembly."""

    async def given_out() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    loop = asyncio.get_running_loop()
    later = loop.time() + 60
    events = Events(given_out(), Deadlines(first_at=later, idle_s=60, total_at=later), now=loop.time)
    assembly, text = Assembly(CHOICE, asked(max_tokens=200)), ""
    while (batch := await events.next(is_over=assembly.is_over)) is not None:
        for data in batch:
            if data != DONE:
                text += assembly.take(data)
    return text, assembly


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({place % (len(stream) + 1) for place in places} | {0, len(stream)})
    return [stream[a:b] for a, b in pairwise(marks)]


@settings(max_examples=150)
@given(
    words=st.lists(st.text(max_size=12), max_size=8),
    calls=st.lists(st.tuples(st.text("abc", min_size=1, max_size=5), st.text(max_size=30)), max_size=3),
    places=st.lists(st.integers(0, 10_000), max_size=20),
    ending=st.sampled_from([b"\n\n", b"\r\n\r\n", b"\n: ping\n\n"]),
)
def test_however_the_bytes_are_cut(
    words: list[str], calls: list[tuple[str, str]], places: list[int], ending: bytes
) -> None:
    lines = [event({"content": word}) for word in words]
    for number, (name, arguments) in enumerate(calls):
        half = len(arguments) // 2
        for part, more in ((arguments[:half], {"id": f"i{number}"}), (arguments[half:], {})):
            function = {"arguments": part, **({"name": name} if more else {})}
            lines.append(event({"tool_calls": [{"index": number, "function": function, **more}]}))
    stream = ending.join([*lines, event({}, "stop"), b"data: [DONE]", b""])
    text, assembly = asyncio.run(assembled(cut(stream, places)))
    assert text == "".join(words)
    assert assembly.text == (text if text.strip() else "")
    expected = tuple(ToolCall(id=f"i{n}", name=name, arguments=a) for n, (name, a) in enumerate(calls))
    assert assembly.tool_calls == expected


@settings(max_examples=150)
@given(
    st.lists(
        st.binary(max_size=80) | st.sampled_from([b"data: ", b"\n", b'{"choices":[{"delta":', b"}]}", b"[" * 5000])
    )
)
def test_any_bytes_are_an_answer_or_a_failure(pieces: list[bytes]) -> None:
    try:
        asyncio.run(assembled(pieces))
    except AttemptFailed as error:
        assert error.code in (Code.MALFORMED, Code.SERVER_ERROR)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*Chunk.__struct_fields__, "delta", "content", "tool_calls", "index"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@settings(max_examples=100)
@given(st.lists(JSON, max_size=5))
def test_any_json_is_an_answer_or_a_failure(values: list[Any]) -> None:
    stream = b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)
    try:
        asyncio.run(assembled([stream]))
    except AttemptFailed as error:
        assert isinstance(error.code, Code)


@given(
    JSON,
    st.integers(300, 599),
    st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), st.text(max_size=9)),
)
def test_any_error_body_is_a_constant(body: Any, status: int, headers: dict[str, str]) -> None:
    for failed in (of_status(status, {"error": body}, headers), of_status(status, body, headers), of_body(body)):
        assert isinstance(failed.code, Code)
        assert failed.rest_s is None or 0 <= failed.rest_s <= 300


@given(st.text("abcdefghij klmnop", max_size=400))
def test_estimates_are_never_below_a_token_for_eight_letters(text: str) -> None:
    assert tokens_of(text) >= len(text) / 8
