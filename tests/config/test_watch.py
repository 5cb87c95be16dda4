"""Reload: on SIGHUP and on saving, only what is good and different; the last good settings stay, and the log says why."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from config import Settings, SettingsWatcher, load
from config.watch import differences, needs_restart
from tests.config.files import ENVIRON, GOOD, PLUGS, folder


class Bench:
    """A watcher on a real file; ``taken`` holds what it handed over, ``loads`` counts its loads."""

    def __init__(self, root: Path) -> None:
        self.root = folder(root)
        self.file = root / "frontdesk.yaml"
        self.file.write_text(GOOD)
        self.taken: asyncio.Queue[Settings] = asyncio.Queue()
        self.loads: asyncio.Queue[None] = asyncio.Queue()
        self.loop = asyncio.get_running_loop()
        self.watcher = SettingsWatcher(self.file, self.load, self.take, current=load(self.file, PLUGS, ENVIRON))

    def load(self) -> Settings:
        try:
            return load(self.file, PLUGS, ENVIRON)
        finally:
            self.loop.call_soon_threadsafe(self.loads.put_nowait, None)

    async def take(self, settings: Settings) -> None:
        if settings.tenants[0].name == "refuse me":
            raise OSError("cannot open what it names")
        self.taken.put_nowait(settings)

    def save(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        fresh = self.file.with_suffix(".new")
        fresh.write_text(text.replace(old, new))
        fresh.replace(self.file)

    async def next(self) -> Settings:
        return await asyncio.wait_for(self.taken.get(), 30)


@pytest.fixture
async def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@asynccontextmanager
async def following(bench: Bench) -> AsyncIterator[None]:
    await bench.watcher.start()
    try:
        yield
    finally:
        await bench.watcher.stop()


async def test_saving_the_file_hands_over_new_settings(bench: Bench) -> None:
    async with following(bench):
        bench.save("name: Demo", "name: Demonstration")
        assert (await bench.next()).tenants[0].name == "Demonstration"
        bench.save("name: Demonstration", "name: Again")
        assert (await bench.next()).tenants[0].name == "Again"


async def test_a_new_secret_in_its_file_is_noticed(bench: Bench) -> None:
    async with following(bench):
        (bench.root / "robin.secret").write_text("canary-another-password")
        assert (await bench.next()).people[1].password.get_secret_value() == "canary-another-password"


async def test_sighup_loads_again(bench: Bench) -> None:
    async with following(bench):
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.wait_for(bench.loads.get(), 30)
    assert bench.taken.empty()


async def test_a_bad_file_is_refused_once_with_every_mistake_and_a_good_one_follows(bench: Bench) -> None:
    bench.save("port: 8081", "prot: 8081")
    bench.save("roles: [agent, admin]", "roles: [boss]")
    with capture_logs() as logs:
        assert not await bench.watcher.reload()
        assert not await bench.watcher.reload()
    assert bench.taken.empty()
    assert [entry["event"] for entry in logs] == ["config_refused"]
    assert [":6:5: unknown key `prot`" in text or ":12:" in text for text in logs[0]["problems"]] == [True, True]
    bench.save("prot: 8081", "port: 8082")
    bench.save("roles: [boss]", "roles: [agent]")
    assert await bench.watcher.reload()
    assert (await bench.next()).server.internal.port == 8082


async def test_the_same_settings_in_other_words_change_nothing(bench: Bench) -> None:
    bench.save("version: 1", "# a remark\nversion: 1")
    assert not await bench.watcher.reload()
    assert bench.taken.empty()


async def test_what_needs_a_restart_is_named(bench: Bench) -> None:
    bench.save("port: 8081", "port: 8082")
    bench.save("canary-literal-session-secret-of-32-bytes", "canary-other-session-secret-of-32-bytes!")
    bench.save("greeting: Hello", "greeting: Welcome")
    with capture_logs() as logs:
        assert await bench.watcher.reload()
    by_event = {entry["event"]: entry for entry in logs}
    restart = ("server.internal.port", "server.session_secret")
    assert by_event["config_reloaded"]["changed"] == (*restart, "tenants[demo].accounts[demo-chat].greeting")
    assert by_event["config_needs_restart"]["settings"] == restart
    assert "canary" not in str(logs)


async def test_settings_that_cannot_be_taken_over_leave_the_old_ones(bench: Bench) -> None:
    bench.save("name: Demo", "name: refuse me")
    with capture_logs() as logs:
        assert not await bench.watcher.reload()
    assert [entry["event"] for entry in logs] == ["config_not_taken_over"]
    bench.save("name: refuse me", "name: fine")
    assert await bench.watcher.reload()


async def test_start_and_stop_are_safe_twice_and_in_any_order(bench: Bench) -> None:
    await bench.watcher.stop()
    await bench.watcher.start()
    await bench.watcher.start()
    await bench.watcher.stop()
    await bench.watcher.stop()
    await bench.watcher.start()
    bench.save("name: Demo", "name: Later")
    assert (await bench.next()).tenants[0].name == "Later"
    await bench.watcher.stop()


async def test_without_current_settings_it_loads_them_first(bench: Bench) -> None:
    watcher = SettingsWatcher(bench.file, load=bench.load, on_change=bench.take)
    await watcher.start()
    await watcher.stop()
    assert bench.loads.qsize() == 1


def test_differences_name_places_not_values(tmp_path: Path) -> None:
    file = folder(tmp_path) / "frontdesk.yaml"
    file.write_text(GOOD)
    old = load(file, PLUGS, ENVIRON)
    file.write_text(GOOD.replace("id: robin", "id: rob").replace('handoff: "Coming"', "handoff: Now"))
    new = load(file, PLUGS, ENVIRON | {"SAM_PASSWORD": "canary-other"})
    changed = ["people[sam].password", "people[robin]", "people[rob]", "tenants[demo].notices.default[handoff]"]
    assert list(differences(old, new)) == changed
    assert needs_restart(tuple(changed)) == ()
