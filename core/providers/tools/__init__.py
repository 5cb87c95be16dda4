"""What reaches tools: HTTP requests, OpenAPI operations, MCP servers, functions of installed packages.

Nothing here decides whether a call is allowed; the firewall (``core.tools``) does, and alone calls what is built here.
"""

from __future__ import annotations

from core.providers.tools.declared import KINDS, Declared
from core.providers.tools.toolbox import Toolbox, build_tools

__all__ = ["KINDS", "Declared", "Toolbox", "build_tools"]
