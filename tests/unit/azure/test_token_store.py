from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acrbridge.azure.token_store import TokenStore
from acrbridge.errors import AcrBridgeError
from acrbridge.jobs import Secret


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "config" / "acrbridge"


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_secret_comes_back(folder: Path) -> None:
    TokenStore(folder).keep_secret("a", Secret("s3cret ñ\n"))
    assert TokenStore(folder).secret("a") == Secret("s3cret ñ\n")
    assert TokenStore(folder).secret("b") is None


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(max_size=20), st.text(min_size=1, max_size=40), max_size=4))
def test_any_secrets_come_back(tmp_path_factory: pytest.TempPathFactory, secrets: dict[str, str]) -> None:
    store = TokenStore(tmp_path_factory.mktemp("store"))
    for key, value in secrets.items():
        store.keep_secret(key, Secret(value))
    assert {key: store.secret(key) for key in secrets} == {key: Secret(v) for key, v in secrets.items()}


def test_a_secret_can_be_forgotten_and_twice(folder: Path) -> None:
    store = TokenStore(folder)
    store.keep_secret("a", Secret("1"))
    store.keep_secret("b", Secret("2"))
    store.forget_secret("a")
    store.forget_secret("a")
    assert store.secret("a") is None
    assert store.secret("b") == Secret("2")


def test_a_secret_is_found_by_the_end_of_its_key(folder: Path) -> None:
    store = TokenStore(folder)
    store.keep_secret("tenant-1/app", Secret("1"))
    assert store.secret_ending("/app") == Secret("1")
    assert store.secret_ending("/other") is None


def test_folder_and_files_are_the_owners_alone_whatever_the_umask(folder: Path, open_umask: None) -> None:
    store = TokenStore(folder)
    store.keep_secret("a", Secret("1"))
    _remember_token(store)
    assert mode(folder) == 0o700
    assert {file.name: mode(file) for file in folder.glob("*.bin")} == {
        "secrets.bin": 0o600,
        "tokens.bin": 0o600,
    }


def _remember_token(store: TokenStore) -> None:
    cache = store.tokens()
    cache.add({
        "client_id": "c", "scope": ["s"], "token_endpoint": "https://login.microsoftonline.com/t/oauth2/v2.0/token",
        "response": {"access_token": "t", "expires_in": 3600, "token_type": "Bearer"},
    })  # fmt: skip


@pytest.mark.parametrize("name", ["secrets.bin", "tokens.bin"])
def test_a_link_in_a_files_place_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    store = TokenStore(folder)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("{}")
    elsewhere.chmod(0o600)
    (folder / name).symlink_to(elsewhere)
    _is_refused(store)
    assert elsewhere.read_text() == "{}"


@pytest.mark.parametrize("name", ["secrets.bin", "tokens.bin"])
def test_a_link_to_nowhere_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    store = TokenStore(folder)
    (folder / name).symlink_to(tmp_path / "nowhere")
    _is_refused(store)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("permissions", [0o644, 0o660, 0o602, 0o666])
@pytest.mark.parametrize("name", ["secrets.bin", "tokens.bin"])
def test_a_file_that_others_may_read_or_write_is_refused(folder: Path, name: str, permissions: int) -> None:
    store = TokenStore(folder)
    (folder / name).write_text("{}")
    (folder / name).chmod(permissions)
    _is_refused(store)


@pytest.mark.parametrize("name", ["secrets.bin", "tokens.bin"])
def test_a_folder_or_pipe_in_a_files_place_is_refused_and_does_not_hang(folder: Path, name: str) -> None:
    store = TokenStore(folder)
    os.mkfifo(folder / name, 0o600)
    _is_refused(store)
    (folder / name).unlink()
    (folder / name).mkdir(0o700)
    _is_refused(store)


def _is_refused(store: TokenStore) -> None:
    def use() -> None:
        store.keep_secret("a", Secret("1"))
        _remember_token(store)

    with pytest.raises(AcrBridgeError) as error:
        use()
    assert error.value.code == "FILE_UNREADABLE"


@pytest.mark.parametrize("permissions", [0o777, 0o770, 0o702])
def test_a_folder_that_others_may_write_to_is_refused(folder: Path, permissions: int) -> None:
    folder.mkdir(parents=True)
    folder.chmod(permissions)
    with pytest.raises(AcrBridgeError) as error:
        TokenStore(folder)
    assert error.value.code == "FILE_UNREADABLE"
    assert "chmod" in error.value.remedy


def test_a_folder_that_others_may_look_into_is_taken(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    TokenStore(folder).keep_secret("a", Secret("1"))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", '"x"', '{"a": 5}', "[" * 100_000])
def test_damaged_secrets_are_none(folder: Path, text: str) -> None:
    store = TokenStore(folder)
    _write_private(folder / "secrets.bin", text)
    assert store.secret("a") is None
    store.keep_secret("a", Secret("1"))
    assert store.secret("a") == Secret("1")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", '{"AccessToken": 5}', "[" * 100_000])
def test_a_damaged_token_cache_is_an_empty_one(folder: Path, text: str) -> None:
    store = TokenStore(folder)
    _write_private(folder / "tokens.bin", text)
    cache = store.tokens()
    assert list(cache.search(cache.CredentialType.ACCESS_TOKEN)) == []
    _remember_token(store)
    assert len(list(store.tokens().search(cache.CredentialType.ACCESS_TOKEN))) == 1


def _write_private(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def test_clearing_leaves_neither_token_nor_secret(folder: Path) -> None:
    store = TokenStore(folder)
    store.keep_secret("a", Secret("s3cret"))
    _remember_token(store)
    store.clear()
    assert list(folder.glob("*.bin")) == []
    store.clear()
