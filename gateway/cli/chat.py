"""``frontdesk chat``: talk to a running server from the terminal."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from adapters.shared.text import strip_invisible
from gateway.cli.chat_client import ChatClient, ChatFailed, Event

T = TypeVar("T")

DEFAULT_URL: Final = "http://127.0.0.1:8080"
REFUSED, UNREACHABLE = 1, 3
PROMPT: Final = "[bold]› [/bold]"
HELP: Final = """/human REASON    talk to a person (why is up to you)
/why             what the last answer stands on
/new             start over as a new visitor
/quit            leave (Ctrl-D works too)"""


class Screen:
    """What the terminal shows; without a terminal plain lines, each answer once it is complete."""

    def __init__(self, console: Console, url: str) -> None:
        self._console = console
        self._url = url
        self._text = ""
        self._live: Live | None = None
        self.sources: list[dict[str, Any]] = []
        self.message_ids: list[str] = []

    @property
    def is_terminal(self) -> bool:
        """Whether a person is looking."""
        return self._console.is_terminal

    def begin(self) -> None:
        """A new answer."""
        self._text, self.sources, self.message_ids = "", [], []
        if self.is_terminal:
            self._live = Live(console=self._console, vertical_overflow="visible", refresh_per_second=20)
            self._live.start()

    def show(self, event: Event) -> None:
        """One event of an answer."""
        match event.name:
            case "token":
                so_far = "" if event.data.get("replace") else self._text
                self._text = so_far + event.data["text"]
                if self._live is not None:
                    self._live.update(Markdown(strip_invisible(self._text)))
            case "cited_sources":
                self.sources.extend(event.data["sources"])
            case "escalation_confirmed":
                self._end_text()
                self.notice(event.data["notice"])
            case "done":
                self._end_text()
                self.message_ids = event.data["message_ids"]
                self._show_sources()
                if event.data["relayed"]:
                    self.notice("Passed on to the team.")
            case "error":
                self._end_text()

    def _end_text(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        elif self._text and not self.is_terminal:
            self._console.print(Text(strip_invisible(self._text)), soft_wrap=True)
        self._text = ""

    def end(self) -> None:
        """The answer is over, however it ended."""
        self._end_text()

    def _show_sources(self) -> None:
        for source in self.sources:
            url = source["url"]
            place = url if "://" in url else f"{self._url}{url}"
            line = Text(f"  [{source['number']}] ", style="dim")
            line.append(strip_invisible(source["title"]), style="dim")
            line.append(f"  {strip_invisible(place)}", style="dim cyan")
            self._console.print(line, soft_wrap=True)

    def why(self) -> None:
        """The words the last answer stands on, and how to see the whole turn."""
        for source in self.sources:
            title = strip_invisible(f"[{source['number']}] {source['heading'] or source['title']}")
            self._console.print(Text(title, style="bold"), soft_wrap=True)
            self._console.print(Text(f"    “{strip_invisible(source['quote'])}”"), soft_wrap=True)
        for message_id in self.message_ids:
            self._console.print(Text(f"frontdesk why '{message_id}'", style="dim"), soft_wrap=True)
        if not self.message_ids:
            self.notice("There is no answer yet.")

    def notice(self, text: str) -> None:
        """A line that nobody said."""
        self._console.print(Text(strip_invisible(text), style="italic dim"), soft_wrap=True)

    def said(self, view: dict[str, Any]) -> None:
        """Somebody wrote while we were not asking."""
        who = view["author"] or ("assistant" if view["role"] == "bot" else "")
        lead = Text(f"{strip_invisible(who)}: " if who else "", style="bold green")
        self._console.print()
        self._console.print(lead.append(strip_invisible(view["text"]), style="none"), soft_wrap=True)
        self._console.print(PROMPT, end="")

    def error(self, text: str) -> None:
        """Something went wrong."""
        Console(stderr=True).print(Text(strip_invisible(text), style="red"), soft_wrap=True)


class Background:
    """An event loop in a thread of its own, so that Ctrl-C in the prompt ends at once."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chat", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end; Ctrl-C cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start something that runs beside the prompt."""

        async def start() -> asyncio.Task[None]:
            return asyncio.create_task(work)

        return self.run(start())

    def cancel(self, task: asyncio.Task[None]) -> None:
        """End something that was spawned, and wait until it is over."""

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self.run(end())

    def stop(self) -> None:
        """End the loop."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()


class Talk:
    """A conversation at the terminal."""

    def __init__(self, client: ChatClient, screen: Screen, background: Background) -> None:
        self._client = client
        self._screen = screen
        self._background = background
        self._following: asyncio.Task[None] | None = None
        self.code = 0

    def ask(self, text: str) -> None:
        """One question, streamed."""
        self._unfollow()
        self._screen.begin()
        try:
            owner = self._background.run(self._ask(text))
        except ChatFailed as error:
            self._screen.end()
            self._fail(error)
            return
        except (KeyboardInterrupt, CancelledError):
            self._screen.end()
            self._screen.notice("Not waiting any longer; the answer goes on and will be in the conversation.")
            return
        self._follow_people(owner)

    async def _ask(self, text: str) -> str:
        owner = "bot"
        async for event in self._client.ask(text):
            self._screen.show(event)
            if event.name == "error":
                raise ChatFailed(event.data["detail"])
            if event.name == "done":
                owner = event.data["owner"]
        return owner

    def person(self, reason: str) -> None:
        """Ask for a person."""
        self._unfollow()
        try:
            answer = self._background.run(self._client.person(reason))
        except ChatFailed as error:
            self._fail(error)
            return
        self._screen.notice(f"A person has been asked (handoff {answer['handoff_id']}).")
        self._follow_people(answer["owner"])

    def new(self) -> None:
        """Start over."""
        self._unfollow()
        self._client.forget()
        self._screen.notice("A new conversation.")

    def _follow_people(self, owner: str) -> None:
        """While people have the conversation, what they write appears by itself."""
        if owner in ("queue", "human") and self._screen.is_terminal:
            self._following = self._background.spawn(self._follow())

    async def _follow(self) -> None:
        async for event in self._client.follow():
            if event.name == "message.created" and event.data["role"] != "contact":
                self._screen.said(event.data)

    def end(self) -> None:
        """Stop listening."""
        self._unfollow()

    def _unfollow(self) -> None:
        if self._following is not None:
            self._background.cancel(self._following)
            self._following = None

    def _fail(self, error: ChatFailed) -> None:
        self.code = UNREACHABLE if error.is_unreachable else REFUSED
        self._screen.error(str(error))

    def obey(self, line: str) -> bool:
        """A line somebody typed; False to leave."""
        word, _, rest = line.strip().partition(" ")
        match word:
            case "":
                pass
            case "/quit" | "/exit":
                return False
            case "/new":
                self.new()
            case "/why":
                self._screen.why()
            case "/human":
                self.person(rest.strip())
            case "/help":
                self._screen.notice(HELP)
            case _ if word.startswith("/"):
                self._screen.notice(f"There is no {word}.\n{HELP}")
            case _:
                self.ask(line.strip())
        return True


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def chat(
        question: Annotated[str, typer.Argument(help="Ask only this, and end")] = "",
        url: Annotated[str, typer.Option(help="Address of the server's public listener")] = DEFAULT_URL,
    ) -> None:
        """Talk to a running server: answers as they are made, with their sources.

        In the conversation: /human REASON, /why, /new, /quit.  Lines from a pipe are asked one after another.

        [bold]Examples[/bold]

          frontdesk chat

          frontdesk chat --url https://chat.example.com "How much is delivery?"

        Exit codes: 0 all was answered or passed on, 1 the server refused something, 3 no server could be reached.
        """
        raise typer.Exit(talk(url.rstrip("/"), question))


def talk(url: str, question: str) -> int:
    """Run the conversation; returns the exit code."""
    console = Console(highlight=False)
    background = Background()
    client = background.run(ChatClient(url).__aenter__())
    talking = Talk(client, Screen(console, url), background)
    try:
        if question:
            talking.ask(question)
        else:
            _converse(talking, console)
    except (KeyboardInterrupt, EOFError):
        console.print()
    finally:
        talking.end()
        background.run(client.__aexit__(None, None, None))
        background.stop()
    return talking.code


def _converse(talking: Talk, console: Console) -> None:
    if not sys.stdin.isatty():
        for line in sys.stdin:
            if not talking.obey(line) or talking.code == UNREACHABLE:
                return
        return
    console.print(Text("Ask anything. /help shows what else there is.", style="dim"))
    while talking.obey(console.input(PROMPT)):
        pass
