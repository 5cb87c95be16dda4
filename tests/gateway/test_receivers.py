"""Channels that fetch their events themselves are started, followed through a reload, and never given up."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.domain import InboundEvent
from core.errors import CredentialsInvalid, ProviderUnavailable
from core.ports.channel import Accept, Channel
from gateway.receivers import Receivers
from tests.gateway.stage import ACCOUNT, RecordingChannel, running


class Polling(RecordingChannel):
    """Hands over what is put into ``waiting``; raises the next of ``breaks`` first."""

    is_receiving = True

    def __init__(self) -> None:
        super().__init__()
        self.waiting: asyncio.Queue[InboundEvent] = asyncio.Queue()
        self.breaks: list[Exception] = []
        self.started = 0
        self.ended = []
        self.changed = asyncio.Event()

    async def receive(self, accept: Accept) -> None:
        self.started += 1
        self.changed.set()
        if self.breaks:
            raise self.breaks.pop(0)
        try:
            while True:
                await accept([await self.waiting.get()])
        finally:
            self.ended.append("received")
            self.changed.set()


async def test_what_a_channel_fetches_is_answered(tmp_path: Path) -> None:
    channel = Polling()
    async with running(tmp_path, channel=channel) as stage:
        receivers = Receivers(stage.intake, accounts=stage.accounts, channels=lambda: {ACCOUNT: channel})
        await receivers.start()
        channel.waiting.put_nowait(stage.event("by polling"))
        await stage.until(lambda: is_sent(channel))
        assert await stage.texts() == ["by polling", "You said: by polling"]
        await receivers.stop()
        assert channel.ended == ["received"]


async def is_sent(channel: Polling) -> bool:
    return bool(channel.sent)


async def test_a_receiver_that_breaks_is_started_again_and_a_lost_account_is_parked(tmp_path: Path) -> None:
    channel = Polling()
    channel.breaks = [ProviderUnavailable("down"), CredentialsInvalid("revoked")]
    async with running(tmp_path, channel=channel) as stage:
        receivers = Receivers(
            stage.intake, accounts=stage.accounts, channels=lambda: {ACCOUNT: channel}, first_pause_s=0.005
        )
        await receivers.start()
        async with asyncio.timeout(10):
            while channel.started < 3:
                channel.changed.clear()
                await channel.changed.wait()
        assert ACCOUNT in stage.accounts.parked
        channel.waiting.put_nowait(stage.event("back again"))
        await stage.until(lambda: is_sent(channel))
        assert ACCOUNT not in stage.accounts.parked
        await receivers.stop()


async def test_a_reload_stops_the_former_channel_and_starts_the_new_one(tmp_path: Path) -> None:
    former, later = Polling(), Polling()
    channels: dict[str, Channel] = {ACCOUNT: former}
    async with running(tmp_path) as stage:
        receivers = Receivers(stage.intake, accounts=stage.accounts, channels=lambda: channels)
        await receivers.start()
        async with asyncio.timeout(10):
            await former.changed.wait()
        channels[ACCOUNT] = later
        await receivers.follow()
        async with asyncio.timeout(10):
            await later.changed.wait()
        assert (former.ended, later.started) == (["received"], 1)
        await receivers.stop()
        await receivers.stop()
