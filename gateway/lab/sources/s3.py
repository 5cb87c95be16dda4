"""A stand-in of an S3-compatible service: one bucket, addressed in the path, every call signed with SigV4."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.header import Header
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from aiohttp import web

from gateway.lab.sources.weather import Weather

SKEW = timedelta(minutes=15)
SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
)


@dataclass
class LabObject:
    """An object; ``meta`` is its own metadata."""

    content: bytes
    meta: dict[str, str]
    modified: datetime
    storage: str = "STANDARD"

    @property
    def etag(self) -> str:
        """As for an object that was put in one part."""
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'


@dataclass
class S3Service:
    """``/<bucket>/``: lists in pages of ``page_size``, gives objects.  ``sent`` counts by key how often one was given."""

    bucket: str = "help-center"
    region: str = "eu-central-1"
    key_id: str = "LABACCESSKEY"
    secret: str = "lab-s3-secret-key"  # noqa: S105  the lab's own
    is_public: bool = False
    page_size: int = 1_000
    has_namespace: bool = True
    quotes_keys: bool = True
    objects: dict[str, LabObject] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    says: Callable[[web.Request], web.StreamResponse | None] = lambda _request: None
    """What it answers instead, if anything."""
    weather: Weather = field(
        default_factory=lambda: Weather(throttled=_throttled, failed=_failed, locked_out=_locked_out)
    )

    def put(self, key: str, content: bytes, *, storage: str = "STANDARD", **meta: str) -> None:
        """Add or replace an object."""
        before = self.objects.get(key)
        at = before.modified + timedelta(seconds=1) if before else datetime(2026, 3, 1, 10, tzinfo=UTC)
        self.objects[key] = LabObject(content, meta, at, storage)

    def app(self) -> web.Application:
        """The service."""
        app = web.Application(middlewares=[self.weather.middleware, self._checked])
        app.router.add_get("/{bucket}", self._list)
        app.router.add_get("/{bucket}/", self._list)
        app.router.add_get("/{bucket}/{key:.+}", self._get)
        return app

    @web.middleware
    async def _checked(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        said = self.says(request)
        refusal = said or (None if self.is_public else self._signature(request))
        if refusal is None and request.match_info.get("bucket") != self.bucket:
            refusal = _error(404, "NoSuchBucket")
        answer: web.StreamResponse = await handler(request) if refusal is None else refusal
        return answer

    def _signature(self, request: web.Request) -> web.Response | None:
        """What is wrong with it: Signature Version 4, as its documentation describes it."""
        found = SIGNED.fullmatch(request.headers.get("Authorization", ""))
        if found is None:
            return _error(403, "AccessDenied")
        key_id, day, region, names, signature = found.groups()
        at = request.headers.get("X-Amz-Date", "")
        if key_id != self.key_id:
            return _error(403, "InvalidAccessKeyId")
        if region != self.region:
            return _error(400, "AuthorizationHeaderMalformed", f"<Region>{self.region}</Region>")
        if abs(datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) - datetime.now(UTC)) > SKEW:
            return _error(403, "RequestTimeTooSkewed")
        path, _, query = request.raw_path.partition("?")
        lines = [
            request.method,
            path,
            "&".join(sorted(part if "=" in part else f"{part}=" for part in query.split("&") if part)),
            *(f"{name}:{' '.join(request.headers[name].split())}" for name in names.split(";")),
            "",
            names,
            request.headers["X-Amz-Content-Sha256"],
        ]
        asked = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        to_sign = f"AWS4-HMAC-SHA256\n{at}\n{day}/{region}/s3/aws4_request\n{asked}"
        key = f"AWS4{self.secret}".encode()
        for part in (day, region, "s3", "aws4_request", to_sign):
            key = hmac.digest(key, part.encode(), "sha256")
        return None if hmac.compare_digest(key.hex(), signature) else _error(403, "SignatureDoesNotMatch")

    async def _list(self, request: web.Request) -> web.Response:
        self.pages += 1
        query = request.query
        after = b64decode(query.get("continuation-token", "")).decode()
        keys = sorted(key for key in self.objects if key.startswith(query.get("prefix", "")) and key > after)
        limit = min(self.page_size, int(query.get("max-keys", "1000")))
        shown, is_more = keys[:limit], len(keys) > limit
        is_quoted = self.quotes_keys and query.get("encoding-type") == "url"
        parts = [
            f"<Name>{self.bucket}</Name><KeyCount>{len(shown)}</KeyCount><IsTruncated>{str(is_more).lower()}</IsTruncated>"
        ]
        parts += ["<EncodingType>url</EncodingType>"] * is_quoted
        if is_more:
            parts.append(f"<NextContinuationToken>{b64encode(shown[-1].encode()).decode()}</NextContinuationToken>")
        parts += [self._entry(key, is_quoted) for key in shown]
        space = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"' if self.has_namespace else ""
        return _xml(f"<ListBucketResult{space}>{''.join(parts)}</ListBucketResult>")

    def _entry(self, key: str, is_quoted: bool) -> str:
        found = self.objects[key]
        name = quote(key, safe="/").replace("%20", "+") if is_quoted else escape(key)
        return (
            f"<Contents><Key>{name}</Key><LastModified>{found.modified:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<ETag>{escape(found.etag, {chr(34): '&quot;'})}</ETag><Size>{len(found.content)}</Size>"
            f"<StorageClass>{found.storage}</StorageClass></Contents>"
        )

    async def _get(self, request: web.Request) -> web.Response:
        key = request.match_info["key"]
        found = self.objects.get(key)
        if found is None:
            return _error(404, "NoSuchKey")
        if found.storage in ("GLACIER", "DEEP_ARCHIVE"):
            return _error(403, "InvalidObjectState")
        self.sent[key] += 1
        meta = {
            f"x-amz-meta-{name}": value if value.isascii() else Header(value, "utf-8", maxlinelen=10_000).encode()
            for name, value in found.meta.items()
        }
        return web.Response(body=found.content, headers={"ETag": found.etag, **meta})


def _xml(body: str, status: int = 200) -> web.Response:
    return web.Response(
        text=f'<?xml version="1.0" encoding="UTF-8"?>\n{body}', status=status, content_type="application/xml"
    )


def _error(status: int, code: str, more: str = "") -> web.Response:
    return _xml(
        f"<Error><Code>{code}</Code><Message>Refused.</Message>{more}<RequestId>LAB</RequestId></Error>", status
    )


def _throttled(retry_after_s: float) -> web.Response:
    answer = _error(503, "SlowDown")
    answer.headers["Retry-After"] = f"{retry_after_s:.0f}"
    return answer


def _failed() -> web.Response:
    return _error(500, "InternalError")


def _locked_out() -> web.Response:
    return _error(401, "AccessDenied")
