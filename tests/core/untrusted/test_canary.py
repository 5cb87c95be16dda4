from __future__ import annotations

import base64
import codecs
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.guard.canary import LeakDetector
from core.untrusted.canary import canary

MARKER = canary(b"secret", "turn-1")
BARE = MARKER.removeprefix("ref-")


def contains(text: str, marker: str) -> bool:
    return LeakDetector((marker,)).leaked(text) is not None


LOOKALIKE = str.maketrans("aceopx", "асеорх")

DRESSES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in capitals": str.upper,
    "spaced": " ".join,
    "dashed": "-".join,
    "a letter a line": "\n".join,
    "backwards": lambda text: text[::-1],
    "backwards and spaced": lambda text: " ".join(text[::-1]),
    "lookalikes": lambda text: text.translate(LOOKALIKE),
    "full width": lambda text: "".join(chr(ord(ch) + 0xFEE0) if "!" <= ch <= "~" else ch for ch in text),
    "zero width": "\u200b".join,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 amid a text": lambda text: base64.b64encode(f"The id is {text}, keep it".encode()).decode(),
    "base64 for links": lambda text: base64.urlsafe_b64encode(f"??{text}".encode()).decode(),
    "base64 in lines": lambda text: "\n".join(
        base64.b64encode(text.encode()).decode()[at : at + 8] for at in range(0, 40, 8)
    ),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal pairs": lambda text: text.encode().hex(" "),
    "per cent": lambda text: "".join(f"%{ord(ch):02x}" for ch in text),
    "entities": lambda text: "".join(f"&#{ord(ch)};" for ch in text),
    "unicode escapes": lambda text: "".join(f"\\u{ord(ch):04x}" for ch in text),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "first half": lambda text: text[: 4 + 8],
    "second half": lambda text: text[-8:],
}


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("turn", ["turn-1", "t2", "01J9ZZZ"])
def test_a_leak_is_seen_in_any_dress(dress: str, turn: str) -> None:
    marker = canary(b"secret", turn)
    assert contains(f"My notes begin with {DRESSES[dress](marker)} and end.", marker)


def test_another_turns_marker_and_plain_talk_are_no_leak() -> None:
    other = canary(b"secret", "turn-2")
    assert other != MARKER
    for text in (
        other,
        "",
        "Your reference is ref-12345.",
        base64.b64encode(b"a perfectly usual attachment").decode(),
        "ref-",
    ):
        assert not contains(text, MARKER)


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_anything_may_be_asked(text: str) -> None:
    assert not contains(text, MARKER)


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_stands_around_it(before: str, after: str) -> None:
    assert contains(f"{before} {MARKER} {after}", MARKER)


def test_a_marker_looks_like_an_id() -> None:
    assert MARKER.startswith("ref-")
    assert len(BARE) == 16
    assert BARE.isalnum()
    assert canary(b"secret", "turn-1") == MARKER != canary(b"other", "turn-1")
