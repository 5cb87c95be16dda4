"""Signed links: a link itself is the permission, until it expires."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final

from adapters.web.tokens import signing_key

TOKEN_FORM: Final = re.compile(r"(u_[0-9a-z]{1,64})\.([0-9]{1,12})\.([A-Za-z0-9_-]{32})", re.ASCII)


def sign_upload(secret: bytes, tenant: str, upload_id: str, expires_at: int) -> str:
    """The signature of a link to an upload of a tenant."""
    content = f"{tenant}\n{upload_id}\n{expires_at}".encode()
    raw = hmac.digest(signing_key(secret, "upload-link"), content, hashlib.sha256)
    return base64.urlsafe_b64encode(raw[:24]).decode()


def is_upload_signed(secret: bytes, tenant: str, upload_id: str, expires_at: int, signature: str) -> bool:
    """Whether a link is ours, in constant time."""
    expected = sign_upload(secret, tenant, upload_id, expires_at)
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def media_token(secret: bytes, tenant: str, upload_id: str, expires_at: int) -> str:
    """The same permission as one word, for addresses without a query."""
    return f"{upload_id}.{expires_at}.{sign_upload(secret, tenant, upload_id, expires_at)}"


def read_media_token(token: str) -> tuple[str, int, str] | None:
    """(upload id, end, signature) of a token, unproven; None when it has another form."""
    found = TOKEN_FORM.fullmatch(token)
    return None if found is None else (found[1], int(found[2]), found[3])
