"""Knowledge from Confluence Cloud."""

from kb_sync import SourcePlugin
from kb_sync.sources.confluence.settings import ConfluenceSettings
from kb_sync.sources.confluence.source import ConfluenceSource

plugin = SourcePlugin(kind="confluence", settings=ConfluenceSettings, build=ConfluenceSource)
