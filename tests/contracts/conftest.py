"""The scenarios are no test modules, but what they assert shall be explained like in one."""

import pytest

pytest.register_assert_rewrite(
    "tests.contracts.desks",
    "tests.contracts.desk_storm",
    "tests.contracts.remote_contract",
    "tests.contracts.remote_weather",
)
