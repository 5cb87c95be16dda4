"""The lab as `make demo` serves it, on its own ports and folder, and its page as a visitor uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.async_api import FrameLocator, Locator, Page, expect

from evals.serving import ROOT, free_port
from tests.browser.demo import PASSWORD, settings
from tests.nursery import QuickServed


class ServedLab(QuickServed):
    """``frontdesk lab`` in a process of its own; ``changed`` are settings other than the demo's."""

    def __init__(self, folder: Path, changed: Mapping[str, Any] | None = None) -> None:
        self.lab_port = free_port()
        super().__init__(
            folder,
            settings() if changed is None else changed,
            environ={"FRONTDESK_DEMO_PASSWORD": PASSWORD, "FRONTDESK_LAB_PORT": str(self.lab_port)},
        )

    @property
    def lab_url(self) -> str:
        """The page."""
        return f"http://127.0.0.1:{self.lab_port}"

    def start(self, *, wait: bool = True, **environ: str) -> None:
        """Serve the lab; returns once Frontdesk is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gateway", "lab", "--port", str(self.lab_port), "--config", str(self.config)],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environ, **environ},
            )
        if wait:
            self.wait_ready()


def served_lab(folder: Path) -> ServedLab:
    """The lab, its knowledge synced, serving."""
    served = ServedLab(folder)
    ended = served.command("sync")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    served.start()
    return served


class LabPane:
    """One channel of the lab, as its contact uses it."""

    def __init__(self, page: Page, kind: str) -> None:
        self.root: Locator = page.locator(f".pane[data-kind={kind}]")
        self.lines: Locator = self.root.locator(".line")
        self.bot: Locator = self.root.locator(".line.bot")
        self.replies: Locator = self.root.locator(".line.bot:not([data-follows])")
        """Replies of the assistant; one may take several messages."""
        self.agent: Locator = self.root.locator(".line.agent")
        self.text: Locator = self.root.locator("form input[type=text]")

    async def say(self, text: str) -> None:
        """Write and send with Enter."""
        await self.text.fill(text)
        await self.text.press("Enter")
        await expect(self.root.locator(".line.contact").last).to_contain_text(text)

    async def choose(self, name: str) -> None:
        """Press a quick reply."""
        await self.root.locator(".choices").get_by_role("button", name=name).last.click()


class LabDesk:
    """The desk in its frame."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frame: FrameLocator = page.frame_locator(".pane.desk iframe[title=Desk]")
        self.log: Locator = self.frame.get_by_role("log")

    async def open(self, text: str) -> None:
        """Open the listed conversation that shows this text, from wherever the desk is."""
        await self.page.get_by_role("group", name="Which desk").get_by_role("button", name="Desk", exact=True).click()
        back = self.frame.get_by_role("button", name="Back to the list")
        if await back.is_visible():
            await back.click()
        await self.frame.locator("#items .item").filter(has_text=text).first.click()
        await expect(self.frame.locator("#open-case")).to_be_visible()

    async def press(self, name: str) -> None:
        """Press a button by its name."""
        await self.frame.get_by_role("button", name=name, exact=True).click()

    async def reply(self, text: str) -> None:
        """Answer the contact."""
        await self.frame.locator("#text").fill(text)
        await self.press("Send reply")
        await expect(self.log.locator(".message.agent").last).to_contain_text(text)

    async def resolve(self) -> None:
        """Resolve, and say yes to the question."""
        await self.press("Resolve")
        await self.frame.get_by_role("dialog").get_by_role("button", name="Resolve").click()


class LabHelpdesk:
    """The helpdesk's own page in its frame, as Sue Jones sees it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frame: FrameLocator = page.frame_locator(".pane.desk iframe[title=Helpdesk]")
        self.body: Locator = self.frame.locator("body")

    async def open(self, text: str) -> None:
        """Open the ticket that shows this text."""
        which = self.page.get_by_role("group", name="Which desk")
        await which.get_by_role("button", name="Helpdesk", exact=True).click()
        await self.frame.get_by_text(text).first.click()
        await expect(self.frame.get_by_label("Your words")).to_be_visible()

    async def press(self, name: str) -> None:
        """Press a button by its name."""
        await self.frame.get_by_role("button", name=name, exact=True).click()

    async def reply(self, text: str) -> None:
        """A public reply."""
        await self.frame.get_by_role("radio", name="Public reply").check()
        await self.frame.get_by_label("Your words").fill(text)
        await self.press("Send to the customer")

    async def note(self, text: str) -> None:
        """An internal note."""
        await self.frame.get_by_role("radio", name="Internal note").check()
        await self.frame.get_by_label("Your words").fill(text)
        await self.press("Add the note")
