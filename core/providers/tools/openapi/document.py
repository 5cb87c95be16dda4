"""An OpenAPI document: read within bounds, its references followed within the document and only there.  Pure but for the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

MAX_BYTES: Final = 5_000_000
MAX_HOPS: Final = 20
MAX_DEPTH: Final = 12
MAX_NODES: Final = 20_000
METHODS: Final = ("get", "head", "post", "put", "patch", "delete")


class Unusable(Exception):
    """The document or an operation of it cannot be used; the words are for the operator and quote nothing but names."""


def read(path: Path) -> Document:
    """The document of a file."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unusable(f"the document cannot be read: {error.strerror or 'it is not a file'}") from error
    return parse(raw)


def parse(raw: bytes) -> Document:
    """The document of its bytes, JSON or YAML."""
    if len(raw) > MAX_BYTES:
        raise Unusable(f"the document is larger than {MAX_BYTES} bytes")
    try:
        text = raw.decode("utf-8-sig")
        root = _value(text)
    except (ValueError, RecursionError) as error:
        raise Unusable("the document is neither JSON nor YAML") from error
    if not isinstance(root, dict):
        raise Unusable("the document is not an OpenAPI document")
    version = root.get("openapi")
    if not isinstance(version, str) or not version.startswith(("3.0", "3.1")):
        is_old = "swagger" in root
        raise Unusable(
            "the document is Swagger 2: convert it to OpenAPI 3" if is_old else "the document is not OpenAPI 3.0 or 3.1"
        )
    return Document(root=root, is_30=version.startswith("3.0"))


def _value(text: str) -> Any:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError:
            pass  # YAML may begin with a brace as well
    import yaml  # noqa: PLC0415  only where a document is YAML

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError("not YAML") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A read document."""

    root: Mapping[str, Any]
    is_30: bool

    def operations(self) -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
        """Path, method, path item and operation of all there are."""
        paths = self.root.get("paths")
        for path, item in paths.items() if isinstance(paths, Mapping) else ():
            found = self.followed(item) if isinstance(item, Mapping) else None
            for method in METHODS:
                operation = found.get(method) if isinstance(found, Mapping) else None
                if isinstance(found, Mapping) and isinstance(operation, Mapping):
                    yield str(path), method, found, operation

    def named(self, operation_id: str) -> tuple[str, str, Mapping[str, Any], Mapping[str, Any]]:
        """The operation of this operationId."""
        found = [entry for entry in self.operations() if entry[3].get("operationId") == operation_id]
        if not found:
            raise Unusable(f"the document has no operation `{operation_id}`")
        if len(found) > 1:
            raise Unusable(f"the document has the operationId `{operation_id}` {len(found)} times")
        return found[0]

    def followed(self, node: Any) -> Any:
        """What a node is, after its references; only those within the document are followed."""
        for _ in range(MAX_HOPS):
            target = node.get("$ref") if isinstance(node, Mapping) else None
            if target is None:
                return node
            node = self._at(target)
        raise Unusable("a reference of the document leads in a circle")

    def _at(self, target: Any) -> Any:
        if not isinstance(target, str) or not target.startswith("#/"):
            raise Unusable("a reference leads out of the document: bundle it into one file")
        value: Any = self.root
        for part in target[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}")
            if isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            elif isinstance(value, Mapping) and key in value:
                value = value[key]
            else:
                raise Unusable(f"a reference leads nowhere: {target[:200]}")
        return value
