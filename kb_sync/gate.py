"""The gate: a new release of the knowledge is looked at beside the live one before anybody is answered from it.

A release that does not pass stays beside, with ``REFUSED`` in the root that says why; ``frontdesk kb diff`` and the knowledge
page show it, ``frontdesk sync --force`` makes it live all the same.
"""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec

from core.errors import KnowledgeUnavailable
from core.ids import digest
from core.ports.knowledge import Generation
from core.ports.knowledge_store import SharedFiles
from kb_sync.golden import Answered, Ask, GoldenQuestion, golden_questions, is_found, is_right
from kb_sync.job import Progress, SyncJob

REFUSED = "refused.json"
KEPT_CHANGES = 200


class ChangedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A golden question that the new release answers otherwise; ``before`` is None when nothing was live.

    ``became`` is better, worse or other: whether the answer was right before and after.
    """

    id: str
    question: str
    before: Answered | None
    after: Answered
    became: str


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """What golden questions showed, 0 to 1; None without questions of that sort.

    ``recall``: of those with an answer, the right document is among the first five.  ``wrong_answers``: of those without one,
    answered.  ``lost``: of those answered rightly from the live release, not any more.
    """

    recall: float | None = None
    wrong_answers: float | None = None
    lost: float | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate says of a release; ``reasons`` in plain words are why it is refused, none when it passes.

    The file ``REFUSED`` in a tenant's index folder is this as JSON, times in ISO 8601::

        {"generation": "g_…", "signature": "…", "rules": "…", "at": "2026-04-01T02:31:07Z", "documents": 812, "chunks": 3050,
         "reasons": ["4 of 60 golden questions that were answered rightly are not any more (6.7 %; at most 5 %)"],
         "questions": 60, "shares": {"recall": 0.93, "wrong_answers": 0.1, "lost": 0.067}, "more": 0,
         "changed": [{"id": "q7", "question": "…", "became": "worse",
                      "before": {"documents": ["returns.md", …], "is_answered": true, "quote": "…"},
                      "after": {"documents": ["about.md", …], "is_answered": true, "quote": "…"}}]}

    ``changed`` holds the first 200 answers that would change, the worse ones first; ``more`` is how many there are beyond.
    ``rules`` is a digest of what was asked: with other rules or questions the release is looked at again.
    """

    generation: str
    signature: str
    rules: str
    at: datetime
    documents: int
    chunks: int
    reasons: tuple[str, ...]
    questions: int = 0
    shares: Shares = Shares()
    changed: tuple[ChangedAnswer, ...] = ()
    more: int = 0

    @property
    def changed_count(self) -> int:
        """How many answers would change."""
        return len(self.changed) + self.more


def questions_of(job: SyncJob) -> tuple[GoldenQuestion, ...]:
    """The golden questions of a job; ``KnowledgeUnavailable`` names a line that is none."""
    return golden_questions(job.rules.golden) if job.rules.golden is not None and job.ask is not None else ()


def judge(
    job: SyncJob,
    candidate: Generation,
    live: Generation | None,
    questions: tuple[GoldenQuestion, ...],
    progress: Progress,
) -> Verdict:
    """Look at a complete candidate beside the live generation."""
    rules, reasons = job.rules, []
    if candidate.documents < rules.documents_at_least:
        reasons.append(f"it has {candidate.documents} documents, fewer than {rules.documents_at_least}")
    progress.judging(len(questions))
    after = _answers(job, candidate, questions) or ()
    before = _answers(job, live, questions) if live is not None else None
    shares = _shares(questions, before, after)
    reasons += _missed(job, shares)
    changes = _changes(questions, before, after)
    return Verdict(
        generation=candidate.id,
        signature=candidate.signature,
        rules=rules_digest(job),
        at=job.clock(),
        documents=candidate.documents,
        chunks=candidate.chunks,
        reasons=tuple(reasons),
        questions=len(questions),
        shares=shares,
        changed=changes[:KEPT_CHANGES],
        more=max(0, len(changes) - KEPT_CHANGES),
    )


def rules_digest(job: SyncJob) -> str:
    """Of everything that a verdict depends on beside the documents."""
    golden = job.rules.golden
    asked = golden.read_bytes().hex() if golden is not None and golden.exists() else ""
    return digest(repr(job.rules), asked)


def _answers(
    job: SyncJob, generation: Generation, questions: tuple[GoldenQuestion, ...]
) -> tuple[Answered, ...] | None:
    """What a generation answers; None when it cannot be opened."""
    ask: Ask | None = job.ask
    if not questions or ask is None:
        return ()
    try:
        with closing(job.engine.open(job.folder(generation.id), generation.id)) as index:
            return tuple(ask(index, question) for question in questions)
    except KnowledgeUnavailable:
        return None


def _shares(
    questions: tuple[GoldenQuestion, ...], before: tuple[Answered, ...] | None, after: tuple[Answered, ...]
) -> Shares:
    paired = list(zip(questions, after, strict=True)) if after else []
    kept = [
        is_right(question, now)
        for question, was, now in zip(questions, before or (), after or (), strict=False)
        if question.answerable and is_right(question, was)
    ]
    return Shares(
        recall=_share([is_found(question, now) for question, now in paired if question.answerable]),
        wrong_answers=_share([now.is_answered for question, now in paired if not question.answerable]),
        lost=_share([not is_kept for is_kept in kept]),
    )


def _share(facts: list[bool]) -> float | None:
    return sum(facts) / len(facts) if facts else None


def _missed(job: SyncJob, shares: Shares) -> list[str]:
    """The thresholds that are missed, in plain words."""
    rules, missed = job.rules, []
    if shares.recall is not None and shares.recall < rules.recall_at_least:
        missed.append(
            f"the right document is found for {percent(shares.recall)} of the golden questions"
            f" (at least {percent(rules.recall_at_least)})"
        )
    if shares.wrong_answers is not None and shares.wrong_answers > rules.wrong_answers_at_most:
        missed.append(
            f"{percent(shares.wrong_answers)} of the golden questions without an answer would be answered"
            f" (at most {percent(rules.wrong_answers_at_most)})"
        )
    if shares.lost is not None and shares.lost > rules.lost_at_most:
        missed.append(
            f"{percent(shares.lost)} of the golden questions that are answered rightly today would not be any more"
            f" (at most {percent(rules.lost_at_most)})"
        )
    return missed


def percent(share: float) -> str:
    """A share for people."""
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def _changes(
    questions: tuple[GoldenQuestion, ...], before: tuple[Answered, ...] | None, after: tuple[Answered, ...]
) -> tuple[ChangedAnswer, ...]:
    """Worse ones first."""
    found = [
        ChangedAnswer(
            id=question.id, question=question.question, before=was, after=now, became=_became(question, was, now)
        )
        for question, was, now in zip(questions, before or (), after, strict=False)
        if _shown(was) != _shown(now)
    ]
    return tuple(sorted(found, key=lambda change: ("worse", "other", "better").index(change.became)))


def _shown(answered: Answered) -> tuple[bool, tuple[str, ...], str]:
    """What a contact would notice: whether there is an answer, of which document, in which words."""
    return answered.is_answered, answered.documents[:1], answered.quote


def _became(question: GoldenQuestion, before: Answered, after: Answered) -> str:
    was, now = is_right(question, before), is_right(question, after)
    return "other" if was == now else "better" if now else "worse"


def refused(job: SyncJob) -> Verdict | None:
    """The verdict on the release that waits beside the live one, None when there is none."""
    return refused_in(job.root) if job.files is None else refused_among(job.files, job.tenant)


def refused_in(root: Path) -> Verdict | None:
    """As ``refused``, in the folder of a tenant's index."""
    try:
        return _verdict((root / REFUSED).read_bytes())
    except FileNotFoundError:
        return None


def refused_among(files: SharedFiles, tenant: str) -> Verdict | None:
    """As ``refused``, among the files that replicas share."""
    parts = files.read(tenant, REFUSED)
    return None if parts is None else _verdict(b"".join(parts))


def _verdict(raw: bytes) -> Verdict | None:
    try:
        return msgspec.json.decode(raw, type=Verdict)
    except msgspec.DecodeError:
        return None


def keep_refused(job: SyncJob, verdict: Verdict) -> None:
    """Write the verdict down, whole or not at all, and keep the release beside."""
    job.store.set_refused(job.tenant, verdict.generation, documents=verdict.documents, chunks=verdict.chunks)
    if job.files is not None:
        job.files.put(job.tenant, REFUSED, [msgspec.json.encode(verdict)])
        return
    part = job.root / (REFUSED + ".part")
    part.write_bytes(msgspec.json.encode(verdict))
    part.replace(job.root / REFUSED)


def forget_refused(job: SyncJob) -> None:
    """Nothing waits any more."""
    if job.files is not None:
        job.files.forget(job.tenant, REFUSED)
    (job.root / REFUSED).unlink(missing_ok=True)
