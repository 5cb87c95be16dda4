"""Knowledge from a bucket of an S3-compatible service."""

from core.ports.knowledge import Source
from kb_sync import SourceContext, SourcePlugin
from kb_sync.sources.s3.settings import S3Settings


def build(context: SourceContext, settings: S3Settings) -> Source:
    """The source; its libraries load slowly, and only who has such a source needs them."""
    from kb_sync.sources.s3.source import S3Source  # noqa: PLC0415

    return S3Source(context, settings)


plugin = SourcePlugin(kind="s3", settings=S3Settings, build=build)
