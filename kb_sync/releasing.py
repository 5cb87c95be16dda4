"""Releases: whether one is due, whether it passes the gate, and going back to an earlier one.

Going back lasts as long as the documents are what they were: a release that was withdrawn is never made live again by itself, and
the next one that has other documents passes the gate like any other.  It is no pin on purpose: a pin that somebody forgets is how
an assistant answers from pages that were taken down weeks ago.  What is gone meanwhile, or may not be read by everybody any more,
is not answered from the earlier release either.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import KnowledgeAway, KnowledgeUnavailable
from core.ports.knowledge import Generation
from kb_sync.building import build_candidate, discard, drop, is_known, is_usable, name_live, publish, withhold
from kb_sync.gate import Verdict, forget_refused, judge, keep_refused, questions_of, refused, rules_digest
from kb_sync.job import Progress, Quiet, SyncJob


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What came of looking for a new release; ``generation`` is None when none was made live.

    ``verdict`` is what the gate said of one that was looked at now or is still refused.  ``is_withdrawn``: these documents were
    live until somebody went back.
    """

    generation: Generation | None = None
    verdict: Verdict | None = None
    is_withdrawn: bool = False


def release(job: SyncJob, progress: Progress, *, full: bool = False, force: bool = False) -> Release:
    """Build, judge and publish what is stored, if that is not what is live; ``force`` publishes it whatever the gate says.

    ``KnowledgeUnavailable`` when the index cannot be built: the live one stays.
    """
    live, signature = job.store.live(job.tenant), job.signature()
    is_sound = live is not None and is_usable(job, live)
    if live is not None and is_sound:
        name_live(job, live)
        if live.signature == signature and not full:
            _forget_refused(job)
            return Release()
        _withhold(job, live)
        if not full and not force and _is_withdrawn(job, signature):
            return Release(is_withdrawn=True)
        if not full and (waiting := _waiting(job, signature)) is not None:
            return _publish(job, *waiting) if force else Release(verdict=waiting[1])
    return _new(job, live if is_sound else None, progress, force=force, whole=full)


def _new(job: SyncJob, live: Generation | None, progress: Progress, *, force: bool, whole: bool = False) -> Release:
    questions = questions_of(job)
    _forget_refused(job)
    candidate = build_candidate(job, progress, whole=whole)
    try:
        verdict = judge(job, candidate, live, questions, progress)
    except BaseException:
        discard(job, candidate.id)
        raise
    if verdict.reasons and not force:
        keep_refused(job, verdict)
        return Release(verdict=verdict)
    return _publish(job, candidate, verdict)


def _publish(job: SyncJob, chosen: Generation, verdict: Verdict | None = None, *, former: str = "retired") -> Release:
    live = publish(job, chosen, former=former)
    forget_refused(job)
    return Release(generation=live, verdict=verdict)


def mend(job: SyncJob) -> Generation:
    """Something sound to answer from when the live generation is damaged on disk.

    The same documents are built again as they are; if others are stored meanwhile, they pass the gate, or the newest sound former
    release is live again.  When there is none either, they are published all the same: nobody is answered from nothing.
    """
    live = job.store.live(job.tenant)
    if live is None or live.signature != job.signature():
        if (made := _new(job, None, Quiet(), force=False).generation) is not None:
            return made
        for former in _former(job):
            if is_usable(job, former) and is_known(job, former):
                return _published(_publish(job, former))
    return _published(_new(job, None, Quiet(), force=True))


def _published(made: Release) -> Generation:
    assert made.generation is not None
    return made.generation


def rollback(job: SyncJob, generation: str | None = None) -> Generation:
    """Make an earlier release live again, the one before the live one unless another is named; callers hold the lease.

    ``KnowledgeUnavailable`` says in plain words why it cannot be, and the live one stays.
    """
    former = _former(job)
    if generation is not None:
        former = [each for each in former if each.id == generation]
    if not former:
        known = ", ".join(each.id for each in _former(job)) or "none"
        wanted = (
            f"there is no former release {generation}" if generation else "there is no former release to go back to"
        )
        raise KnowledgeUnavailable(f"{wanted}; kept are: {known}")
    chosen = former[0]
    if not is_usable(job, chosen) or not is_known(job, chosen):
        raise KnowledgeUnavailable(
            f"the release {chosen.id} cannot be opened: it is damaged, or an earlier program made it"
        )
    return _published(_publish(job, chosen, former="withdrawn"))


def _former(job: SyncJob) -> list[Generation]:
    """Releases that were live, the last one first; one that was withdrawn comes back only by name or after the others."""
    found = [each for each in job.store.generations(job.tenant) if each.is_former]
    found.sort(key=lambda each: each.live_at or each.created_at, reverse=True)
    return sorted(found, key=lambda each: each.state == "withdrawn")


def _is_withdrawn(job: SyncJob, signature: str) -> bool:
    known = job.store.generations(job.tenant)
    return any(each.state == "withdrawn" and each.signature == signature for each in known)


def _waiting(job: SyncJob, signature: str) -> tuple[Generation, Verdict] | None:
    """The refused release of these very documents, if it was looked at by these very rules."""
    verdict = refused(job)
    if verdict is None or verdict.signature != signature or verdict.rules != rules_digest(job):
        return None
    known = {each.id: each for each in job.store.generations(job.tenant) if each.state == "refused"}
    found = known.get(verdict.generation)
    return (found, verdict) if found is not None and is_usable(job, found) else None


def _forget_refused(job: SyncJob) -> None:
    forget_refused(job)
    for each in job.store.generations(job.tenant):
        if each.state == "refused":
            drop(job, each.id)


def _withhold(job: SyncJob, live: Generation) -> None:
    """Before a build that may take minutes or be refused; a release of an earlier program does not say what it holds."""
    try:
        withhold(job, live)
    except KnowledgeAway:
        raise
    except KnowledgeUnavailable:
        return
