"""Knowledge from a web site."""

from kb_sync import SourcePlugin
from kb_sync.sources.website.settings import WebsiteSettings
from kb_sync.sources.website.source import WebsiteSource

plugin = SourcePlugin(kind="website", settings=WebsiteSettings, build=WebsiteSource)
