"""The two calls that reading a bucket takes: ListObjectsV2 and GetObject (Amazon S3 API reference, 2026-11).

Calls are signed by botocore's SigV4, which is kept by those who make the protocol, and go over the kit, which judges addresses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_plus

from botocore.auth import S3SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]
from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import ParseError, fromstring  # type: ignore[import-untyped]

from core.errors import DocumentRejected, SourceUnavailable
from kb_sync.kit.http import Page, Web
from kb_sync.sources.s3.settings import S3Settings

PAGE = 1_000
"""The most keys that a page of the list has."""

MOST_OBJECTS = 1_000_000
CREDENTIALS = "check the credentials in its settings and what they may read (s3:ListBucket and s3:GetObject)"

WHY = {
    "AccessDenied": CREDENTIALS,
    "AllAccessDisabled": CREDENTIALS,
    "InvalidAccessKeyId": "there is no such key; check the credentials in its settings",
    "SignatureDoesNotMatch": "secret_access_key does not belong to access_key_id; check the credentials in its settings",
    "ExpiredToken": "the credentials have expired; make new ones",
    "InvalidToken": "session_token does not belong to the credentials",
    "NoSuchBucket": "there is no such bucket; check `bucket` and `region`",
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
    "InvalidObjectState": "it lies in an archive and must be restored first",
    "NoSuchKey": "it is gone",
}
"""Amazon's error codes, and what to do."""

ELSEWHERE = (
    "PermanentRedirect",
    "TemporaryRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
)


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as the list tells of it; ``key`` is relative to the folder."""

    key: str
    etag: str
    modified: str
    size: int


class Bucket:
    """One bucket; thread-safe."""

    def __init__(self, settings: S3Settings, web: Web) -> None:
        self._settings = settings
        self._web = web
        key, secret, token = settings.access_key_id, settings.secret_access_key, settings.session_token
        self._signer: Any = None
        if key is not None and secret is not None:
            shown = token.get_secret_value() if token else None
            credentials = Credentials(key.get_secret_value(), secret.get_secret_value(), shown)
            self._signer = S3SigV4Auth(credentials, "s3", settings.region)

    def objects(self) -> Iterator[Stored]:
        """Everything in the folder, in the order of the keys; ``SourceUnavailable`` when it cannot be listed to its end."""
        token, count = "", 0
        seen: set[str] = set()
        while True:
            whole = self._page(token)
            for stored in self._stored(whole):
                count += 1
                yield stored
            if count > MOST_OBJECTS:
                raise SourceUnavailable(f"the bucket has more than {MOST_OBJECTS:,} objects there; narrow `prefix`")
            if _text(whole, "IsTruncated") != "true":
                return
            token = _text(whole, "NextContinuationToken")
            if not token or token in seen:
                raise SourceUnavailable("the list of the bucket does not go on although it has more pages")
            seen.add(token)

    def content(self, key: str) -> Page:
        """An object with its headers; ``DocumentRejected`` when it cannot be read."""
        page = self._asked(f"/{quote(self._settings.folder + key, safe='/~')}")
        if page.status != 200:
            raise DocumentRejected(_refusal(page))
        return page

    def _page(self, token: str) -> Any:
        named = {
            "list-type": "2", "max-keys": str(PAGE), "encoding-type": "url", "prefix": self._settings.folder,
            "continuation-token": token,
        }  # fmt: skip
        query = "&".join(f"{name}={quote(value, safe='~')}" for name, value in sorted(named.items()) if value)
        page = self._asked(f"/?{query}")
        if page.status != 200:
            raise SourceUnavailable(_refusal(page))
        whole = _xml(page)
        if whole is None or _local(whole) != "ListBucketResult":
            what = "an HTML page" if b"<html" in page.body[:2_000].lower() else "something else"
            raise SourceUnavailable(f"the service answers with {what} instead of the list of a bucket; check `api_url`")
        return whole

    def _stored(self, whole: Any) -> Iterator[Stored]:
        is_quoted = _text(whole, "EncodingType") == "url"
        for entry in whole:
            if _local(entry) != "Contents":
                continue
            key = unquote_plus(_text(entry, "Key")) if is_quoted else _text(entry, "Key")
            if key.startswith(self._settings.folder):
                size = _text(entry, "Size")
                yield Stored(
                    key=key.removeprefix(self._settings.folder),
                    etag=_text(entry, "ETag"),
                    modified=_text(entry, "LastModified"),
                    size=int(size) if size.isdecimal() else -1,
                )

    def _asked(self, target: str) -> Page:
        url = f"{self._settings.base}{target}"
        request = AWSRequest(method="GET", url=url)
        if self._signer is not None:
            self._signer.add_auth(request)
        return self._web.exchange("GET", url, headers=dict(request.headers.items()))


def _refusal(page: Page) -> str:
    """Why, by the code of the answer; what a service writes beside it is not repeated."""
    whole = _xml(page)
    code = _text(whole, "Code") if whole is not None else ""
    code = code if code.isalnum() and len(code) < 60 else ""
    why = WHY.get(code) or (CREDENTIALS if page.status in (401, 403) else "")
    region = page.headers.get("x-amz-bucket-region", "") or (_text(whole, "Region") if whole is not None else "")
    if code in ELSEWHERE or page.status in (301, 307):
        shown = f" {region}" if region.replace("-", "").isalnum() else ""
        why = f"the bucket lies in another region{shown}; mend `region`"
    return f"the bucket answers with status {page.status}{f' ({code})' if code else ''}{f': {why}' if why else ''}"


def _xml(page: Page) -> Any:
    """The body read as XML, without entities; None when it is none."""
    try:
        return fromstring(page.body)
    except (ParseError, DefusedXmlException, ValueError):
        return None


def _local(element: Any) -> str:
    """The name without its namespace, which not every service sends."""
    return str(element.tag).rpartition("}")[2]


def _text(element: Any, name: str) -> str:
    return next(((child.text or "").strip() for child in element if _local(child) == name), "")
