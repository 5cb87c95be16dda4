"""Objects of a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header

from core import ids
from core.errors import DocumentRejected
from core.ports.knowledge import Listing, Loaded
from kb_sync import SourceContext
from kb_sync.documents import DocumentMaker
from kb_sync.files import MAX_FILE_BYTES
from kb_sync.kit.http import Web
from kb_sync.kit.problems import listing, one_item
from kb_sync.loading import is_readable, loaded_file
from kb_sync.patterns import is_matched
from kb_sync.sources.s3.bucket import Bucket, Stored
from kb_sync.sources.s3.settings import S3Settings

LIMIT_S = 60.0
META = "x-amz-meta-"
TOLD = ("title", "url", "category", "audience", "language", "updated")
"""What an object's own metadata may say."""


class S3Source:
    """core.ports.knowledge.Source on a bucket; every listing is complete, and only what changed is read."""

    kind = "s3"

    def __init__(self, context: SourceContext, settings: S3Settings) -> None:
        self.id = context.id
        self.tenant = context.tenant
        self.parallel = settings.parallel
        self.maker = DocumentMaker(context, settings, url_prefix=settings.url_prefix)
        self._settings = settings
        self._web = Web(allow=(settings.base,), limit_s=LIMIT_S, limit_bytes=MAX_FILE_BYTES, sleep=context.sleep)
        self.bucket = Bucket(settings, self._web)
        secret = {"access_key_id", "secret_access_key", "session_token", "parallel"}
        self._mark = ids.digest(settings.model_dump_json(exclude=secret))

    def listing(self, cursor: str = "") -> Listing:
        """Everything there is."""
        with listing():
            items = tuple(self._item(stored) for stored in self.bucket.objects() if self._is_wanted(stored.key))
        return Listing(items=items)

    def close(self) -> None:
        """Let go of the connections."""
        self._web.close()

    def _is_wanted(self, key: str) -> bool:
        if not is_readable(key):
            return False
        return is_matched(key, self._settings.include) and not is_matched(key, self._settings.exclude)

    def _item(self, stored: Stored) -> S3Object:
        """Metadata may change while the content, and so its ETag, stays: the date is part of the version."""
        version = ids.digest(self._mark, stored.etag, stored.modified) if stored.etag else ""
        return S3Object(external_id=stored.key, version=version, stored=stored, source=self)


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Object:
    """One object."""

    external_id: str
    version: str
    stored: Stored
    source: S3Source

    def load(self, known: str = "") -> Loaded:
        """Read and normalise it."""
        if self.stored.size > MAX_FILE_BYTES:
            raise DocumentRejected(f"the object is larger than {MAX_FILE_BYTES // 1_000_000} MB")
        with one_item():
            page = self.source.bucket.content(self.external_id)
        is_as_listed = page.etag == self.stored.etag
        is_plain = page.headers.get("content-encoding", "") in ("", "identity")
        if is_as_listed and is_plain and self.stored.size not in (-1, len(page.body)):
            raise DocumentRejected("the object arrived incomplete")
        return loaded_file(
            page.body,
            path=self.external_id,
            maker=self.source.maker,
            given=_told(page.headers),
            version=self.version if is_as_listed else "",
        )


def _told(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The object's own metadata; what is not ASCII arrives as RFC 2047 writes it (Amazon S3 user guide, 2026-11)."""
    found = {name: headers.get(META + name, "") for name in TOLD}
    return {name: _decoded(value) for name, value in found.items() if value}


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value
