"""From quotes that passed the guard to the reply: our own words around them, the citation marks, the choices.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

from core.domain import Citation, HandoffReason
from core.markup import escape
from core.ports.engine import HandoffRequest, Reply
from core.ports.knowledge import Chunk, Passage
from core.settings import Decision, EngineSettings, Sentiment, Smalltalk
from core.steps.answer import Run, citation
from core.steps.gate import Gate
from core.steps.understand import Understanding
from core.steps.units import Unit, UnitKind
from core.steps.verdict import Verdict
from core.texts import named, text

PATH_SEPARATOR = " › "
MAX_CHOICES = 3
MAX_CHOICE_CHARS = 80
_LEAD = re.compile(r"(?P<indent> *)(?P<mark>-|\d+\.) ")

_DETAILS = {
    HandoffReason.ASKED: "The customer asked for a person.",
    HandoffReason.NO_ANSWER: "The knowledge base has no answer to this.",
    HandoffReason.HIGH_STAKES: "The message touches a high-stakes topic.",
    HandoffReason.SENTIMENT: "The customer sounds fed up.",
    HandoffReason.UNRESOLVED: "Several turns did not solve it.",
    HandoffReason.POLICY: "A policy rule asks for a person.",
    HandoffReason.OUTAGE: "The assistant could not look anything up.",
    HandoffReason.DEAD_LETTER: "The assistant failed on this message.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """What the turn says and asks for; ``parts`` joined are the reply's text, each released by itself.

    ``is_shown``: the contact has read it already, as it was made.  ``notes`` are private words for the desk.
    """

    parts: tuple[str, ...] = ()
    reply: Reply | None = None
    handoff: HandoffRequest | None = None
    is_resolved_step: bool = False
    is_shown: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Around:
    """Our own words: before and after the quotes, and what goes with the reply."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    proposal: HandoffReason | None = None


def compose(
    verdict: Verdict,
    runs: Sequence[Run],
    passages: Sequence[Passage],
    *,
    gated: Gate,
    understood: Understanding,
    settings: EngineSettings,
    company: str = "",
) -> Composed:
    """The reply of a verdict; a verdict to answer without a quote that holds says honestly that it does not know.

    ``company`` is the name that customers know, "" where nobody gave one.
    """
    say = partial(text, language=understood.language, overrides=settings.texts)
    if not gated.speaks:
        return _spoken(_Around(), runs, passages) if runs else Composed()
    if verdict.decision is Decision.HAND_OVER:
        return _handing_over(verdict, say)
    if verdict.smalltalk is not None and verdict.decision is Decision.ANSWER:
        spoken = _spoken(_talking(verdict, verdict.smalltalk, company, understood.language, say), (), ())
        return replace(spoken, is_resolved_step=True)
    if verdict.decision is Decision.CLARIFY:
        return _spoken(_clarifying(verdict, passages, say), (), ())
    if not runs or verdict.reason is HandoffReason.NO_ANSWER:
        return _spoken(_not_knowing(verdict, gated, understood, say), (), ())
    spoken = _spoken(_answering(verdict, runs, say), runs, passages)
    return replace(spoken, is_resolved_step=verdict.reason is None)


def _handing_over(verdict: Verdict, say: partial[str]) -> Composed:
    """The notice of the handoff is the house's own; only what it does not tell is said before it."""
    reason = verdict.reason or HandoffReason.POLICY
    own = {HandoffReason.OUTAGE: "outage", HandoffReason.SENTIMENT: "sorry"}.get(reason)
    words = verdict.say or (say(own) if own else None)
    spoken = _spoken(_Around(before=(words,)), (), ()) if words else Composed()
    detail = f"{_DETAILS[reason]} ({'; '.join(verdict.because)})"
    return replace(spoken, handoff=HandoffRequest(reason=reason, detail=detail))


def _talking(verdict: Verdict, kind: Smalltalk, company: str, language: str, say: partial[str]) -> _Around:
    """Who is told that a bot answers can have a person instead; other small talk offers nothing."""
    words = verdict.say or say(kind)
    if kind is not Smalltalk.ABOUT:
        return _Around(before=(words,))
    return _Around(before=(named(words, escape(company), language),), choices=(say("person"),))


def _clarifying(verdict: Verdict, passages: Sequence[Passage], say: partial[str]) -> _Around:
    titles = dict.fromkeys(p.chunk.title.strip() for p in passages[:10])
    choices = tuple(title for title in titles if 0 < len(title) <= MAX_CHOICE_CHARS)[:MAX_CHOICES]
    if len(choices) < 2:
        return _Around(before=(verdict.say or say("clarify_open"),), choices=(say("person"),))
    return _Around(before=(verdict.say or say("clarify"),), choices=(*choices, say("person")))


def _not_knowing(verdict: Verdict, gated: Gate, understood: Understanding, say: partial[str]) -> _Around:
    unread = say("voice_note" if gated.only_voice else "attachment") if not gated.text and gated.unread else None
    words = unread or verdict.say or say("no_answer")
    reason = verdict.reason or HandoffReason.NO_ANSWER
    sorry = (say("sorry"),) if understood.sentiment is Sentiment.NEGATIVE and not verdict.say else ()
    return _Around(before=(*sorry, words), choices=(say("person"),), proposal=reason)


def _answering(verdict: Verdict, runs: Sequence[Run], say: partial[str]) -> _Around:
    more = (say("more"),) if any(run.is_cut for run in runs) else ()
    lead = (verdict.say or say("found"),)
    if verdict.reason is None:
        return _Around(before=lead, after=more)
    sorry = (say("sorry"),) if verdict.reason is HandoffReason.SENTIMENT else ()
    return _Around(
        before=(*sorry, *lead), after=(*more, say("offer")), choices=(say("person"),), proposal=verdict.reason
    )


def _spoken(around: _Around, runs: Sequence[Run], passages: Sequence[Passage]) -> Composed:
    numbers: dict[int, int] = {}
    for run in runs:
        numbers.setdefault(run.passage, len(numbers) + 1)
    quoted: list[tuple[str, str]] = []
    for order, run in enumerate(runs):
        chunk = passages[run.passage].chunk
        is_first = not order or runs[order - 1].passage != run.passage
        quoted += _headed(_parts(run, numbers[run.passage], order), run, chunk if is_first else None)
    parts = tuple(_joined([*_paragraph(around.before), *quoted, *_paragraph(around.after)]))
    reply = Reply(
        text="".join(parts),
        citations=tuple(_citations(runs, passages, numbers)),
        choices=around.choices,
        proposal=around.proposal,
    )
    return Composed(parts=parts, reply=reply)


def _citations(runs: Sequence[Run], passages: Sequence[Passage], numbers: dict[int, int]) -> Iterator[Citation]:
    """One citation per passage, quoting its best run."""
    for passage, number in numbers.items():
        best = max((run for run in runs if run.passage == passage), key=lambda run: run.score)
        yield citation(number, passages[passage].chunk, best)


def _paragraph(words: tuple[str, ...]) -> list[tuple[str, str]]:
    return [("\n\n" if n == 0 else " ", part) for n, part in enumerate(words)]


def _joined(parts: list[tuple[str, str]]) -> Iterator[str]:
    """Each part behind what divides it from the one before."""
    for number, (joint, part) in enumerate(parts):
        yield (joint if number else "") + part


def _headed(parts: Iterator[tuple[str, str]], run: Run, chunk: Chunk | None) -> Iterator[tuple[str, str]]:
    """A quote below its heading: "Norway" means something else under "Not possible at the moment"."""
    words = chunk.heading.rpartition(PATH_SEPARATOR)[2].strip(" :#") if chunk is not None else ""
    if not words or chunk is None or words == chunk.title:
        yield from parts
        return
    heading = f"**{escape(words)}{'' if words.endswith(('?', '!', '.')) else ':'}**"
    _, first = next(parts)
    joint = " " if run.units[0].kind is UnitKind.SENTENCE else "\n\n"
    yield "\n\n", f"{heading}{joint}{first}"
    yield from parts


def _parts(run: Run, number: int, order: int) -> Iterator[tuple[str, str]]:
    """The units of a run; the mark stands behind its last sentence, or its last item when it has none."""
    leads = [unit.lead for unit in run.units if unit.kind is UnitKind.ITEM]
    margin = min((len(lead) - len(lead.lstrip(" ")) for lead in leads), default=0)
    shown = [_shown(unit.markdown, unit.kind, margin, order) for unit in run.units]
    sentences = [n for n, unit in enumerate(run.units) if unit.kind is UnitKind.SENTENCE]
    items = [n for n, unit in enumerate(run.units) if unit.kind is UnitKind.ITEM]
    marked = (sentences or items or [-1])[-1]
    if marked >= 0:
        shown[marked] += f" [{number}]"
    joints = ["\n\n", *(_joint(before, after) for before, after in pairwise(run.units))]
    yield from zip(joints, shown, strict=True)
    if marked < 0:
        yield "\n\n", f"[{number}]"


def _joint(before: Unit, after: Unit) -> str:
    if before.kind is UnitKind.SENTENCE and after.kind is UnitKind.SENTENCE:
        return " " if before.block == after.block else "\n\n"
    is_list = before.kind is UnitKind.ITEM and after.kind is UnitKind.ITEM
    return "\n" if is_list and before.block == after.block else "\n\n"


def _shown(markdown: str, kind: UnitKind, margin: int, order: int) -> str:
    """A unit's Markdown; lists begin at the margin, and neighbouring ones differ in their marks so that they stay apart."""
    lead = _LEAD.match(markdown) if kind is UnitKind.ITEM else None
    if lead is None:
        return markdown
    mark = lead["mark"] if order % 2 == 0 else lead["mark"].replace("-", "*").replace(".", ")")
    return f"{' ' * (len(lead['indent']) - margin)}{mark} {markdown[lead.end() :]}"
