"""From a model's stream to the contact's eyes, sentence by sentence, each only after it passed the guard.

Marks are numbered anew in the order in which they appear; which source a mark stands for is durable before the text that
shows it, so that an attempt after a crash goes on with the same numbers.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final, Protocol

from core.conversing.controls import NO_ANSWER, SENTINEL
from core.conversing.courtesy import Courtesy
from core.guard.findings import Checked, Finding
from core.guard.splitting import SentenceSplitter
from core.ports.engine import Journal, ReplySink
from core.steps import language as languages

MARK: Final = re.compile(r"(?<!\\)\[(\d{1,2})\]")
TOOL_MARK: Final = re.compile(r"\s?(?<!\\)\[T\d{1,2}\]")
LANGUAGE_CHARS: Final = 40
"""A text this long tells its language."""


class Guard(Protocol):
    """Checks one sentence before anybody sees it."""

    def check(self, sentence: str) -> Checked:
        """The sentence as it may be shown, or why it may not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A sentence that was not released, and why."""

    sentence: str
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class Release:
    """What of an answer has been released so far.

    ``text`` is what the contact reads, ``raw`` the same in the model's own numbering, ``marks`` the source behind each of our
    numbers (source number → ours).  ``wanted`` is the language the answer must be in, among ``known``.  ``shown`` is what an
    earlier attempt showed: as long as ``text`` is a beginning of it, nothing new is shown.
    """

    guard: Guard
    journal: Journal
    sink: ReplySink
    wanted: str
    known: tuple[str, ...]
    speaks: bool
    shown: str = ""
    on_first: Callable[[], None] = lambda: None
    courtesy: Courtesy = field(default_factory=Courtesy)
    text: str = ""
    raw: str = ""
    marks: dict[int, int] = field(default_factory=dict)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    _splitter: SentenceSplitter = field(default_factory=SentenceSplitter)
    _joins: bool = False
    _new: list[tuple[int, int]] = field(default_factory=list)

    @property
    def is_behind(self) -> bool:
        """Whether an earlier attempt had shown more than this one has made so far."""
        return len(self.text.rstrip()) < len(self.shown) and self.shown.startswith(self.text.rstrip())

    async def catch_up(self) -> bool:
        """Go on after what an earlier attempt showed; False when it is not known what its marks stood for."""
        shown = self.shown
        self.text = self.raw = shown
        for number in sorted({int(n) for n in MARK.findall(shown)}):
            known = await self.journal.recorded(f"cited.{number}")
            if known is None:
                return False
            self.marks[int(known["source"])] = number
        ours = {number: source for source, number in self.marks.items()}
        self.raw = MARK.sub(lambda found: f"[{ours[int(found[1])]}]", shown)
        return True

    def begin(self) -> None:
        """A new stream of the same answer follows."""
        self._splitter = SentenceSplitter()
        self._joins = self.has_text

    async def feed(self, piece: str) -> Held | None:
        """Take a piece of the stream; the first sentence that may not be shown, and nothing after it."""
        sentences = self._splitter.feed(piece)
        return await self._all(sentences) if sentences else None

    async def finish(self) -> Held | None:
        """The stream is over."""
        return await self._all(self._splitter.flush())

    async def _all(self, sentences: Sequence[str]) -> Held | None:
        """Sentences that came together are shown together, by one durable write."""
        held, said = None, len(self.text)
        for sentence in sentences:
            if self.has_text:
                await self.courtesy.wait()
            held = self._one(sentence)
            if held is not None:
                break
        if self.text[said:].strip():
            await self._show()
        return held

    def _one(self, sentence: str) -> Held | None:
        if not sentence.strip():
            self.text += sentence if self.text else ""
            self.raw += sentence if self.raw else ""
            return None
        if sentence.strip(" \n.`*\"'") == SENTINEL:
            return Held(sentence=sentence, findings=(Finding(NO_ANSWER, ""),))
        before = perf_counter()
        checked = self.guard.check(sentence)
        findings = checked.findings
        is_released = checked.is_released
        if is_released and not self._is_in_wanted_language(checked.text):
            findings, is_released = (*findings, Finding("language", self.wanted)), False
        self._record(findings, is_released, perf_counter() - before)
        if not is_released:
            return Held(sentence=sentence, findings=findings)
        self._add(checked.text, sentence)
        return None

    def _is_in_wanted_language(self, sentence: str) -> bool:
        said = f"{self.text} {sentence}"
        if len(self.known) < 2 or len(said) < LANGUAGE_CHARS or len(self.text) > 4 * LANGUAGE_CHARS:
            return True
        return languages.detect(TOOL_MARK.sub("", MARK.sub("", said)), self.known, otherwise=self.wanted) == self.wanted

    def _add(self, checked: str, sentence: str) -> None:
        joint = " " if self._joins and not self.text[-1:].isspace() and not checked[:1].isspace() else ""
        self._joins = False
        shown = joint + checked if self.text else checked.lstrip()
        for number in dict.fromkeys(int(n) for n in MARK.findall(shown)):
            if number not in self.marks:
                self.marks[number] = len(self.marks) + 1
                self._new.append((self.marks[number], number))
        is_first = not self.text.strip()
        self.text += MARK.sub(lambda found: f"[{self.marks[int(found[1])]}]", shown)
        self.raw += joint + sentence if self.raw else sentence.lstrip()
        if is_first:
            self.on_first()

    async def _show(self) -> None:
        new, self._new = self._new, []
        if not self.speaks or self.shown.startswith(self.text.rstrip()):
            return
        # Together, so that they become durable by one write; a failure is raised as it is, and nothing is left running.
        marks = (self.journal.record(f"cited.{ours}", {"source": source}) for ours, source in new)
        for ended in await asyncio.gather(*marks, return_exceptions=True):
            if ended is not None:
                raise ended
        # Only now: an attempt that finds the text but not what its marks stand for could not go on with it.
        await self.sink.show(self.text.rstrip())

    def _record(self, findings: Sequence[Finding], is_released: bool, seconds: float) -> None:
        self.verdicts.append(
            {
                "released": is_released,
                "ms": round(seconds * 1000, 3),
                "findings": [{"rule": finding.rule, "detail": finding.detail} for finding in findings],
            }
        )

    @property
    def has_text(self) -> bool:
        """Whether the contact has read anything of it."""
        return bool(self.text.strip())

    def sources(self) -> Mapping[int, int]:
        """Our number → the source's number, as far as the text uses them."""
        used = {int(n) for n in MARK.findall(self.text)}
        return {ours: source for source, ours in self.marks.items() if ours in used}
