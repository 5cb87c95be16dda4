"""Knowledge from a folder of files."""

from kb_sync import SourcePlugin
from kb_sync.sources.folder.settings import FolderSettings
from kb_sync.sources.folder.source import FolderSource

plugin = SourcePlugin(kind="folder", settings=FolderSettings, build=FolderSource)
