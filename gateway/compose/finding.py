"""How a tenant's passages are found: its embedder, its index engine, and who has the last word on a search's result."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import structlog

import config
from core.entities import EntitySettings, lexicon
from core.errors import EmbedderUnavailable
from core.intents.builtin import names, ready
from core.intents.model import IntentModel
from core.ports.embedding import Embedder, VectorCache
from core.providers.embedders import EmbedderSettings, RerankerSettings, cross_encoder_of, embedder_of
from core.ranking import calibration
from core.ranking.calibration import Calibration
from core.ranking.drift import Drift
from core.ranking.ranker import Ranker, ranker
from core.ranking.reranking import CrossScore
from core.settings import EngineSettings
from core.steps.understand import Wits
from gateway.metrics import CONFIDENCE_DRIFT
from gateway.store.vectors import SqliteVectorCache

log = structlog.get_logger(__name__)

SEARCH_THREADS = 2
NAMED_FROM = 0.4
"""So sure a guess must be before rules and routing hear of it: what nobody taught seldom gets there."""

REMOTE_THREADS = 16
"""Searches that wait for somebody else's embedder hold a thread each and no core."""


@dataclass(slots=True)
class Embedders:
    """Every embedder that configurations name, made once: tenants and reloads with equal blocks share it."""

    cache: VectorCache
    _made: dict[bytes, Embedder | None] = field(default_factory=dict)

    def of(self, tenant: config.Tenant) -> Embedder | None:
        """The tenant's embedder, None for text alone; ``EmbedderUnavailable`` names what is missing and the mend."""
        settings: EmbedderSettings = config.convert_embedder(tenant.knowledge.embedder, EmbedderSettings)
        return self._of(settings)

    def _of(self, settings: EmbedderSettings) -> Embedder | None:
        key = msgspec.json.encode(settings)
        if key not in self._made:
            self._made[key] = embedder_of(settings, cache=self.cache)
        return self._made[key]

    @property
    def shipped(self) -> Embedder:
        """The one in the package, which takes microseconds."""
        made = self._of(EmbedderSettings())
        assert made is not None
        return made

    def at_hand(self, tenant: config.Tenant) -> Embedder | None:
        """As ``of``; one that cannot be used now is told in the log, and searches go by words alone."""
        try:
            return self.of(tenant)
        except EmbedderUnavailable as error:
            log.warning("embedder_unavailable", tenant=tenant.id, reason=error.safe_message)
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """Threads for searches: few for those that compute, more for those that wait for an index or an embedder elsewhere."""

    near: Executor = field(default_factory=lambda: ThreadPoolExecutor(SEARCH_THREADS, thread_name_prefix="search"))
    remote: Executor = field(default_factory=lambda: ThreadPoolExecutor(REMOTE_THREADS, thread_name_prefix="seek"))

    def of(self, embedder: Embedder | None, *, is_remote: bool = False) -> Executor:
        """Where a tenant with this embedder searches; ``is_remote``: the index is on a server."""
        return self.remote if is_remote or (embedder is not None and embedder.is_remote) else self.near


def embedders_of(settings: config.Settings) -> Embedders:
    """With the vectors that were paid for, kept in the data folder."""
    return Embedders(cache=SqliteVectorCache(settings.data_dir / "vectors.sqlite3"))


def embedding_limit_s(tenant: config.Tenant) -> float:
    """How much longer a search may take because its question waits for an endpoint."""
    block = tenant.knowledge.embedder
    return block.timeout_s if block.kind == "endpoint" else 0.0


def ranker_of(tenant: config.Tenant, settings: EngineSettings) -> Ranker:
    """Ranks what a search found anew and assesses it, by the tenant's calibration; a metric tells when it no longer fits."""
    known = _calibration_of(settings)
    watched = Drift(known.head(has_cosine=tenant.knowledge.embedder.kind != "none").deciles)
    CONFIDENCE_DRIFT.labels(tenant=tenant.id).set_function(lambda: watched.drifted().index or 0.0)
    return ranker(settings.confidence, calibration=known, cross=_cross_of(tenant), on_assessed=watched.add)


def unwatched_ranker_of(tenant: config.Tenant, settings: EngineSettings) -> Ranker:
    """As ``ranker_of``, for questions that are no contact's."""
    return ranker(settings.confidence, calibration=_calibration_of(settings), cross=_cross_of(tenant))


def _calibration_of(settings: EngineSettings) -> Calibration:
    chosen = settings.confidence.calibration
    return calibration.shipped() if chosen is None else calibration.load(Path(chosen))


def wits_of(tenant: config.Tenant) -> Wits:
    """What the tenant's messages are understood with; its intents are learnt later."""
    return Wits(
        lexicon=lexicon(msgspec.convert(tenant.entities.model_dump(), EntitySettings)),
        is_slow=tenant.knowledge.embedder.kind == "local",
        described=_described(tenant) if tenant.intents.ask_model else {},
    )


def _described(tenant: config.Tenant) -> dict[str, str]:
    shipped = dict.fromkeys(names(), "") if tenant.intents.builtin else {}
    return {**shipped, **{name: intent.description for name, intent in tenant.intents.own.items()}}


def intents_of(settings: config.Settings, tenant: config.Tenant, embedders: Embedders) -> IntentModel:
    """The tenant's intents, trained unless that was done before; a remote embedder is not asked for each message."""
    embedder = embedders.at_hand(tenant)
    if embedder is None or embedder.is_remote:
        embedder = embedders.shipped
    given = tenant.intents.own
    wanted = {name: intent.threshold for name, intent in given.items() if intent.threshold is not None}
    return ready(
        settings.data_dir / "intents",
        {name: intent.examples for name, intent in given.items()},
        embedder,
        with_builtin=tenant.intents.builtin,
        thresholds=dict.fromkeys((*names(), *given), NAMED_FROM) | wanted,
    )


def _cross_of(tenant: config.Tenant) -> CrossScore | None:
    block = tenant.engine.search.cross_encoder
    if block is None:
        return None
    try:
        return cross_encoder_of(config.convert_cross_encoder(block, RerankerSettings)).score
    except EmbedderUnavailable as error:
        log.warning("cross_encoder_unavailable", tenant=tenant.id, reason=error.safe_message)
        return None
