"""A Chromium for all browser tests, pages that watch themselves, the stand-in server, and the real demo.

Everything runs on the session's event loop: the browser's connection belongs to it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import pytest_asyncio
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    FrameLocator,
    Locator,
    Page,
    Request,
    ViewportSize,
    async_playwright,
    expect,
)

from evals.serving import Served
from tests.browser.demo import FRAME, Desk, Shop, Wire, served_demo
from tests.browser.stand_in import StandIn

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
LIMIT_MS = 40_000
expect.set_options(timeout=LIMIT_MS)
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}


def missing(what: str) -> NoReturn:
    """A tool is not there: a reason to skip on somebody's machine, a failure in CI, where it must be."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for the session."""
    if CHROMIUM is None:
        missing("no system Chromium; run tests/browser/install.sh, as `make test` does")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def stand_in() -> AsyncIterator[StandIn]:
    """A fresh stand-in server."""
    server = StandIn()
    await server.start()
    yield server
    await server.stop()


class Watch:
    """What a page must never do: raise, break its content policy, ask a stranger."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed
        self.problems: list[str] = []

    def attach(self, page: Page) -> None:
        page.on("pageerror", self._raised)
        page.on("console", self._logged)
        page.on("request", self._asked)

    def _raised(self, error: Error) -> None:
        self.problems.append(f"raised: {error.message}\n{error.stack}")

    def _logged(self, message: ConsoleMessage) -> None:
        # A refused or broken call is logged by the browser itself; the tests cause those.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.problems.append(f"logged: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((*self.allowed, "data:", "blob:")):
            self.problems.append(f"asked a stranger: {request.url}")


class Widget:
    """The chat on a host page, as a person sees it."""

    def __init__(self, page: Page, stand_in: StandIn) -> None:
        self.page = page
        self.stand_in = stand_in
        self.frame: FrameLocator = page.frame_locator(FRAME)
        self.launcher: Locator = page.locator("#frontdesk button")
        self.log: Locator = self.frame.get_by_role("log")
        self.text: Locator = self.frame.locator("#text")

    async def visit(self, path: str = "/host", *, opens: bool = True) -> Widget:
        """Load the host page; open the chat."""
        await self.page.goto(self.stand_in.host_url + path)
        await self.launcher.wait_for()
        if opens:
            await self.open()
        return self

    async def open(self) -> None:
        """Open the chat and wait for its greeting."""
        await self.launcher.click()
        await self.frame.locator(".greeting").wait_for()

    async def send(self, text: str) -> None:
        """Write and send with Enter."""
        await self.text.fill(text)
        await self.text.press("Enter")

    async def lines(self) -> list[str]:
        """The texts of all bubbles and notices in the log."""
        return await self.log.locator(".bubble, .notice").all_inner_texts()

    async def run(self, script: str, argument: Any = None) -> Any:
        """Run a script inside the frame."""
        handle = await self.page.locator(FRAME).element_handle()
        assert handle is not None
        frame = await handle.content_frame()
        assert frame is not None
        return await frame.evaluate(script, argument)


@pytest.fixture
def watch(stand_in: StandIn) -> Watch:
    """Watches the pages of ``context``."""
    return Watch((stand_in.url, stand_in.host_url))


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser, watch: Watch) -> AsyncIterator[BrowserContext]:
    """A browser profile whose pages are watched; what they did wrong fails the test at its end."""
    profile = await browser.new_context(viewport=DESKTOP, locale="en-GB", reduced_motion="reduce")
    profile.set_default_timeout(LIMIT_MS)
    profile.on("page", watch.attach)
    yield profile
    await profile.close()
    assert watch.problems == []


@pytest_asyncio.fixture(loop_scope="session")
async def widget(context: BrowserContext, stand_in: StandIn) -> Widget:
    """A new page with nothing on it yet."""
    return Widget(await context.new_page(), stand_in)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """The demo, serving."""
    made = await asyncio.to_thread(served_demo, tmp_path_factory.mktemp("demo"))
    yield made
    await asyncio.to_thread(made.stop)


@pytest_asyncio.fixture(loop_scope="session")
async def wire(demo: Served) -> AsyncIterator[Wire]:
    """The cable between the visitor and the server."""
    made = Wire(demo.port)
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def shop(browser: Browser, wire: Wire) -> AsyncIterator[Shop]:
    """A visitor's own browser."""
    watch = Watch((wire.url,))
    profile = await browser.new_context(viewport=DESKTOP, locale="en-GB", reduced_motion="reduce")
    profile.set_default_timeout(LIMIT_MS)
    profile.on("page", watch.attach)
    yield Shop(await profile.new_page(), wire.url)
    await profile.close()
    assert watch.problems == []


@pytest_asyncio.fixture(loop_scope="session")
async def desk(browser: Browser, demo: Served) -> AsyncIterator[Desk]:
    """The agent's browser, logged in."""
    watch = Watch((demo.internal_url,))
    profile = await browser.new_context(viewport=DESKTOP, locale="en-GB", reduced_motion="reduce")
    profile.set_default_timeout(LIMIT_MS)
    profile.on("page", watch.attach)
    yield await Desk(await profile.new_page(), demo.internal_url).enter()
    await profile.close()
    assert watch.problems == []


async def axe_problems(page: Page) -> list[str]:
    """The serious and critical violations that axe-core finds in a page and its frames."""
    if not AXE.exists():
        missing("axe-core is not installed; run tests/browser/install.sh, as `make test` does")
    found = []
    for frame in page.frames:
        # A frame's policy forbids foreign scripts, so axe comes in through the debugger.
        await frame.evaluate(AXE.read_text(encoding="utf-8"))
        results = await frame.evaluate("axe.run({resultTypes: ['violations'], iframes: false})")
        found += [
            f"{item['id']} ({item['impact']}): {node['html'][:160]} | {node.get('failureSummary', '')}"
            for item in results["violations"] if item["impact"] in ("serious", "critical")
            for node in item["nodes"]
        ]  # fmt: skip
    return found
