"""Words and their pieces, as BERT's uncased vocabularies cut them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

ASCII_WORDS = re.compile(r"[a-z0-9]+|[!-/:-@\[-`{-~]")
ASCII_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
REMEMBERED_TOKENS = 60_000
LONGEST_REMEMBERED = 40


class WordPiece:
    """Texts to ids of a vocabulary (one piece a line, ``##`` continues a word); thread-safe.

    Lower case and without accents; ASCII punctuation and symbols, Unicode punctuation and CJK characters stand alone; a word
    that cannot be cut into known pieces has no ids.  Tokens seen before are looked up: 60 000 of them take about 12 MB.
    """

    def __init__(self, vocabulary: str) -> None:
        pieces = vocabulary.split("\n")
        self._ids = {piece: at for at, piece in enumerate(pieces) if piece}
        self._longest = max(map(len, pieces))
        self._seen: dict[str, Sequence[int]] = {}

    def ids(self, text: str) -> list[int]:
        """The ids of all pieces, in order."""
        lowered = text.lower()
        if not lowered.isascii():
            lowered = ASCII_CONTROLS.sub("", lowered)
        found: list[int] = []
        seen = self._seen
        for token in lowered.split():
            known = seen.get(token)
            found += self._learn(token) if known is None else known
        return found

    def _learn(self, token: str) -> Sequence[int]:
        ids = tuple(piece for word in _words(token) for piece in self._cut(word))
        if len(token) <= LONGEST_REMEMBERED:
            if len(self._seen) >= REMEMBERED_TOKENS:
                self._seen = {}
            self._seen[token] = ids
        return ids

    def _cut(self, word: str) -> list[int]:
        """Longest known piece first; nothing when a rest is left."""
        cut: list[int] = []
        start, mark = 0, ""
        while start < len(word):
            for end in range(min(len(word), start + self._longest), start, -1):
                piece = self._ids.get(mark + word[start:end])
                if piece is not None:
                    break
            else:
                return []
            cut.append(piece)
            start, mark = end, "##"
        return cut


def _words(token: str) -> list[str]:
    """The words of a lower-case token without white space."""
    if token.isascii():
        return ASCII_WORDS.findall(token)
    words: list[str] = []
    open_word = ""
    for char in unicodedata.normalize("NFD", token):
        category = unicodedata.category(char)
        if category in {"Mn", "Cc", "Cf"} or char == "\ufffd":
            continue
        if _stands_alone(char, category):
            words += [open_word, char]
            open_word = ""
        else:
            open_word += char
    return [word for word in (*words, open_word) if word]


def _stands_alone(char: str, category: str) -> bool:
    if char.isascii():
        return not char.isalnum()
    return (
        category[0] == "P"
        or "\u4e00" <= char <= "\u9fff"
        or "\u3400" <= char <= "\u4dbf"
        or "\uf900" <= char <= "\ufaff"
    )
