"""Knowledge from a feed."""

from kb_sync import SourcePlugin
from kb_sync.sources.rss.settings import RssSettings
from kb_sync.sources.rss.source import RssSource

plugin = SourcePlugin(kind="rss", settings=RssSettings, build=RssSource)
