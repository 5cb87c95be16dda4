"""The small records of the document ledger: journal steps, previews, claims, feedback, uploads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from core.claim_days import day_of
from core.domain import Attachment
from core.ports.store import Feedback, Preview, Step
from gateway.store.documents import Document, Value, Where
from gateway.store.ledger_io import SureDocuments, body, number, shard, word
from gateway.store.ledger_shapes import Key, step_document
from gateway.store.times import micros, moment


class Records:
    """Unique inserts, but for the preview, which only its own turn writes."""

    def __init__(self, documents: SureDocuments, clock: Callable[[], datetime]) -> None:
        self._documents = documents
        self._clock = clock

    async def record_step(self, key: Key, turn_id: str, name: str, content: bytes) -> bool:
        """Insert a journal row after the last one, since only the lane's holder writes it."""
        of_turn: Where = (("turn_id", "eq", turn_id),)
        last = await self._documents.find("steps", key.shard, where=of_turn, sort=(("n", -1),), limit=1)
        n = number(last[0], "n") + 1 if last else 0
        row = step_document(key, turn_id, name, content, n=n, at=self._clock())
        return await self._documents.insert_one("steps", row)

    async def steps(self, key: Key, turn_id: str) -> tuple[Step, ...]:
        """The journal of a turn."""
        found = await self._documents.find(
            "steps", key.shard, where=(("turn_id", "eq", turn_id),), sort=(("n", 1), ("recorded_at", 1))
        )
        return tuple(
            Step(
                turn_id=turn_id,
                name=word(document, "name"),
                body=body(document),
                recorded_at=moment(number(document, "recorded_at")),
            )
            for document in found
        )

    async def save_preview(self, key: Key, preview: Preview) -> None:
        """Insert or lengthen a preview."""
        row: Document = {
            "_id": key.turn(preview.turn_id),
            "conv": key.shard,
            "tenant": key.tenant,
            "shown": preview.shown,
            "vendor_ref": preview.vendor_ref,
        }
        if await self._documents.insert_one("previews", row):
            return
        earlier = await self.preview(key, preview.turn_id)
        if earlier is not None and len(preview.shown) < len(earlier.shown):
            return
        changes: dict[str, Value] = {"shown": preview.shown}
        if preview.vendor_ref is not None:
            changes["vendor_ref"] = preview.vendor_ref
        await self._documents.update("previews", key.shard, word(row, "_id"), changes=changes)

    async def preview(self, key: Key, turn_id: str) -> Preview | None:
        """The preview of a turn."""
        found = await self._documents.get("previews", key.shard, key.turn(turn_id))
        if found is None:
            return None
        ref = found["vendor_ref"]
        return Preview(turn_id=turn_id, shown=word(found, "shown"), vendor_ref=ref if isinstance(ref, str) else None)

    async def claim(self, tenant: str, name: str, value: str) -> str:
        """Unique insert of a key; the value that stands."""
        id = shard(tenant, name)
        day = day_of(name, now=self._clock())
        await self._documents.ensure("claims", ({"_id": id, "conv": id, "tenant": tenant, "value": value, "day": day},))
        stands = await self.claimed(tenant, name)
        return value if stands is None else stands

    async def claimed(self, tenant: str, name: str) -> str | None:
        """The value that stands for a key."""
        id = shard(tenant, name)
        found = await self._documents.get("claims", id, id)
        return None if found is None else word(found, "value")

    async def put_feedback(self, key: Key, feedback: Feedback) -> bool:
        """Insert feedback."""
        row: Document = {
            "_id": f"{key.shard}|{feedback.id}",
            "conv": key.shard,
            "tenant": key.tenant,
            "id": feedback.id,
            "given_at": micros(feedback.given_at),
            "body": msgspec.msgpack.encode(feedback),
        }
        return await self._documents.insert_one("feedback", row)

    async def feedback(self, key: Key) -> tuple[Feedback, ...]:
        """Feedback on a conversation, oldest first."""
        found = await self._documents.find("feedback", key.shard, sort=(("given_at", 1), ("id", 1)))
        return tuple(msgspec.msgpack.decode(body(document), type=Feedback) for document in found)

    async def put_upload(self, key: Key, upload: Attachment, uploaded_at: datetime) -> None:
        """Record an upload under its own id, by which alone it is asked for."""
        id = shard(key.tenant, upload.id)
        row: Document = {
            "_id": id,
            "conv": id,
            "tenant": key.tenant,
            "of": key.conv,
            "uploaded_at": micros(uploaded_at),
            "body": msgspec.msgpack.encode(upload),
        }
        await self._documents.ensure("uploads", (row,))

    async def upload(self, tenant: str, upload_id: str) -> tuple[Attachment, str] | None:
        """An upload and its conversation."""
        id = shard(tenant, upload_id)
        found = await self._documents.get("uploads", id, id)
        return None if found is None else (msgspec.msgpack.decode(body(found), type=Attachment), word(found, "of"))
