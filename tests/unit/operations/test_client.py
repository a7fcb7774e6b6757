from __future__ import annotations

from dataclasses import fields

from acrbridge.jobs import CopyJob
from acrbridge.operations.client import CopyOptions


def test_python_has_every_option_of_a_copy() -> None:
    assert CopyOptions.__annotations__.keys() == {f.name for f in fields(CopyJob)} - {"source", "target"}
