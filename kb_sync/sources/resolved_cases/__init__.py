"""Knowledge from resolved cases, once somebody has reviewed what agents answered."""

from kb_sync import SourcePlugin
from kb_sync.sources.resolved_cases.settings import ResolvedCasesSettings
from kb_sync.sources.resolved_cases.source import ResolvedCasesSource

plugin = SourcePlugin(kind="resolved_cases", settings=ResolvedCasesSettings, build=ResolvedCasesSource)
