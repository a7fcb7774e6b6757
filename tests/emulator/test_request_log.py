"""The log of requests: complete, and without secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from acr_emulator.request_log import RequestLog, hide_secrets, read_body

if TYPE_CHECKING:
    from pathlib import Path

FORM, JSON = "application/x-www-form-urlencoded", "application/json; charset=utf-8"

BODIES: dict[str, tuple[str, bytes, Any]] = {
    "form": (FORM, b"a=1&b=2&b=3&c=", {"a": "1", "b": ["2", "3"], "c": ""}),
    "JSON": (JSON, b'{"a": [1]}', {"a": [1]}),
    "no JSON": (JSON, b"{", None),
    "too deep": (JSON, b"[" * 100_000, None),
    "empty": (JSON, b"", None),
    "manifest": ("application/vnd.oci.image.manifest.v1+json", b"{}", None),
    "blob": ("application/octet-stream", b"{}", None),
}


@pytest.mark.parametrize(("content_type", "body", "fields"), BODIES.values(), ids=BODIES)
def test_which_bodies_are_shown(content_type: str, body: bytes, fields: Any) -> None:
    assert read_body(content_type, body) == fields


def test_an_import_is_shown_in_full_but_for_the_password() -> None:
    body = {
        "source": {
            "registryUri": "docker.io",
            "sourceImage": "library/nats:latest",
            "credentials": {"username": "U", "password": "P"},
        },
        "targetTags": ["nats:latest"],
        "mode": "NoForce",
    }
    shown = hide_secrets(body)
    assert shown["source"].pop("credentials") == {"username": "U", "password": "***"}
    body["source"].pop("credentials")  # type: ignore[attr-defined]
    assert shown == body


def test_secrets_are_hidden_wherever_they_stand() -> None:
    told = {
        "client_secret": "S",
        "Password": "S",
        "list": [{"refresh_token": "S"}],
        "x": "eyJhbGciOi.S.S",
        "y": 1,
    }
    hidden = {
        "client_secret": "***",
        "Password": "***",
        "list": [{"refresh_token": "***"}],
        "x": "***",
        "y": 1,
    }
    assert hide_secrets(told) == hidden


def test_a_line_is_written_at_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    log = RequestLog(path)
    log.write(
        host="h:1",
        method="GET",
        path="/a%2Fb",
        query="n=1&access_token=S&x=",
        status=200,
        body={"password": "S"},
    )
    line = json.loads(path.read_text())
    log.close()
    assert line.pop("time") > 0
    assert line == {
        "host": "h:1",
        "method": "GET",
        "path": "/a%2Fb",
        "query": "n=1&access_token=***&x=",
        "status": 200,
        "body": {"password": "***"},
    }
    assert path.stat().st_mode & 0o777 == 0o600
