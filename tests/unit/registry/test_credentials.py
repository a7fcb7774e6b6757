from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from acrbridge.jobs import Secret
from acrbridge.registry.auth import Password, RefreshToken
from acrbridge.registry.credentials import DockerConfig, Login, stored_login

HOST = "registry.example.com"
P = Password("u", Secret("p"))


def auth(user: str = "u", secret: str = "p") -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{secret}".encode()).decode()}


def kept(file: Path, host: str = HOST) -> tuple[Login | None, list[str]]:
    """What a file keeps for a host, and the lines that a person is told."""
    told: list[str] = []
    return stored_login([file], host, told.append), told


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.json"


def write(file: Path, document: Any) -> Path:
    file.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return file


class Asked(list[tuple[object, str]]):
    """A helper that remembers what it was asked for."""

    def __init__(self, answer: Login | None) -> None:
        super().__init__()
        self.answer = answer

    def __call__(self, name: object, server: str) -> Login | None:
        self.append((name, server))
        return self.answer


def config(**parts: Any) -> DockerConfig:
    return DockerConfig(parts.get("auths", {}), parts.get("helpers", {}), parts.get("store"))


@pytest.mark.parametrize(
    "key",
    [
        HOST,
        f"https://{HOST}",
        f"https://{HOST}/",
        f"https://{HOST}/v1/",
        f"{HOST}/v2/",
        f"{HOST}/v2",
        "Registry.Example.COM",
    ],
)
def test_a_host_is_found_by_every_spelling_that_files_have(file: Path, key: str) -> None:
    assert kept(write(file, {"auths": {key: auth()}})) == (P, [])


@pytest.mark.parametrize(
    "key",
    [
        "other.example.com",
        "example.com",
        f"{HOST}:443",
        f"{HOST}.evil.example",
        f"evil.example/{HOST}",
        f"evil.example/v2/{HOST}",
        f"{HOST}@evil.example",
        f"{HOST}/team",
        f"ftp://{HOST}",
        "*",
        "",
        "https://index.docker.io/v1/",
    ],
)
def test_what_is_kept_for_another_host_is_not_used(file: Path, key: str) -> None:
    assert kept(write(file, {"auths": {key: auth()}})) == (None, [])


def test_a_port_is_part_of_the_host(file: Path) -> None:
    write(file, {"auths": {"localhost:5000": auth(), "localhost:5001": auth("other")}})
    assert kept(file, "localhost:5000") == (P, [])


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "registry-1.docker.io"])
def test_docker_hub_is_found_by_all_its_names(file: Path, key: str) -> None:
    assert kept(write(file, {"auths": {key: auth()}}), "docker.io") == (P, [])


def test_the_tokens_that_docker_desktop_keeps_beside_hubs_login_are_no_login(file: Path) -> None:
    tokens = {f"https://index.docker.io/v1/{name}": auth("x") for name in ("access-token", "refresh-token")}
    assert kept(write(file, {"auths": tokens}), "docker.io") == (None, [])


def test_of_two_spellings_the_plain_one_counts(file: Path) -> None:
    write(file, {"auths": {f"https://{HOST}": auth("other"), HOST: auth()}})
    assert kept(file) == (P, [])


def test_a_password_may_hold_a_colon_and_docker_pads_it(file: Path) -> None:
    assert kept(write(file, {"auths": {HOST: auth("u", "a:b\0\0")}})) == (Password("u", Secret("a:b")), [])


def test_an_identity_token_goes_before_the_user_beside_it(file: Path) -> None:
    entry = {**auth("00000000-0000-0000-0000-000000000000", ""), "identitytoken": "t"}
    assert kept(write(file, {"auths": {HOST: entry}})) == (RefreshToken(Secret("t")), [])


def test_user_and_password_in_plain_as_kubernetes_writes_them(file: Path) -> None:
    assert kept(write(file, {"auths": {HOST: {"username": "u", "password": "p"}}})) == (P, [])


def test_an_empty_entry_is_no_login(file: Path) -> None:
    assert kept(write(file, {"auths": {HOST: {}}})) == (None, [])


def test_a_file_that_is_not_there_keeps_nothing(tmp_path: Path, file: Path) -> None:
    assert kept(file) == (None, [])
    assert kept(write(file, "{}") / "config.json") == (None, [])


def test_files_are_asked_in_order(tmp_path: Path) -> None:
    first = write(tmp_path / "1", {"auths": {"elsewhere.example.com": auth("other")}})
    second = write(tmp_path / "2", {"auths": {HOST: auth()}})
    third = write(tmp_path / "3", {"auths": {HOST: auth("other")}})
    assert stored_login([first, second, third], HOST, print) == P


def test_what_is_damaged_is_told_and_the_next_file_asked(tmp_path: Path) -> None:
    told: list[str] = []
    files = [write(tmp_path / "1", "{"), write(tmp_path / "2", {"auths": {HOST: auth()}})]
    assert stored_login(files, HOST, told.append) == P
    assert told == [f"{files[0]}: the file is not JSON."]


def encoded(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "[" * 100_000,
        '{"a": ' * 100_000,
        '{"auths": ' + "9" * 5000 + "}",
        "[]",
        "null",
        "7",
        '"x"',
        {"auths": []},
        {"auths": "x"},
        {"credHelpers": 7},
        {"auths": {HOST: "x"}},
        {"auths": {HOST: [1]}},
        {"auths": {HOST: {"auth": 7}}},
        {"auths": {HOST: {"auth": "p4ss"}}},
        {"auths": {HOST: {"auth": "p4ssw0rd!"}}},
        {"auths": {HOST: {"auth": "/////w=="}}},
        {"auths": {HOST: encoded("p4ss")}},
        {"auths": {HOST: encoded(":p4ss")}},
        {"auths": {HOST: encoded("u\r\nX-Evil: 1:p4ss")}},
        {"auths": {HOST: {"identitytoken": ["p4ss"]}}},
        {"auths": {HOST: {"username": "u", "password": "p4ss\ud800"}}},
        {"credHelpers": {HOST: "../../tmp/p4ss"}},
        {"credHelpers": {HOST: ["p4ss"]}},
        {"credsStore": {"a": "b"}},
        {"credsStore": "x; rm -rf ~"},
        '{"auths": {}}' + " " * (1 << 20),
    ],
    ids=lambda document: str(document)[:40],
)
def test_a_damaged_or_hostile_file_is_one_line_and_no_login(file: Path, document: Any) -> None:
    found, told = kept(write(file, document))
    assert found is None
    assert len(told) == 1
    assert told[0].isprintable()
    assert len(told[0]) < 300
    assert "p4ssw" not in told[0]


@pytest.mark.parametrize("content", [b"\xff\xfe\xff", b"\x00" * 10, b'{"auths": "\xe9"}'])
def test_a_file_that_is_no_text_is_one_line(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert kept(file)[0] is None
    assert len(kept(file)[1]) == 1


def test_a_byte_order_mark_as_windows_editors_write_it(file: Path) -> None:
    file.write_text(json.dumps({"auths": {HOST: auth()}}), encoding="utf-8-sig")
    assert kept(file) == (P, [])


@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
def test_a_pipe_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file)
    assert kept(file) == (None, [f"{file}: this is no regular file."])


def test_a_folder_in_the_files_place_is_one_line(file: Path) -> None:
    file.mkdir()
    assert kept(file) == (None, [f"{file}: this is no regular file."])


def test_a_hosts_helper_is_asked_before_the_store() -> None:
    ask = Asked(P)
    assert config(helpers={HOST: "own"}, store="all").login(HOST, ask) == P
    assert ask == [("own", HOST)]


def test_the_store_is_asked_for_every_other_host() -> None:
    ask = Asked(P)
    assert config(helpers={"other.example.com": "own"}, store="all").login(HOST, ask) == P
    assert ask == [("all", HOST)]


def test_no_helper_is_asked_for_another_host() -> None:
    ask = Asked(P)
    assert config(helpers={"other.example.com": "own", f"{HOST}:443": "own"}).login(HOST, ask) is None
    assert ask == []


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io"])
def test_docker_hub_goes_by_its_address_with_helpers(key: str) -> None:
    ask = Asked(P)
    config(helpers={key: "own"}).login("docker.io", ask)
    assert ask == [("own", "https://index.docker.io/v1/")]


def test_what_the_helper_has_not_the_file_may_have() -> None:
    assert config(auths={HOST: auth()}, store="all").login(HOST, Asked(None)) == P


def test_an_empty_helper_means_the_file_as_docker_has_it() -> None:
    ask = Asked(None)
    assert config(auths={HOST: auth()}, helpers={HOST: ""}, store="all").login(HOST, ask) == P
    assert ask == []
