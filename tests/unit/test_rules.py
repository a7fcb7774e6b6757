"""The rules that the other unit tests live by are in force."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest


def test_a_unit_test_cannot_connect() -> None:
    with socket.socket() as opened, pytest.raises(AssertionError, match="opened a socket"):
        opened.connect(("127.0.0.1", 9))


def test_a_unit_test_cannot_listen() -> None:
    with socket.socket() as opened, pytest.raises(AssertionError, match="opened a socket"):
        opened.bind(("127.0.0.1", 0))


def test_a_unit_test_sees_no_proxy_and_no_home_of_this_computer(tmp_path: Path) -> None:
    assert not [name for name in os.environ if "PROXY" in name.upper()]
    assert Path.home().is_relative_to(tmp_path)
