"""Knowledge gaps: questions that nothing could be answered to or that went to people, as a ranked list.  Pure.

Questions come redacted (``gateway.unanswered``), and so do agents' answers (``core.candidates``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core import ids
from core.candidates import Candidate
from core.ports.embedding import Embedder
from kb_sync.gaps.clustering import MOST, alike_from, centre, clusters, likeness
from kb_sync.text import one_line

TITLE_CHARS = 100
EXAMPLES = 5
TAKEN = "taken"
"""The reason of an episode that an agent took without being asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a contact asked, redacted; ``reason`` is a ``HandoffReason`` or why else it went to people.

    ``is_waiting``: the contact waits for a person right now.  ``resolution`` is what an agent answered in that episode.
    """

    conv: str
    episode: int
    text: str
    reason: str
    asked_at: datetime
    language: str | None = None
    is_waiting: bool = False
    resolution: Candidate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Questions that are one and the same; ``title`` is the one most like all the others.

    ``count`` counts episodes, ``waiting`` those of them in which somebody waits for a person now; ``reasons`` count the
    questions, most frequent first.  ``resolutions`` are what agents answered, newest first.
    """

    id: str
    title: str
    count: int
    waiting: int
    newest_at: datetime
    oldest_at: datetime
    reasons: tuple[tuple[str, int], ...]
    examples: tuple[Question, ...]
    language: str | None = None
    resolutions: tuple[Candidate, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class GapList:
    """Gaps, the most pressing first: by count, by people waiting, by the newest question.

    ``questions`` is how many were looked at, ``left_out`` how many older ones were too many for one list.
    """

    gaps: tuple[Gap, ...]
    questions: int
    left_out: int = 0


def ranked(questions: Sequence[Question], candidates: Sequence[Candidate], embedder: Embedder | None) -> GapList:
    """The gaps behind these questions, with what agents answered; the same input gives the same list."""
    known = [*questions, *(_of_candidate(each) for each in candidates if each.questions)]
    newest = sorted(known, key=lambda each: (each.asked_at, each.conv, each.text), reverse=True)
    taken = newest[:MOST]
    if not taken:
        return GapList(gaps=(), questions=0)
    alike = likeness([each.text for each in taken], embedder)
    groups = clusters(alike, alike_from(embedder))
    found = [_gap([taken[row] for row in rows], rows.index(centre(alike, rows))) for rows in groups]
    found.sort(key=lambda gap: (-gap.count, -gap.waiting, -gap.newest_at.timestamp(), gap.id))
    return GapList(gaps=tuple(found), questions=len(taken), left_out=len(newest) - len(taken))


def _of_candidate(candidate: Candidate) -> Question:
    return Question(
        conv=candidate.conv,
        episode=candidate.episode,
        text=one_line(candidate.questions[0]),
        reason=candidate.reason or TAKEN,
        asked_at=candidate.learned_at,
        language=candidate.language,
        resolution=candidate,
    )


def _gap(questions: Sequence[Question], at_centre: int) -> Gap:
    """``questions`` are the newest first."""
    episodes = {(each.conv, each.episode): each for each in questions}
    waiting = {(each.conv, each.episode) for each in questions if each.is_waiting}
    first = questions[-1]
    by_episode = {(each.conv, each.episode): each.reason for each in reversed(questions)}
    solved = {each.resolution.id: each.resolution for each in questions if each.resolution is not None}
    languages = Counter(each.language for each in questions if each.language)
    return Gap(
        id=ids.digest(first.conv, str(first.episode), first.text)[:12],
        title=_title(questions[at_centre].text),
        count=len(episodes),
        waiting=len(waiting),
        newest_at=questions[0].asked_at,
        oldest_at=first.asked_at,
        reasons=tuple(sorted(Counter(by_episode.values()).items(), key=lambda item: (-item[1], item[0]))),
        examples=_examples(questions, questions[at_centre]),
        language=languages.most_common(1)[0][0] if languages else None,
        resolutions=tuple(solved.values()),
    )


def _examples(questions: Sequence[Question], central: Question) -> tuple[Question, ...]:
    """The most telling one first, then the newest; each wording once."""
    by_text: dict[str, Question] = {}
    for each in (central, *questions):
        by_text.setdefault(each.text.casefold(), each)
    return tuple(by_text.values())[:EXAMPLES]


def _title(text: str) -> str:
    line = one_line(text)
    cut = line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 1].rsplit(" ", 1)[0] + "…"
    return cut[:1].upper() + cut[1:]
