from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from acrbridge.errors import UsageError
from acrbridge.jobs import CopyJob, Login, Secret
from acrbridge.operations.client import Client, CopyOptions


@pytest.fixture
def client() -> Iterator[Client]:
    with Client() as made:
        yield made


def test_python_has_every_option_of_a_copy() -> None:
    assert CopyOptions.__annotations__.keys() == {f.name for f in fields(CopyJob)} - {"source", "target"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"colour": "red"}, "copy has no option 'colour'"),
        ({"bandwidth": "500K"}, "bandwidth takes a whole number or None, not str"),
        ({"concurrency": None}, "concurrency takes a whole number, not NoneType"),
        ({"source_login": ("u", "s3cret-PW")}, "source_login takes an acrbridge.Login or None, not tuple"),
        ({"tags": [1]}, "tags takes a text or several, not int"),
        ({"regex": b"1"}, "regex takes a text or None, not bytes"),
        ({"source": Path("site")}, "source takes a text, not "),
        ({"target": None}, "target takes a text, not NoneType"),
    ],
)
def test_an_option_of_another_type_is_named(client: Client, options: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError) as caught:
        client.copy(**{"source": "oci:a", "target": "oci:b", **options})
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("concurrency", 0, "RATE_INVALID"),
        ("bandwidth", 0, "RATE_INVALID"),
        ("requests_per_second", float("nan"), "RATE_INVALID"),
        ("newest", 0, "PATTERN_INVALID"),
    ],
)
def test_a_number_that_makes_no_sense_is_refused(
    client: Client, option: str, value: float, code: str
) -> None:
    options: Any = {option: value}
    with pytest.raises(UsageError) as caught:
        client.copy("oci:a", "oci:b", **options)
    assert caught.value.code == code


def test_a_password_that_is_a_plain_text_becomes_a_secret() -> None:
    password: Any = "s3cret-PW"
    login = Login("me", password)
    assert login == Login("me", Secret(password))
    assert password not in repr(login)
