"""What keeps a tenant's knowledge: its store, its sources, what a new release must pass, and how it is asked beforehand."""

from __future__ import annotations

from functools import cache

import config
from core import ids
from core.ids import digest
from core.ports.knowledge import Advice, IndexEngine, KnowledgeIndex, SearchQuery, SearchResult
from core.ranking.ranker import Ranker
from core.steps.language import detect
from core.steps.recall import Memory
from core.steps.rewrite import rewrite
from gateway.compose.channels import now
from gateway.compose.engines import engine_settings
from gateway.compose.finding import embedders_of, unwatched_ranker_of
from gateway.compose.library import Library, library_of
from gateway.plugged import SOURCES
from kb_sync import SourceContext
from kb_sync.golden import Answered, Ask, GoldenQuestion
from kb_sync.pipeline import ChunkSettings, Rules, SyncJob

QUOTED_CHARS = 300
"""As much of the best passage as tells one answer from another."""


def sync_jobs(settings: config.Settings) -> tuple[SyncJob, ...]:
    """A sync for each tenant; ``EmbedderUnavailable`` when one could not make its vectors, for the live index has them."""
    library, embedders = library_of(settings), embedders_of(settings)
    return tuple(
        sync_job(settings, tenant, library, library.engine(tenant.id, embedders.of(tenant)))
        for tenant in settings.tenants
    )


def sync_job(settings: config.Settings, tenant: config.Tenant, library: Library, engine: IndexEngine) -> SyncJob:
    """What a sync of the tenant works on."""
    places, blocks = settings.data_dir / "sources" / tenant.id, tenant.knowledge.sources
    sources = tuple(
        SOURCES[block.kind].build(
            SourceContext(id=block.id, tenant=tenant.id, clock=now, folder=places / block.id), block.settings
        )
        for block in blocks
    )
    return SyncJob(
        tenant=tenant.id,
        sources=sources,
        store=library.store,
        engine=engine,
        root=library.folder(tenant.id),
        chunk=ChunkSettings(tokens=tenant.knowledge.chunk.tokens, overlap=tenant.knowledge.chunk.overlap),
        clock=now,
        new_id=ids.new_id,
        rules=Rules(**tenant.knowledge.gate.model_dump()),
        ask=ask_of(tenant),
        lease=library.lease(tenant.id),
        files=library.files,
        settings={block.id: digest(block.kind, block.settings.model_dump_json()) for block in blocks},
    )


def ask_of(tenant: config.Tenant) -> Ask:
    """Asks an index a golden question as a contact who is not verified would be answered from it, without a model."""
    ranker = cache(lambda: unwatched_ranker_of(tenant, engine_settings(tenant)))

    def ask(index: KnowledgeIndex, question: GoldenQuestion) -> Answered:
        found = searched(tenant, index, question, ranker())
        best = found.passages
        advice = found.assessment.advice if found.assessment is not None else Advice.DECLINE
        return Answered(
            documents=tuple(dict.fromkeys(passage.chunk.external_id for passage in best)),
            is_answered=bool(best) and advice is Advice.ANSWER,
            quote=best[0].chunk.text[:QUOTED_CHARS] if best else "",
        )

    return ask


def searched(tenant: config.Tenant, index: KnowledgeIndex, question: GoldenQuestion, ranker: Ranker) -> SearchResult:
    """What an index finds for a question in its conversation, ranked and assessed as for a contact."""
    query = _query(tenant, question)
    return ranker(query, index.search(query))


def _query(tenant: config.Tenant, question: GoldenQuestion) -> SearchQuery:
    settings = engine_settings(tenant)
    said = question.history[-settings.history :] if settings.history else ()
    memory = Memory(
        contact=tuple(each.text for each in reversed(said) if each.role == "contact"),
        last_reply=next((each.text for each in reversed(said) if each.role != "contact"), ""),
    )
    language = detect(question.question, settings.languages, otherwise=settings.default_language)
    return rewrite(question.question, memory, settings, language=language, is_verified=False)
