"""The demo company as `make demo` serves it, with its own ports and folder: shop, widget and desk for a real browser."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from pathlib import Path
from typing import Any, Final

from playwright.async_api import FrameLocator, Locator, Page, expect

from config.problems import Report
from config.yaml_tree import parse
from evals.serving import ROOT, Served

DEMO: Final = ROOT / "config" / "examples" / "demo"
FRAME: Final = "#frontdesk iframe"
PASSWORD: Final = "a-demo-password-51c9"
AGENT: Final = "Sam Rivers"


def settings() -> dict[str, Any]:
    """The demo's own YAML; only its paths are made absolute, and many visitors come from this one address."""
    tree = parse((DEMO / "frontdesk.yaml").read_bytes(), Report("demo"))  # as Frontdesk reads it: `on` is no boolean
    assert tree is not None
    made: dict[str, Any] = tree.data
    del made["data_dir"]
    made["server"]["public"]["demo_site"] = str(DEMO / "site")
    made["server"]["limits"] = {"sessions_per_minute": 1000}
    for source in made["tenants"][0]["knowledge"]["sources"]:
        source["path"] = str(DEMO / source["path"])
    made["tenants"][0]["engine"]["confidence"]["calibration"] = str(DEMO / "calibration.json")
    return made


def served_demo(folder: Path) -> Served:
    """The demo, its knowledge synced, serving."""
    served = Served(folder, settings(), environ={"FRONTDESK_DEMO_PASSWORD": PASSWORD})
    ended = served.command("sync")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    served.start()
    return served


class Wire:
    """A cable between browser and server that can be cut and listened to; it forwards TCP and knows nothing else."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.is_whole = True
        self.heard = bytearray()
        """All that the server said."""
        self._pause_after = b""
        self._goes_on = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._listener: asyncio.Server | None = None
        self.url = ""

    async def start(self) -> None:
        """Listen on a free port."""
        self._listener = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Cut everything and listen no more."""
        self.cut()
        if self._listener is not None:
            self._listener.close()

    def cut(self) -> None:
        """Every connection breaks now, and new ones do until :meth:`mend`."""
        self.is_whole = False
        for writer in tuple(self._open):
            writer.transport.abort()

    def mend(self) -> None:
        """Connections go through again."""
        self.is_whole = True

    def pause_after(self, event: bytes) -> None:
        """What the server says after the next event of this name waits for :meth:`go_on`."""
        self._pause_after = b"event: " + event + b"\n"
        self._goes_on.clear()

    def go_on(self) -> None:
        """Let through what waits."""
        self._pause_after = b""
        self._goes_on.set()

    def streamed(self) -> list[str]:
        """The growing texts of replies in the making, as the server sent them."""
        found = re.findall(rb"event: message\.delta\ndata: (\{.*\})\n\n", bytes(self.heard))
        return [json.loads(data)["text"] for data in found]

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        self._open.add(writer)
        try:
            if self.is_whole:
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
                ends.append(far_writer)
                self._open.add(far_writer)
                await asyncio.gather(_pump(reader, far_writer), self._listen(far_reader, writer))
        except OSError:
            pass  # one side is gone; the other learns it now
        finally:
            for end in ends:
                self._open.discard(end)
                end.transport.abort()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            self.heard += data
            now, later = self._divided(data)
            writer.write(now)
            if later:
                await self._goes_on.wait()
                writer.write(later)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()

    def _divided(self, data: bytes) -> tuple[bytes, bytes]:
        at = data.find(self._pause_after) if self._pause_after else -1
        end = data.find(b"\n\n", at) + 2 if at >= 0 else len(data)
        return data[:end], data[end:]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


class Shop:
    """The shop's page with the widget on it, as a visitor uses them."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.launcher: Locator = page.locator("#frontdesk button")
        self.frame: FrameLocator = page.frame_locator(FRAME)
        self.log: Locator = self.frame.get_by_role("log")
        self.text: Locator = self.frame.locator("#text")
        self.replies: Locator = self.log.locator(".row-bot")
        self.banner: Locator = self.frame.locator(".banner")
        self.csat: Locator = self.frame.locator(".csat")

    async def visit(self, *, opens: bool = True) -> Shop:
        """Load the shop; open the chat."""
        await self.page.goto(f"{self.url}/demo/")
        await self.launcher.wait_for()
        if opens:
            await self.open()
        return self

    async def open(self) -> None:
        """Open the chat."""
        await self.launcher.click()
        await expect(self.frame.locator(".greeting")).to_be_visible()

    async def say(self, text: str) -> None:
        """Write and send with Enter."""
        await self.text.fill(text)
        await self.text.press("Enter")

    async def ask(self, text: str) -> Locator:
        """Ask, and wait for the whole answer; its row."""
        before = await self.replies.count()
        await self.say(text)
        await expect(self.replies).to_have_count(before + 1)
        return self.replies.last

    async def lines(self) -> list[str]:
        """What was said, in order, each with its speaker; the texts of sources, times and buttons left out."""
        said: list[str] = await self.log.evaluate(
            """(log) => [...log.querySelectorAll(".row, .notice-row")].map((row) =>
                `${row.className.split(" ").at(-1)}: ${(row.querySelector(".words") ?? row).innerText.trim()}`)"""
        )
        return said


class Desk:
    """The desk's page as an agent uses it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.items: Locator = page.locator("#items .item")
        self.log: Locator = page.get_by_role("log")
        self.text: Locator = page.locator("#text")
        self.state: Locator = page.locator("#case-head .state")
        self.brief: Locator = page.get_by_role("complementary", name="Brief")

    async def enter(self) -> Desk:
        """Log in by the form."""
        await self.page.goto(f"{self.url}/desk")
        await self.page.get_by_label("Name").fill("sam")
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Log in").click()
        await expect(self.page.locator("#live")).to_have_attribute("data-state", "live")
        return self

    async def open(self, text: str) -> None:
        """Open the listed conversation that shows this text."""
        await self.items.filter(has_text=text).first.click()
        await expect(self.page.locator("#open-case")).to_be_visible()

    async def press(self, name: str) -> None:
        """Press a button by its name."""
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def reply(self, text: str) -> None:
        """Answer the visitor."""
        await self.page.get_by_role("tab", name="Reply").click()
        await self.text.fill(text)
        await self.press("Send reply")
        await expect(self.log.locator(".message.agent").last).to_contain_text(text)

    async def resolve(self) -> None:
        """Resolve, and say yes to the question."""
        await self.press("Resolve")
        await self.page.get_by_role("dialog").get_by_role("button", name="Resolve").click()
        await expect(self.state).to_have_text("Resolved")
