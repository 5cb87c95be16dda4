"""The guard of one reply: each sentence of a model, once it is complete, before the contact sees it.  Pure but for its memory.

In order: leaks and abuse; personal data nobody gave (redacted in place); what the operator forbids; promises; links; then
whether the sentence stands on what it cites.  Every rule is a small function of its own; this file is the order they go in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from core.guard.canary import LeakDetector
from core.guard.dates import Fact, month_reading
from core.guard.facts import facts
from core.guard.factual import is_factual
from core.guard.findings import MAX_FINDINGS, Checked, Evidence, Finding, finding
from core.guard.known import PREFIX, Known, contradicted, known, supported
from core.guard.links import is_vouched, wrong_links
from core.guard.misplaced import misplaced
from core.guard.names import Name, names
from core.guard.pii import Pii, find, replaced
from core.guard.plain import MARK, TOOL_MARK, content_words, folded, plain, tongue
from core.guard.promises import HONEST, unbacked
from core.guard.sayings import forbidden, unsafe
from core.guard.settings import GuardSettings, Level, SayingThen, Strictness

MAX_CHARS = 6_000
"""A longer piece than the splitter makes is held back unread."""

MIN_GROUNDED_WORDS = 4
LEAST_OWN = 12
"""A sentence of our own may be said again; fewer letters stand in any text by chance."""

_CODE = re.compile(r"\s*(?:`{3,}|~{3,})")
_TABLE_RULE = re.compile(r"\s*\|?[\s:|-]+\|?\s*\Z")
_ECHO_ONLY_NORMAL = frozenset(("price", "percent", "duration", "date", "time"))
_NO_FACT = frozenset(("count",))

Grounding = Callable[[str, Sequence[str]], float]


@dataclass(frozen=True, slots=True)
class _Read:
    """A sentence taken apart once for all rules."""

    markdown: str
    text: str
    language: str
    cited: tuple[str, ...]
    sources: tuple[str, ...]
    is_code: bool
    facts: tuple[Fact, ...]
    names: tuple[Name, ...]


class SentenceGuard:
    """Checks the sentences of one reply, in order.

    ``canaries`` are words only the prompt knows, and the fixed instructions themselves.  ``backed`` names the objects this
    turn has made or found ("handoff", "callback", "refund", "return" …).  ``grounding`` scores a sentence against texts.
    ``language`` is the reply's, for sentences too short to tell.
    """

    def __init__(
        self,
        settings: GuardSettings,
        evidence: Evidence,
        *,
        canaries: tuple[str, ...] = (),
        backed: frozenset[str] = frozenset(),
        grounding: Grounding | None = None,
        grounding_threshold: float = 0.5,
        language: str = "en",
    ) -> None:
        self._settings = settings
        self._evidence = evidence
        self._backed = backed
        self._grounding = grounding
        self._threshold = settings.grounding_threshold or grounding_threshold
        self._language = language
        self._leaks = LeakDetector(canaries)
        self._ours = (evidence.own, evidence.said)
        self._given = (*evidence.sources.values(), *evidence.tools.values())

    def remember(self, shown: str) -> None:
        """What the contact has read of this reply before this guard was made: a leak may be spread over both."""
        if shown:
            self._leaks.released(shown)

    def check(self, sentence: str) -> Checked:
        """Whether the sentence may be shown, and how; sentences come in the order of the reply."""
        if not sentence.strip():
            return Checked(text=sentence, findings=(), is_released=True)
        checked = self._check(sentence)
        if checked.is_released:
            self._leaks.released(checked.text)
        return checked

    def _check(self, sentence: str) -> Checked:
        if len(sentence) > MAX_CHARS:
            return _held([finding("too_long", sentence)])
        stopped = list(self._leaked(sentence)) or list(self._unsafe(sentence))
        if self._blocks(stopped):
            return _held(stopped)
        markdown, private = self._without_foreign_pii(sentence)
        read = self._read(markdown)
        found = [*stopped, *private]
        said = self._sayings(read, found)
        if said is not None:
            return said
        promise = self._promises(read, found)
        if promise is not None:
            return promise
        found += [*self._links(read), *self._citations(read), *self._support(read)]
        if not self._blocks(found):
            found += self._misplaced(read)
        found += self._grounded(read)
        if self._blocks(found):
            return _held(found)
        return Checked(text=TOOL_MARK.sub("", markdown), findings=tuple(found[:MAX_FINDINGS]), is_released=True)

    def _blocks(self, found: Sequence[Finding]) -> bool:
        return any(self._level(one.rule) is Level.HOLD and one.rule != "foreign_pii" for one in found)

    def _level(self, rule: str) -> Level:
        levels = self._settings.levels
        match rule:
            case "no_citation" | "ungrounded" | "link" | "promise" | "foreign_pii" | "unsafe":
                level: Level = getattr(levels, rule)
                return level
            case "unsupported_name":
                return levels.names
            case "misplaced_name" if levels.names is not Level.HOLD and levels.misplaced is Level.HOLD:
                return levels.names
            case _ if rule.startswith("unsupported_"):
                return levels.unsupported
            case _ if rule.startswith("misplaced_"):
                return levels.misplaced
            case _:
                return Level.HOLD

    def _leaked(self, sentence: str) -> Iterator[Finding]:
        leaked = self._leaks.leaked(sentence, known=(*self._given, *self._ours))
        if leaked:
            yield finding("canary", leaked)

    def _unsafe(self, sentence: str) -> Iterator[Finding]:
        if self._level("unsafe") is not Level.OFF:
            word = unsafe(sentence, self._settings.unsafe_words)
            if word:
                yield finding("unsafe", word)

    def _without_foreign_pii(self, sentence: str) -> tuple[str, list[Finding]]:
        """The sentence without personal data that neither the contact nor any evidence gave; findings name kinds, not data."""
        level = self._level("foreign_pii")
        if level is Level.OFF:
            return sentence, []
        foreign = [pii for pii in find(sentence) if not self._is_given(pii)]
        found = [finding("foreign_pii", pii.kind) for pii in foreign]
        return (replaced(sentence, foreign) if level is Level.HOLD else sentence), found

    def _is_given(self, pii: Pii) -> bool:
        texts = (*self._ours, *self._given)
        if pii.kind in ("email", "link", "ip"):
            pattern = re.compile(rf"(?<![\w.+-]){re.escape(pii.canonical)}(?![\w-]|\.\w)")
            return any(pattern.search(text.casefold()) for text in texts)
        bare = pii.canonical.lstrip("0")
        return any(bare in re.sub(r"[^\dA-Za-z]", "", text).upper() for text in texts)

    def _read(self, markdown: str) -> _Read:
        text = plain(markdown)
        language = tongue(text, self._language)
        is_code = bool(_CODE.match(markdown))
        cited = () if is_code else tuple(self._cited(markdown))
        wants_names = self._level("unsupported_name") is not Level.OFF and not is_code
        return _Read(
            markdown=markdown,
            text=text,
            language=language,
            cited=cited,
            sources=tuple(text for text in cited if text not in self._evidence.tools.values()),
            is_code=is_code,
            facts=facts(text, language),
            names=tuple(names(text, language, is_cited=bool(cited))) if wants_names else (),
        )

    def _cited(self, markdown: str) -> Iterator[str]:
        """The texts of the known citations of a sentence."""
        for tool, number in dict.fromkeys(MARK.findall(markdown)):
            text = self._evidence.tools.get(f"T{number}") if tool else self._evidence.sources.get(int(number))
            if text is not None:
                yield text

    def _sayings(self, read: _Read, found: list[Finding]) -> Checked | None:
        for rule, said in forbidden(read.text, self._settings.sayings, backed=self._backed):
            found.append(finding("policy", f"{rule.id}: {said}"))
            if rule.then is SayingThen.REPLACE and rule.say:
                return _rewritten(read.markdown, rule.say, found)
            return _held(found, hands_over=rule.then is SayingThen.HAND_OVER)
        return None

    def _promises(self, read: _Read, found: list[Finding]) -> Checked | None:
        """A promise nothing stands behind becomes the honest sentence; each such sentence is said in its place."""
        level = self._level("promise")
        if level is Level.OFF or read.is_code:
            return None
        broken = list(unbacked(read.text, read.language, backed=self._backed, cited=read.cited))
        found += [finding("promise", f"{kind}: {shown}") for kind, shown in broken]
        if not broken or level is not Level.HOLD:
            return None
        honest = self._settings.promises.get(read.language) or HONEST.get(read.language, HONEST["en"])
        return _rewritten(read.markdown, honest, found)

    def _links(self, read: _Read) -> Iterator[Finding]:
        if self._level("link") is not Level.OFF and not read.is_code:
            texts = [known(text).text for text in (read.cited or self._given)] + [known(self._evidence.own).text]
            for target in wrong_links(read.markdown, evidence=texts, allowed=self._settings.links):
                yield finding("link", target)

    def _citations(self, read: _Read) -> Iterator[Finding]:
        if not read.is_code:
            for tool, number in MARK.findall(read.markdown):
                is_known = f"T{number}" in self._evidence.tools if tool else int(number) in self._evidence.sources
                if not is_known:
                    yield finding("unknown_citation", f"[{tool}{number}]")
        if self._level("no_citation") is not Level.OFF and self._lacks_citation(read):
            yield finding("no_citation", read.text)

    def _lacks_citation(self, read: _Read) -> bool:
        if read.cited or read.is_code or _TABLE_RULE.match(read.markdown):
            return False
        if len(read.text) >= LEAST_OWN and folded(read.text) in known(self._evidence.own).text:
            return False
        states = bool(self._unsupported(read, self._ours))
        strictness = self._settings.strictness
        if strictness is Strictness.LENIENT and not self._unsupported(read, (*self._given, *self._ours)):
            return False
        return is_factual(
            read.markdown,
            read.text,
            said=self._evidence.said,
            language=read.language,
            states=states,
            is_strict=strictness is Strictness.STRICT,
            addressed=frozenset(name.forms[0] for name in read.names),
        )

    def _support(self, read: _Read) -> Iterator[Finding]:
        """Facts and names that do not stand in what the sentence cites; without a citation, nowhere in this turn."""
        if self._level("unsupported_number") is Level.OFF:
            return
        texts = (*read.cited, *self._echoed(read)) if read.cited else (*self._given, *self._ours)
        for rule, shown in self._unsupported(read, texts):
            yield finding(rule, shown)

    def _is_strict_about(self, read: _Read) -> bool:
        """In strict mode what the contact said proves no price, share, duration, date or time."""
        is_strict = self._settings.strictness is Strictness.STRICT
        return is_strict and any(fact.kind in _ECHO_ONLY_NORMAL for fact in read.facts)

    def _unsupported(self, read: _Read, texts: Sequence[str]) -> list[tuple[str, str]]:
        evidence = [known(text) for text in texts if text]
        said = frozenset(word[:PREFIX] for word in content_words(read.text, read.language))
        low = folded(read.text)
        shared = [said & text.prefixes.keys() for text in evidence] if read.facts else []
        wrong = [
            (f"unsupported_{fact.kind if fact.kind != 'count' else 'number'}", fact.shown)
            for fact in read.facts
            if not self._is_vouched(fact)
            and (not supported(fact, evidence, shared, len(read.text)) or contradicted(fact, low, evidence))
        ]
        return wrong + [("unsupported_name", name.word) for name in read.names if not _is_known(name, evidence)]

    def _misplaced(self, read: _Read) -> Iterator[Finding]:
        """Facts that the cited sources hold of something else; what a tool, the contact or we say needs no place in them."""
        if not read.sources or self._level("misplaced_") is Level.OFF:
            return
        tools = tuple(text for text in read.cited if text not in read.sources)
        echoed = [known(text) for text in (*tools, *self._echoed(read)) if text]
        names = None if self._level("misplaced_name") is Level.OFF else read.names
        found = misplaced(read.text, read.language, read.facts, names, sources=read.sources, echoed=echoed)
        for kind, shown in found:
            yield finding(f"misplaced_{kind}", shown)

    def _echoed(self, read: _Read) -> tuple[str, ...]:
        return (self._evidence.own,) if self._is_strict_about(read) else self._ours

    def _is_vouched(self, fact: Fact) -> bool:
        return fact.kind == "url" and is_vouched(fact.shown, self._settings.links)

    def _grounded(self, read: _Read) -> Iterator[Finding]:
        if self._grounding is None or not read.cited or self._level("ungrounded") is Level.OFF:
            return
        if len(read.text.split()) >= MIN_GROUNDED_WORDS:
            score = self._grounding(read.text, read.cited)
            if score < self._threshold:
                yield finding("ungrounded", f"{score:.2f}")


def _is_known(name: Name, evidence: Sequence[Known]) -> bool:
    """Whether the name stands in any text, or is a month of one of its dates, or runs two of its words together."""
    if any(form in text.words for text in evidence for form in name.forms):
        return True
    month = month_reading(name.word)
    if month is not None and any(month in text.readings for text in evidence):
        return True
    first = name.forms[0]
    return len(first) >= 6 and any(first in text.text.replace(" ", "").replace("-", "") for text in evidence)


def _held(found: Sequence[Finding], *, hands_over: bool = False) -> Checked:
    return Checked(text="", findings=tuple(found[:MAX_FINDINGS]), is_released=False, hands_over=hands_over)


def _rewritten(markdown: str, instead: str, found: Sequence[Finding]) -> Checked:
    """Our own sentence in the place of theirs: with the white space before it, so that the reply still reads as one."""
    before = markdown[: len(markdown) - len(markdown.lstrip())]
    return Checked(text=before + instead, findings=tuple(found[:MAX_FINDINGS]), is_released=True)
