"""Signed links: a link itself is the permission, until it expires."""

from __future__ import annotations

import base64
import hashlib
import hmac

from adapters.web.tokens import signing_key


def sign_upload(secret: bytes, tenant: str, upload_id: str, expires_at: int) -> str:
    """The signature of a link to an upload of a tenant."""
    content = f"{tenant}\n{upload_id}\n{expires_at}".encode()
    raw = hmac.digest(signing_key(secret, "upload-link"), content, hashlib.sha256)
    return base64.urlsafe_b64encode(raw[:24]).decode()


def is_upload_signed(secret: bytes, tenant: str, upload_id: str, expires_at: int, signature: str) -> bool:
    """Whether a link is ours, in constant time."""
    expected = sign_upload(secret, tenant, upload_id, expires_at)
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
