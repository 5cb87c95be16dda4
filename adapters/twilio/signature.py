"""Who sent a webhook: Twilio's signature over the public address and the form (protocol checked 2026-11-21).

HMAC over the address exactly as Twilio called it, followed by the sorted fields; a JSON body is bound by ``bodySHA256`` in
the address.  The address comes from our configuration, never from the request's Host.  The algorithm comes from our
configuration too: the header that names it is not signed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import parse_qs, urlsplit, urlunsplit

from adapters.twilio.forms import Form
from core.ports.channel import RawRequest

HEADER: Final = "X-Twilio-Signature"
SHA1: Final = "sha1"
SHA256: Final = "sha256"
MAX_EXPLAINED_BYTES: Final = 16_384
"""Only a body up to this is tried against other addresses, to tell an admin why it was refused."""

_CHARS: Final = {SHA1: 28, SHA256: 44}
_HOST: Final = re.compile(r"[A-Za-z0-9.\-]{1,253}(?::[0-9]{1,5})?")
_PORTS: Final = {"https": 443, "http": 80}


def addresses(url: str) -> tuple[str, ...]:
    """An address, and the same with the port left out or written out: Twilio does either."""
    parts = urlsplit(url)
    host, colon, port = parts.netloc.rpartition(":")
    other = host if colon and port.isdigit() else f"{parts.netloc}:{_PORTS.get(parts.scheme, 443)}"
    return url, url.replace(f"//{parts.netloc}", f"//{other}", 1)


def sign(secret: bytes, url: str, signed: bytes = b"", algorithm: str = SHA1) -> str:
    """The signature of one request."""
    return base64.b64encode(hmac.new(secret, url.encode() + signed, algorithm).digest()).decode()


class Signatures:
    """The secrets of an account and the address it is called at."""

    def __init__(self, secrets: Sequence[bytes], *, url: str | None, algorithm: str = SHA1) -> None:
        self._secrets = tuple(secrets)
        self._algorithm = algorithm
        self._url = None if url is None else url.partition("#")[0]
        self._path = "" if self._url is None else urlsplit(self._url).path or "/"
        # Nearly every request comes to the bare address: its part of the hash is made once.
        self._ready = () if self._url is None else self._keyed(addresses(self._url))

    def fault(self, request: RawRequest, form: Form | None) -> str | None:
        """None when the request is proven, else the cause: missing, malformed, url or secret."""
        given = request.headers.get(HEADER, "")
        if not given:
            return "missing"
        if len(given) != _CHARS[self._algorithm] or not given.isascii():
            return "malformed"
        if self._url is None:
            return "url"
        if form is None and not _is_body_named(request):
            return "secret"
        signed = b"" if form is None else form.signed()
        # The same object for most requests, so that nothing is parsed: aiohttp keeps the path as it came.
        ready = self._ready if request.path == self._path else self._keyed(addresses(self._called(request.path)))
        have = given.encode()
        if any(_matches(keyed, signed, have) for keyed in ready):
            return None
        return "url" if len(signed) <= MAX_EXPLAINED_BYTES and self._is_elsewhere(request, signed, have) else "secret"

    def _keyed(self, urls: Iterable[str]) -> tuple[hmac.HMAC, ...]:
        raw = [url.encode("utf-8", "surrogateescape") for url in urls]
        return tuple(hmac.new(secret, url, self._algorithm) for secret in self._secrets for url in raw)

    def _called(self, raw_path: str) -> str:
        """The public address of a path that reached us; a proxy may have taken the beginning of the path away."""
        path, question, query = raw_path.partition("?")
        public = urlsplit(self._url or "")
        if not self._path.endswith(path) or not path.startswith("/"):
            return f"{public.scheme}://{public.netloc}/{raw_path.removeprefix('/')}"
        tail = "&".join(part for part in (public.query, query) if part)
        bare = urlunsplit((public.scheme, public.netloc, public.path, "", ""))
        return f"{bare}?{tail}" if tail or question else bare

    def _is_elsewhere(self, request: RawRequest, signed: bytes, have: bytes) -> bool:
        """Whether the secret is right and only the address is not: another scheme, host, path or a missing slash."""
        public = urlsplit(self._url or "")
        called = urlsplit(self._called(request.path))
        headers = request.headers
        named = (public.netloc, headers.get("Host", ""), headers.get("X-Forwarded-Host", ""))
        hosts = {host for host in named if _HOST.fullmatch(host)}
        tail = f"?{called.query}" if called.query else ""
        paths = {called.path, called.path + "/", request.path.partition("?")[0]}
        urls = (
            address
            for scheme in _PORTS
            for host in hosts
            for path in paths
            for query in {tail, ""}
            for address in addresses(f"{scheme}://{host}{path}{query}")
        )
        return any(_matches(keyed, signed, have) for keyed in self._keyed(urls))


def _matches(keyed: hmac.HMAC, signed: bytes, have: bytes) -> bool:
    mac = keyed.copy()
    mac.update(signed)
    return hmac.compare_digest(base64.b64encode(mac.digest()), have)


def _is_body_named(request: RawRequest) -> bool:
    """A JSON body is bound to the signed address by its hash."""
    named = parse_qs(request.path.partition("?")[2]).get("bodySHA256", [""])[0]
    return hmac.compare_digest(hashlib.sha256(request.body).hexdigest().encode(), named.lower().encode())
