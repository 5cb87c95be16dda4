"""The git source keeps the contract, at a server that sends parts of a commit and at one that cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.lab.sources.git import GitServer
from kb_sync.sources.git import plugin
from tests.contracts.remote_contract import RemoteSourceContract
from tests.contracts.remote_place import RemotePlace
from tests.kb_sync.serving import Serving


class GitPlace(RemotePlace):
    """A repository with Markdown files in ``docs``."""

    plugin = plugin
    lacks = frozenset({"fetch", "json", "paging"})
    secret = "lab-git-token"
    listing_path = "/info/refs"
    address_key = "url"
    is_partial = True

    def __init__(self, serving: Serving, folder: Path) -> None:
        super().__init__(serving, folder)
        self.server = GitServer(folder / "docs.git", is_partial=self.is_partial)
        self.server.put("docs/logo.png", b"\x89PNG" * 1_000)
        self.weather = self.server.weather
        self.address = serving.serve(self.server.app())

    def settings(self) -> dict[str, Any]:
        return {"url": f"{self.address}/docs.git", "path": "docs", "token": self.secret}

    def put(self, name: str, *, title: str, text: str, **meta: str) -> None:
        front = "".join(f"{key}: {json.dumps(value)}\n" for key, value in {"title": title, **meta}.items())
        self.server.put(f"docs/{name}.md", f"---\n{front}---\n{text}".encode())

    def put_broken(self, name: str) -> None:
        self.server.put(f"docs/{name}.md", b"---\ntitle: [unclosed\n---\nText")

    def remove(self, name: str) -> None:
        self.server.remove(f"docs/{name}.md")

    def fetched(self, name: str) -> int:
        return 0

    def ref(self, name: str) -> str:
        return f"{name}.md"

    def restrict(self, name: str) -> None:
        content = self.server.files[f"docs/{name}.md"]
        self.server.put(f"docs/{name}.md", content.replace(b"---\n", b"---\naudience: staff\n", 1))


class WholePlace(GitPlace):
    """The server knows the first version of the protocol only."""

    is_partial = False


class TestPartial(RemoteSourceContract):
    @pytest.fixture
    def place(self, serving: Serving, tmp_path: Path) -> Iterator[RemotePlace]:
        made = GitPlace(serving, tmp_path)
        yield made
        made.close()


class TestWhole(RemoteSourceContract):
    @pytest.fixture
    def place(self, serving: Serving, tmp_path: Path) -> Iterator[RemotePlace]:
        made = WholePlace(serving, tmp_path)
        yield made
        made.close()
