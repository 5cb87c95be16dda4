"""The running summary: what leaves the window of the last messages is summed up beside the answer, never before it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

import structlog

from core.conversing.opening import scenery_of
from core.conversing.prompts import summary_request
from core.conversing.remembering import MAX_SUMMARY_CHARS, Kept, as_lines, leaving
from core.conversing.scene import Scene
from core.errors import TurnError
from core.ports.model import ModelRole

log = structlog.get_logger(__name__)

LIMIT_S: Final = 6.0
"""A summary is for later turns; a slow one is left out, and tried again next time."""


async def summed(scene: Scene) -> Kept | None:
    """What is kept, with the summary brought up to date; None when there is nothing to sum up or no model to do it."""
    models, asked = scene.writes(), scene.settings
    old = leaving(scene.turn.history, scene.kept, limit=asked.history, at_once=asked.converse.summary_every)
    if models is None or not old:
        return None
    request = summary_request(scenery_of(scene.turn, scene.abilities), scene.kept.summary, as_lines(old))
    try:
        async with asyncio.timeout(LIMIT_S):
            answer = await models.complete(ModelRole.FAST, request)
    except (TurnError, TimeoutError) as error:
        log.info("summary_left_out", turn=scene.turn.turn_id, error=type(error).__name__)
        return None
    words = " ".join(answer.text.split())[:MAX_SUMMARY_CHARS]
    return replace(scene.kept, summary=words, summed_to=old[-1].seq) if words else None
