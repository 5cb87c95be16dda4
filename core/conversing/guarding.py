"""The guard of one answer, made of what the turn knows by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.conversing.pricing import priced
from core.conversing.prompts import Scenery, proven_name, rules_of
from core.conversing.scene import Scene
from core.domain import Role
from core.guard.findings import Checked, Evidence
from core.guard.grounding import SENTENCE_THRESHOLD, is_comparable
from core.guard.grounding import score as grounding_score
from core.guard.sentence_guard import SentenceGuard
from core.guard.settings import Level
from core.ports.knowledge import Passage
from core.steps import language as languages
from core.steps.guard import evidence_of


class LiveGuard:
    """The guard of one answer: its evidence grows with every tool that answers.

    Words can be compared only within one language: an answer in another language than its sources is held to their figures,
    dates, prices and links, not to their words and names.
    """

    def __init__(self, scene: Scene, passages: Sequence[Passage], scenery: Scenery) -> None:
        self._scene = scene
        self._sources = {
            n: "\n".join(filter(None, (evidence_of(p.chunk), p.chunk.url))) for n, p in enumerate(passages, start=1)
        }
        self._secrets = (scenery.canary, scenery.nonce, rules_of(scene.abilities.company, scene.language))
        self._shown = ""
        self._settings = scene.settings.guard
        if not self._is_one_language(passages):
            eased = replace(self._settings.levels, names=Level.NOTE, ungrounded=Level.OFF)
            self._settings = replace(self._settings, levels=eased)
        self._made: tuple[int, int, SentenceGuard] | None = None
        self.hands_over = False

    def check(self, sentence: str) -> Checked:
        """Check one sentence against all that is known by now."""
        checked = self._guard().check(sentence)
        if checked.is_released:
            self._shown += checked.text
        self.hands_over = self.hands_over or checked.hands_over
        return checked

    def _guard(self) -> SentenceGuard:
        acting = self._scene.acting
        known = (len(acting.evidence), len(acting.backed))
        if self._made is None or self._made[:2] != known:
            self._made = (*known, self._build())
        return self._made[2]

    def _build(self) -> SentenceGuard:
        scene = self._scene
        evidence = Evidence(
            sources=self._sources,
            tools=self._records(),
            said="\n".join((scene.gated.text, *(m.text for m in scene.turn.history if m.role is Role.CONTACT))),
            own="\n".join((scene.abilities.company, proven_name(scene.contact))),
        )
        guard = SentenceGuard(
            self._settings,
            evidence,
            canaries=self._secrets,
            backed=frozenset(scene.acting.backed),
            grounding=self._grounding,
            grounding_threshold=SENTENCE_THRESHOLD,
            language=scene.language,
        )
        guard.remember(self._shown)
        return guard

    def _records(self) -> dict[str, str]:
        """What tools said, by mark, with their prices as a sentence would say them."""
        return {mark: priced(text) for mark, text in self._scene.acting.evidence.items()}

    def _grounding(self, sentence: str, cited: Sequence[str]) -> float:
        """How well prose supports a sentence; a tool's record is no prose, its facts were compared already."""
        is_record = any(text in cited for text in self._records().values())
        return 1.0 if is_record or not is_comparable(sentence, cited) else grounding_score(sentence, cited)

    def _is_one_language(self, passages: Sequence[Passage]) -> bool:
        known, wanted = self._scene.settings.languages, self._scene.language
        sample = "\n".join(p.chunk.text[:200] for p in passages if p.chunk.language is None)
        told = {p.chunk.language for p in passages if p.chunk.language is not None}
        return told <= {wanted} and (not sample or languages.detect(sample, known, otherwise=wanted) == wanted)
