"""Streamed Markdown to the pieces the guard checks: sentences, list items, table rows, headings, whole code blocks.  Pure.

A piece is given out as soon as it is certain that no further delta can change where it ends, so the pieces do not depend on how
the text was cut into deltas, and joined they are the text.  White space between two pieces begins the second.  Citation marks
after the full stop (``… days. [1]``) belong to the sentence before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.guard.vocabulary import MONTHS
from core.words import fold, listed

LONGEST = 1_200
"""A longer piece is cut at a clause: a guard that waits for the end of an endless sentence shows nothing."""

LOOKAHEAD = 64
"""What follows a full stop decides whether it ends a sentence; more than this is never waited for."""

_CANDIDATE = re.compile(r"[.!?…。！？｡\n]")
_CLOSERS = re.compile(r"[.!?…。！？｡]*[\"'”’»)\]*_`」』）】]*")
_MARKS = re.compile(r"(?:[ \t]*\[T?\d{1,2}\](?!\())+[.;,*_]*")
_MAY_BE_MARK = re.compile(r"[ \t]*(?:\[T?\d{1,2}\][ \t]*)*(?:\[T?\d{0,2}\]?)?\Z")
_FENCE = re.compile(r"[ \t]{0,3}(`{3,}|~{3,})")
_MAY_BE_FENCE = re.compile(r"[ \t]{0,3}(?:`{0,2}|~{0,2})\Z")
_BLOCK = re.compile(r"[ \t]*(?:[-*+•▪‣–]\s|\d{1,3}[.)]\s|#{1,6}\s|>|\||`{3}|~{3}|-{3,}\s*$|\n|\Z)")
_MAY_BE_BLOCK = re.compile(r"[ \t]*(?:[-*+•▪‣–]|-{1,3}|\d{1,3}[.)]?|#{1,6}|`{1,2}|~{1,2})?\Z")
_WHOLE_LINE = re.compile(r"[ \t]*(?:#{1,6}\s|\|)")
_ITEM_LEAD = re.compile(r"[ \t>]*(?:[-*+•▪‣–][ \t]+)?(?:\*\*)?\d{1,3}[.)]\Z")
_CLAUSE = re.compile(r"[,;:–—，；：、](?=\s)|[，；：、]")
_LAST_WORD = re.compile(r"[^\s(\"'“‘\[*_]*\Z")
_NEXT_WORD = re.compile(r"[^\W\d_]+")
_WIDE = "。！？｡"
_ABBREVIATIONS = listed(
    "e.g i.e eg ie vs approx ca dr mr mrs ms prof inc ltd co corp tel ext dept est z.b u.a d.h o.ä bzw evtl ggf "
    "inkl zzgl abs str vgl p.ex p.e env av mme mlle sr sra srta ud uds vd dott dott.ssa mevr dhr bijv o.a d.w.z "
    "incl excl resp jan feb apr jun jul aug sept oct nov dez okt u.s u.k a.k.a"
)
_BEFORE_FIGURE = listed("no nr nos n.º núm art abs min max fig vol pag pág p.m a.m st")
"""These shorten a word only where a figure follows: "No. 7"."""

OPEN_LINK = 200
"""So far an opened ``[`` keeps a full stop from ending the sentence: it may be the words of a link."""


class SentenceSplitter:
    """Deltas in, pieces out; one splitter for one reply."""

    def __init__(self) -> None:
        self._text = ""
        self._resume = 0
        self._at_line_start = True
        self._fence = ""
        self._is_within = False

    def feed(self, delta: str) -> list[str]:
        """The pieces that are certain now."""
        self._text += delta
        # Most deltas are a word in the middle of a sentence.
        if self._is_within and len(self._text) <= LONGEST and not _CANDIDATE.search(delta):
            return []
        return list(self._pieces(is_final=False))

    def flush(self) -> list[str]:
        """What is left when the text has ended."""
        return list(self._pieces(is_final=True))

    def _pieces(self, *, is_final: bool) -> Iterator[str]:
        while self._text:
            self._is_within = False
            end = self._end(is_final=is_final)
            if end is None:
                return
            piece, self._text = self._text[:end], self._text[end:]
            self._resume = 0
            self._at_line_start = piece.endswith("\n")
            yield piece

    def _end(self, *, is_final: bool) -> int | None:
        """Where the first piece ends, or None while that may still change."""
        start = len(self._text) - len(self._text.lstrip())
        if start == len(self._text):
            return start if is_final or start > LONGEST else None
        head = self._text[:start]
        line = head.rfind("\n") + 1
        begins_line = self._at_line_start or line > 0
        if self._fence:
            return self._code_end(0, is_final=is_final)
        if begins_line:
            first = line if line else 0
            if not is_final and _MAY_BE_FENCE.match(self._text, first):
                return None
            fence = _FENCE.match(self._text, first)
            if fence:
                return self._code_end(fence.end(), is_final=is_final, opener=fence[1])
            if _WHOLE_LINE.match(self._text, first):
                return self._line_end(start, is_final=is_final)
            if not is_final and _MAY_BE_BLOCK.match(self._text, first):
                return None
        return self._sentence_end(start, is_final=is_final)

    def _code_end(self, at: int, *, is_final: bool, opener: str = "") -> int | None:
        """Behind the closing fence; code that is too long is cut at a line."""
        marker = opener or self._fence
        ends = r"(?=\n|\Z)" if is_final else r"(?=\n)"
        close = re.compile(rf"\n[ \t]*{re.escape(marker)}[`~]*[ \t]*{ends}")
        found = close.search(self._text, max(0, at - 1))
        if found and found.end() <= LONGEST * 4:
            self._fence = ""
            return found.end()
        if len(self._text) >= LONGEST * 4 + LOOKAHEAD:
            self._fence = marker
            cut = self._text.rfind("\n", 1, LONGEST * 4)
            return cut if cut > 0 else LONGEST * 4
        return len(self._text) if is_final else None

    def _line_end(self, start: int, *, is_final: bool) -> int | None:
        end = self._text.find("\n", start)
        if 0 <= end <= start + LONGEST:
            return end
        if len(self._text) - start > LONGEST:
            return self._clause(start)
        return len(self._text) if is_final else None

    def _sentence_end(self, start: int, *, is_final: bool) -> int | None:
        text = self._text
        for found in _CANDIDATE.finditer(text, max(start, self._resume)):
            at = found.start()
            if at >= start + LONGEST:
                break
            end = (
                self._line_break(at, is_final=is_final)
                if found[0] == "\n"
                else self._stop(start, at, is_final=is_final)
            )
            if end is None:
                self._resume = at
                return None
            if end:
                return end
        else:
            if len(text) <= start + LONGEST:
                self._resume = max(start, len(text) - 1) if text[-1] in ".!?…。！？｡\n" else len(text)
                self._is_within = not is_final and self._resume == len(text)
                return len(text) if is_final else None
        return self._clause(start)

    def _clause(self, start: int) -> int:
        """The last clause, or word, that ends within the bound."""
        window = self._text[start : start + LONGEST]
        ends = [m.end() for m in _CLAUSE.finditer(window) if m.end() > LONGEST // 4]
        return start + (ends[-1] if ends else max(window.rfind(" "), 0) or LONGEST)

    def _line_break(self, at: int, *, is_final: bool) -> int | None:
        """The end of a line ends a piece unless the next line goes on with the same paragraph; 0: it does not."""
        ahead = self._text[at + 1 : at + 1 + LOOKAHEAD]
        if not is_final and len(ahead) < LOOKAHEAD and _MAY_BE_BLOCK.match(ahead):
            return None
        return at if _BLOCK.match(ahead) or self._closes(at) else 0

    def _closes(self, at: int) -> bool:
        """Whether the words before this place end with a colon: what follows is a line of its own."""
        return self._text[:at].rstrip(" *_").endswith((":", "："))

    def _stop(self, start: int, at: int, *, is_final: bool) -> int | None:
        """Where the sentence ends whose full stop stands here; 0: it is none, None: not certain yet."""
        text = self._text
        end = _CLOSERS.match(text, at + 1).end()  # type: ignore[union-attr]  # matches the empty string too
        ahead = text[end : end + LOOKAHEAD]
        is_certain = is_final or len(ahead) == LOOKAHEAD
        if not is_certain and _MAY_BE_MARK.match(ahead):
            return None
        marks = _MARKS.match(ahead)
        if marks:
            if marks.end() == len(ahead) and not is_certain:
                return None
            return end + marks.end()
        if text.rfind("[", max(start, at - OPEN_LINK), at) > text.rfind("]", start, at):
            return 0
        if text[at] in _WIDE or not ahead:
            return end
        if not ahead[0].isspace():
            return 0
        following = ahead.lstrip(" \t")
        if not following and not is_certain:
            return None
        if text[at] == "." and following[:1].islower():
            return 0
        if text[at] == "." and end == at + 1:
            return self._full_stop(start, at, end, following, is_certain=is_certain)
        return end

    def _full_stop(self, start: int, at: int, end: int, following: str, *, is_certain: bool) -> int | None:
        before = _LAST_WORD.search(self._text, start, at)
        last = before[0].lower() if before else ""
        if _ITEM_LEAD.match(self._text[start : at + 1]):
            return 0
        if following.startswith("\n"):
            return end
        if last in _ABBREVIATIONS or (last in _BEFORE_FIGURE and following[:1].isdigit()):
            return 0
        if len(last) == 1 and last.isalpha():
            return 0
        if last.isdigit() and len(last) <= 2:
            if before and self._text[start : before.start()].rstrip().endswith((":", ";")):
                return 0
            word = _NEXT_WORD.match(following)
            if word and word.end() == len(following) and not is_certain:
                return None
            return 0 if word and fold(word[0]) in MONTHS else end
        return end
