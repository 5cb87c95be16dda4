"""What the docstring under each field of a model says, read from the source when somebody asks.

pydantic can read them too, but for every model when it is imported: a tenth of a second of every start, for texts that only
the JSON Schema and the message about a missing key show.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from config.parts import EnginePart
from config.plugs import Part

if TYPE_CHECKING:
    from pydantic import BaseModel


@cache
def described(model: type[BaseModel]) -> Mapping[str, str]:
    """Field → its description, from the model and those it is made of; fields without one are left out."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, EnginePart) and base.described_by is not None:
            found.update(described(base.described_by))
        elif issubclass(base, (Part, EnginePart)):
            found.update(_written(base.__module__).get(base.__name__, {}))
    given = {name: field.description for name, field in model.model_fields.items() if field.description}
    return {name: text for name, text in (found | given).items() if name in model.model_fields}


@cache
def _written(module: str) -> Mapping[str, Mapping[str, str]]:
    """The docstrings under the fields of a module's classes, by class; none where the source was not installed."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except OSError:
        return {}
    return {node.name: _under_fields(node) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def _under_fields(node: ast.ClassDef) -> dict[str, str]:
    found: dict[str, str] = {}
    for field, text in zip(node.body, node.body[1:], strict=False):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                found[name] = inspect.cleandoc(said)
    return found
