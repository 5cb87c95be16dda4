"""Knowledge from a Zendesk help centre."""

from kb_sync import SourcePlugin
from kb_sync.sources.zendesk_guide.settings import ZendeskGuideSettings
from kb_sync.sources.zendesk_guide.source import ZendeskGuideSource

plugin = SourcePlugin(kind="zendesk_guide", settings=ZendeskGuideSettings, build=ZendeskGuideSource)
