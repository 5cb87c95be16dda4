"""Follows the YAML file while the process serves: SIGHUP and saving it load it anew.

A file with mistakes is refused, the last good one stays, and the log says why.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import structlog
from pydantic import BaseModel, SecretStr

from config.models import Settings
from config.problems import ConfigProblems
from core.errors import FrontdeskError

log = structlog.get_logger(__name__)

NEEDS_RESTART: Final = (
    "data_dir",
    "store",
    "knowledge",
    "live",
    "server.public.host",
    "server.public.port",
    "server.internal.host",
    "server.internal.port",
    "server.session_secret",
)
"""Settings a running process cannot take over; everything else applies at once."""

LOOK_EVERY_MS: Final = 2_000
"""How often the file's stamp is compared where the system sends no event (network drives, secrets in other folders)."""

SETTLE_MS: Final = 200
"""Editors write in several steps; this long nothing must happen before the file is read."""

Load = Callable[[], Settings]
OnChange = Callable[[Settings], Awaitable[None]]
Stamp = tuple[tuple[str, int, int, int], ...]


class SettingsWatcher:
    """Calls ``on_change`` with new settings that are good and different; never with bad ones.

    ``load`` runs in a worker thread.  ``current`` is what the process runs with; left out: ``start`` loads it.
    """

    def __init__(self, path: Path, load: Load, on_change: OnChange, *, current: Settings | None = None) -> None:
        self._path = Path(path)
        self._load = load
        self._on_change = on_change
        self._current = current
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._asked = asyncio.Event()
        self._seen: Stamp = ()
        self._refused = ""

    async def start(self) -> None:
        """Begin to follow.  Safe twice."""
        if self._task is not None:
            return
        self._stop.clear()
        self._seen = self._stamp()
        if self._current is None:
            self._current = await asyncio.to_thread(self._load)
        # A system without SIGHUP, or a loop outside the main thread, still follows the file.
        with suppress(NotImplementedError, RuntimeError, ValueError, AttributeError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._asked.set)
        self._task = asyncio.create_task(self._follow(), name="settings")

    async def stop(self) -> None:
        """Stop following.  Safe twice and before start."""
        task, self._task = self._task, None
        if task is None:
            return
        self._stop.set()
        self._asked.set()
        with suppress(NotImplementedError, RuntimeError, ValueError, AttributeError):
            asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        await task

    async def reload(self) -> bool:
        """Load now; true when new settings were taken over."""
        self._seen = self._stamp()
        try:
            new = await asyncio.to_thread(self._load)
        except FrontdeskError as error:
            self._refuse(error)
            return False
        self._refused = ""
        changed = tuple(differences(self._current, new))
        if not changed:
            log.info("config_unchanged", file=str(self._path))
            return False
        return await self._take_over(new, changed)

    async def _take_over(self, new: Settings, changed: tuple[str, ...]) -> bool:
        try:
            await self._on_change(new)
        except Exception:
            log.exception(
                "config_not_taken_over", file=str(self._path), changed=changed, meaning="the last good one stays"
            )
            return False
        self._current = new
        log.info("config_reloaded", file=str(self._path), changed=changed)
        for problem in new.warnings:
            log.warning("config_warning", problem=str(problem))
        if waiting := needs_restart(changed):
            log.warning("config_needs_restart", settings=waiting, meaning="they apply at the next start")
        return True

    def _refuse(self, error: FrontdeskError) -> None:
        """Say once why a file is refused, with every mistake."""
        if error.safe_message == self._refused:
            return
        self._refused = error.safe_message
        found = [str(p) for p in error.problems] if isinstance(error, ConfigProblems) else [error.safe_message]
        log.error("config_refused", file=str(self._path), problems=found, meaning="the last good one stays")

    async def _follow(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._on_signal())
            group.create_task(self._on_files())

    async def _on_signal(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            if self._stop.is_set():
                return
            await self._guarded()

    async def _on_files(self) -> None:
        async for _ in self._ticks():
            if not self._stop.is_set() and self._stamp() != self._seen:
                await self._guarded()

    async def _guarded(self) -> None:
        """A bug in loading must not end the watch."""
        try:
            await self.reload()
        except Exception:
            log.exception("config_reload_failed", file=str(self._path))

    async def _ticks(self) -> AsyncIterator[None]:
        """One tick for every event in the folder and one now and then; the stamp decides whether anything changed."""
        folder = self._path.absolute().parent
        watchfiles = await asyncio.to_thread(import_module, "watchfiles")  # not while the process starts
        try:
            async for _ in watchfiles.awatch(
                folder,
                recursive=False,
                watch_filter=None,
                stop_event=self._stop,
                debounce=SETTLE_MS * 4,
                step=SETTLE_MS,
                rust_timeout=LOOK_EVERY_MS,
                yield_on_timeout=True,
                ignore_permission_denied=True,
            ):
                yield
        except (OSError, RuntimeError) as error:
            log.warning("config_watch_polls", file=str(self._path), reason=type(error).__name__)
            while not self._stop.is_set():
                yield
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), LOOK_EVERY_MS / 1000)

    def _stamp(self) -> Stamp:
        """What tells that the file, or a secret file it names, is another one."""
        origin = self._current.origin if self._current else None
        return tuple(_stamp_of(path) for path in dict.fromkeys((self._path, *(origin.files if origin else ()))))


def _stamp_of(path: Path) -> tuple[str, int, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return (str(path), 0, 0, 0)
    return (str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino)


def needs_restart(changed: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the changed settings that a running process cannot take over."""
    return tuple(name for name in changed if name.startswith(NEEDS_RESTART))


def differences(old: Any, new: Any, name: str = "") -> Iterator[str]:
    """The settings that differ, as ``tenants[demo].accounts[web].greeting``; never their values."""
    if isinstance(old, BaseModel) and isinstance(new, BaseModel) and type(old) is type(new):
        for field in type(new).model_fields:
            inner = name if field == "settings" else f"{name}.{field}".lstrip(".")
            yield from differences(getattr(old, field), getattr(new, field), inner)
    elif isinstance(old, dict) and isinstance(new, dict):
        yield from _by_key(old, new, name)
    elif isinstance(old, tuple) and isinstance(new, tuple) and all(hasattr(entry, "id") for entry in (*old, *new)):
        yield from _by_key({e.id: e for e in old}, {e.id: e for e in new}, name)
    elif _revealed(old) != _revealed(new):
        yield name


def _by_key(old: dict[Any, Any], new: dict[Any, Any], name: str) -> Iterator[str]:
    for key in dict.fromkeys((*old, *new)):
        inner = f"{name}[{key}]"
        if key in old and key in new:
            yield from differences(old[key], new[key], inner)
        else:
            yield inner


def _revealed(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
