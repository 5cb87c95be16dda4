"""Pictures for a model that can see: read, bounded, and only of kinds that such models take."""

from __future__ import annotations

from typing import Final

import structlog

from core.conversing.scene import Scene
from core.ports.model import Image, ModelRole

log = structlog.get_logger(__name__)

KINDS: Final = frozenset(("image/png", "image/jpeg", "image/webp", "image/gif"))
MAX_IMAGES: Final = 3
MAX_BYTES: Final = 5_242_880


async def images_of(scene: Scene) -> tuple[Image, ...]:
    """The pictures of this turn's messages, when there is a model to see them."""
    models, read = scene.writes(), scene.abilities.read_file
    if models is None or read is None or not models.has(ModelRole.VISION):
        return ()
    images: list[Image] = []
    for event in scene.turn.events:
        for item in event.attachments:
            if item.media_type not in KINDS or item.unavailable is not None or item.size_bytes > MAX_BYTES:
                continue
            try:
                content = await read(item)
            except LookupError:
                log.info("image_not_readable", turn=scene.turn.turn_id, attachment=item.id)
                continue
            if len(content) <= MAX_BYTES and len(images) < MAX_IMAGES:
                images.append(Image(media_type=item.media_type, content=content))
    return tuple(images)
