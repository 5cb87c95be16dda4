"""Knowledge from any service that lists its articles as JSON."""

from core.ports.knowledge import Source
from kb_sync import SourceContext, SourcePlugin
from kb_sync.sources.generic_http.settings import GenericHttpSettings


def build(context: SourceContext, settings: GenericHttpSettings) -> Source:
    """The source; its libraries load slowly, and only who has such a source needs them."""
    from kb_sync.sources.generic_http.source import GenericHttpSource  # noqa: PLC0415

    return GenericHttpSource(context, settings)


plugin = SourcePlugin(kind="generic_http", settings=GenericHttpSettings, build=build)
