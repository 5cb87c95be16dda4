"""The configurations that benchmarks serve."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

PASSWORD = "bench-password-of-no-worth"


def web_settings(
    *, webhook_secret: str | None = None, debounce_ms: int = 0, sources: Sequence[Path] = ()
) -> dict[str, Any]:
    """One tenant with one web account; rate limits lifted."""
    account: dict[str, Any] = {
        "id": "bench-web",
        "channel": "web",
        "debounce_ms": debounce_ms,
        "allow_any_origin": True,
    }
    if webhook_secret is not None:
        account["webhook_secrets"] = [webhook_secret]
    knowledge = [{"id": path.name, "kind": "folder", "path": str(path)} for path in sources]
    return {
        "server": {"evaluation": True, "limits": {"unread_events": 1_000_000}},
        "people": [{"id": "bench", "name": "Bench", "password": PASSWORD, "roles": ["agent", "admin"]}],
        "tenants": [
            {"id": "bench", "name": "Bench", "accounts": [account], "knowledge": {"sources": knowledge}},
        ],
    }
