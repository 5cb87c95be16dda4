"""A served company for each test that asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.serving import Served
from tests.flows.company import company

MakeCompany = Callable[..., Served]


@pytest.fixture
def make_company(tmp_path: Path) -> Iterator[MakeCompany]:
    """Make companies, each in a folder of its own; whatever still serves at the end is ended."""
    made: list[Served] = []

    def make(**options: Any) -> Served:
        served = company(tmp_path / f"company-{len(made)}", **options)
        made.append(served)
        return served

    yield make
    for served in made:
        served.kill()
