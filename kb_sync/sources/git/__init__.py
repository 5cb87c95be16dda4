"""Knowledge from a branch of a git repository."""

from core.ports.knowledge import Source
from kb_sync import SourceContext, SourcePlugin
from kb_sync.sources.git.settings import GitSettings


def build(context: SourceContext, settings: GitSettings) -> Source:
    """The source; its libraries load slowly, and only who has such a source needs them."""
    from kb_sync.sources.git.source import GitSource  # noqa: PLC0415

    return GitSource(context, settings)


plugin = SourcePlugin(kind="git", settings=GitSettings, build=build)
