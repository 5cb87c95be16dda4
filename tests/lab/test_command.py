"""``frontdesk lab`` as a process: it serves, refuses a taken port in one line, and ends when it is told to."""

from __future__ import annotations

import socket
import urllib.request
from pathlib import Path

import pytest

from evals.serving import get_status
from tests.browser.lab import ServedLab


@pytest.fixture
def served(tmp_path: Path) -> ServedLab:
    return ServedLab(tmp_path)


def test_it_serves_page_vendors_and_frontdesk_until_it_is_told_to_end(served: ServedLab) -> None:
    served.start()
    try:
        assert get_status(served.lab_url + "/") == 200
        assert get_status(served.url + "/demo/") == 200
        assert get_status(served.lab_url + "/telegram/bot7000000001:lab-telegram-token/getMe") == 200
        assert get_status(served.lab_url + "/telegram/bot7000000001:another-token/getMe") == 401
        with urllib.request.urlopen(served.internal_url + "/desk/login") as page:
            policy = page.headers["Content-Security-Policy"]
            assert f"frame-ancestors {served.lab_url}" in policy
        stream = urllib.request.urlopen(served.lab_url + "/api/stream")
        assert stream.readline() == b"retry: 2000\n"
    finally:
        code = served.stop(limit_s=15)
    assert code == 0
    stream.close()
    assert f"lab      {served.lab_url}/" in served.log_text()


def test_a_taken_port_is_said_in_one_line(served: ServedLab) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", served.lab_port))
        taken.listen()
        ended = served.command("lab", "--port", str(served.lab_port))
    assert ended.returncode == 3
    assert "address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr
