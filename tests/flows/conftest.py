"""A served company for each test that asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.serving import Served
from tests.flows.company import company

MakeCompany = Callable[..., Served]


ENGINES = {"store": "mongodb", "knowledge": "weaviate", "live": "redis_server"}
"""Key of the YAML → the fixture that knows an address for it."""

ON_ALL_ENGINES = pytest.mark.parametrize("engines", ["embedded", "store knowledge live"], indirect=True)
"""The same story on the embedded engines and on those of a large installation."""


@pytest.fixture
def engines(request: pytest.FixtureRequest) -> dict[str, str]:
    """What the YAML says of engines: nothing, unless a test is parametrised with keys of ``ENGINES``."""
    asked = getattr(request, "param", "embedded")
    return {key: request.getfixturevalue(name) for key, name in ENGINES.items() if key in asked.split()}


@pytest.fixture
def make_company(tmp_path: Path, engines: dict[str, str]) -> Iterator[MakeCompany]:
    """Make companies, each in a folder of its own; whatever still serves at the end is ended."""
    made: list[Served] = []

    def make(**options: Any) -> Served:
        served = company(tmp_path / f"company-{len(made)}", engines=engines, **options)
        made.append(served)
        return served

    yield make
    for served in made:
        served.kill()
