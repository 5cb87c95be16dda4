"""Tools of MCP servers: one connection per server, pinned listings, bounded answers."""

from __future__ import annotations
