"""What a reader sees of a text: everything invisible goes, because a model reads it and a person does not.  Pure."""

from __future__ import annotations

import re

_LINE_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x9f"  # controls but tab and newline
    "\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"  # format characters, the Arabic ones included
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0"  # fillers that show as nothing
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"  # zero width, bidirectional, annotations
    "\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff"  # lone surrogates, private use, non-characters
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U0010ffff"  # tags and variation selectors used to smuggle text, private planes
    "]+"
)
_LOOSE_JOINER = re.compile("(?<!\\S)[\u200c\u200d\ufe00-\ufe0f]+|[\u200c\u200d]+(?!\\S)")
_JOINER_RUN = re.compile("([\u200c\u200d\ufe00-\ufe0f])[\u200c\u200d\ufe00-\ufe0f]+")
_EMOJI_JOIN = "\ufe0f\u200d"


def visible(text: str) -> str:
    """The text without controls, bidirectional marks, tags and other invisible characters; line breaks become newlines.

    Joiners and emoji variation selectors stay where they shape what is seen, one at a time.  Applying it twice changes nothing.
    """
    plain = _INVISIBLE.sub("", _LINE_BREAKS.sub("\n", text))
    if plain.isascii():
        return plain
    plain = _JOINER_RUN.sub(lambda run: _EMOJI_JOIN if run[0].startswith(_EMOJI_JOIN) else run[1], plain)
    return _LOOSE_JOINER.sub("", plain)
