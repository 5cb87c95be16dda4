"""The plugs that ship, by the word that names them in YAML; each is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from adapters import AnyChannelPlugin
from adapters.discovery import channel_plugins
from handoff import AnyDeskPlugin
from handoff.discovery import desk_plugins
from kb_sync import AnySourcePlugin
from kb_sync.discovery import source_plugins

CHANNELS: Mapping[str, AnyChannelPlugin] = channel_plugins()
DESKS: Mapping[str, AnyDeskPlugin] = desk_plugins()
SOURCES: Mapping[str, AnySourcePlugin] = source_plugins()


def settings_models() -> dict[str, Mapping[str, type[BaseModel]]]:
    """The settings models of all plugs, as ``config.Plugs`` takes them."""
    return {"channels": _Models(CHANNELS), "desks": _Models(DESKS), "sources": _Models(SOURCES)}


class _Models(Mapping[str, type[BaseModel]]):
    """The settings model of each plug; a plug is loaded when its kind is asked for."""

    def __init__(self, plugins: Mapping[str, AnyChannelPlugin | AnyDeskPlugin | AnySourcePlugin]) -> None:
        self._plugins = plugins

    def __getitem__(self, kind: str) -> type[BaseModel]:
        model: type[BaseModel] = self._plugins[kind].settings
        return model

    def __iter__(self) -> Iterator[str]:
        return iter(self._plugins)

    def __len__(self) -> int:
        return len(self._plugins)
