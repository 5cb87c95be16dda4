"""How this process hears of the other replicas: over the Redis that the YAML names, else by reading the store they share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

import config
from config.addresses import address_of
from core.answer_cache import AnswerCache, CacheSettings
from core.kept_answers import KeptAnswers
from gateway.compose.channels import now
from gateway.live import Hub
from gateway.spreading.catching import CatchUp

if TYPE_CHECKING:
    from gateway.spreading.layer import LiveLayer

AnswersOf = Callable[[CacheSettings], AnswerCache]


def live_layer(settings: config.Settings, *, hub: Hub, secret: bytes) -> LiveLayer | None:
    """The live layer, not yet started; None where ``live`` is embedded."""
    address = address_of(settings.live)
    if address is None:
        return None
    from gateway.spreading.layer import LiveLayer  # noqa: PLC0415  its driver takes 0.3 s to load

    return LiveLayer(address, hub=hub, secret=secret)


def answers_of(live: LiveLayer | None) -> AnswersOf:
    """What keeps a tenant's answers: all replicas together, or this process."""
    return partial(KeptAnswers, clock=now) if live is None else partial(live.answers, clock=now)


def polls_of(settings: config.Settings, hub: Hub) -> tuple[Callable[[], Awaitable[None]], ...]:
    """Background work where replicas share a store and nothing tells them of each other: watchers read it again and again."""
    if address_of(settings.live) is not None or address_of(settings.store) is None:
        return ()
    return (CatchUp(hub, is_deaf=lambda: True).run,)
