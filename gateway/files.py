"""The ``Files`` port: the bytes of a conversation's files, and short-lived addresses from which a vendor can fetch them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from core.domain import Attachment
from gateway import filestore
from gateway.http.links import media_token
from gateway.uploads import Uploads


class StoredFiles:
    """The files of one tenant; ``base_url`` is where vendors reach the public listener, None: nowhere."""

    def __init__(
        self, tenant: str, uploads: Uploads, *, secret: bytes, base_url: str | None, clock: Callable[[], datetime]
    ) -> None:
        self._tenant = tenant
        self._uploads = uploads
        self._secret = secret
        self._base_url = (base_url or "").rstrip("/")
        self._clock = clock

    async def read(self, attachment: Attachment) -> bytes:
        """The bytes; ``LookupError`` when they are gone, or not this tenant's."""
        if not filestore.is_id(attachment.id):
            raise LookupError(attachment.id)
        path = await self._uploads.at(self._tenant, attachment.id)
        if path is None:
            raise LookupError(attachment.id)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            raise LookupError(attachment.id) from error

    def link(self, attachment: Attachment, *, valid_s: int) -> str | None:
        """An address that needs no cookie and ends after ``valid_s`` seconds; None when vendors cannot reach us."""
        if not self._base_url or attachment.unavailable is not None or not filestore.is_id(attachment.id):
            return None
        expires_at = int(self._clock().timestamp()) + valid_s
        return f"{self._base_url}/media/{media_token(self._secret, self._tenant, attachment.id, expires_at)}"
