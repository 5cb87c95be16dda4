"""Knowledge from Notion."""

from kb_sync import SourcePlugin
from kb_sync.sources.notion.settings import NotionSettings
from kb_sync.sources.notion.source import NotionSource

plugin = SourcePlugin(kind="notion", settings=NotionSettings, build=NotionSource)
