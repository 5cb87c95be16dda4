"""A small company for whole walks: its knowledge, its YAML as a mapping, and a real ``frontdesk serve`` of it."""

from __future__ import annotations

import atexit
import base64
import copy
import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from watchfiles import watch

from evals.serving import Served
from tests.nursery import QuickServed

TENANT: Final = "acme"
ACCOUNT: Final = "acme-web"
PASSWORD: Final = "a-desk-password-7c1f"
WEBHOOK_KEY: Final = b"0123456789abcdef0123456789abcdef"
WEBHOOK_SECRET: Final = "whsec_" + base64.b64encode(WEBHOOK_KEY).decode()

SESSION_SECRET: Final = "one-key-for-all-replicas-of-the-tests"

ARTICLES: Final = {
    "returns.md": "# Returns\n\nYou can return goods within **30 days** of delivery. Use the return label in your account.\n",
    "delivery.md": "# Delivery\n\nDelivery to Germany costs **6.90 euros** and takes three to five working days.\n",
    "warranty.md": "# Warranty\n\nThe Pruno garden shears carry a warranty of **five years** on the blade.\n",
    "payment.md": "# Payment\n\nWe accept invoice, credit card and bank transfer. An invoice is due after 14 days.\n",
}

QUESTIONS: Final = (
    "Within how many days can I return goods?",
    "How much is delivery to Germany?",
    "How long is the warranty on the Pruno garden shears?",
    "When is an invoice due?",
)
"""Each is answered by one article."""


def settings(knowledge: Path, *, account: Mapping[str, Any] | None = None, **server: Any) -> dict[str, Any]:
    """The YAML of the company; ``account`` and ``server`` add to those blocks."""
    web = {"id": ACCOUNT, "channel": "web", "webhook_secrets": [WEBHOOK_SECRET], **(account or {})}
    return {
        "server": {"evaluation": True, "drain_s": 10, **server},
        "log": {"level": "info", "format": "json"},
        "people": [{"id": "sam", "name": "Sam", "password": PASSWORD, "roles": ["agent", "admin"]}],
        "tenants": [
            {
                "id": TENANT,
                "name": "Acme",
                "accounts": [web],
                "knowledge": {"sources": [{"id": "help", "kind": "folder", "path": str(knowledge)}]},
            }
        ],
    }


def changed(base: Mapping[str, Any], **tenant: Any) -> dict[str, Any]:
    """The same YAML with other keys in its tenant's block."""
    made = copy.deepcopy(dict(base))
    made["tenants"][0].update(tenant)
    return made


def write_articles(folder: Path) -> Path:
    """The company's articles as files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in ARTICLES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def company(
    folder: Path,
    *,
    account: Mapping[str, Any] | None = None,
    is_synced: bool = True,
    engines: Mapping[str, str] | None = None,
    **server: Any,
) -> QuickServed:
    """The company in ``folder``, its knowledge indexed, not yet serving; ``engines`` are the lines of the YAML that name them."""
    knowledge = write_articles(folder / "kb")
    if engines:
        grown = {**settings(knowledge, account=account, session_secret=SESSION_SECRET, **server), **engines}
        served = QuickServed(folder, grown)
        if is_synced:
            ended = served.command("sync")
            assert ended.returncode == 0, ended.stdout + ended.stderr
        return served
    served = QuickServed(folder, settings(knowledge, account=account, **server))
    if is_synced:
        shutil.copytree(_synced(), folder / "var")
    return served


@cache
def _synced() -> Path:
    """The data directory after ``frontdesk sync`` of the articles: it is the same for every company, so it is made once."""
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-company-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    served = QuickServed(folder, settings(write_articles(folder / "kb")))
    ended = served.command("sync")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder / "var"


def wait_for_log(served: Served, event: str, *, limit_s: float = 20.0, times: int = 1) -> dict[str, Any]:
    """Wait until a serving process has logged an event so many times; returns its newest line."""
    end = time.monotonic() + limit_s
    for _ in watch(served.folder, recursive=False, debounce=100, step=20, rust_timeout=200, yield_on_timeout=True):
        lines = [json.loads(line) for line in served.log_text().splitlines() if line.startswith("{")]
        found = [line for line in lines if line["event"] == event]
        if len(found) >= times:
            return cast("dict[str, Any]", found[-1])
        assert time.monotonic() < end, f"{event} was not logged:\n{served.log_text()[-2000:]}"
    raise AssertionError("the watch ended")
