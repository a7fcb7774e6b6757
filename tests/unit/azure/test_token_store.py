from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acrbridge.azure.token_store import AccessToken, TokenKey, TokenStore
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
    TokenStore(folder).keep_secret("t", "a", Secret("s3cret ñ\n"))
    assert TokenStore(folder).secret("t", "a") == Secret("s3cret ñ\n")
    assert TokenStore(folder).secret("t", "b") is None


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.uuids().map(str), st.text(min_size=1, max_size=40), max_size=4))
def test_any_secrets_come_back(tmp_path_factory: pytest.TempPathFactory, secrets: dict[str, str]) -> None:
    store = TokenStore(tmp_path_factory.mktemp("store"))
    for client_id, value in secrets.items():
        store.keep_secret("t", client_id, Secret(value))
    assert {c: store.secret("t", c) for c in secrets} == {c: Secret(v) for c, v in secrets.items()}


def test_an_application_has_the_same_secret_in_another_tenant_unless_it_has_its_own(folder: Path) -> None:
    store = TokenStore(folder)
    store.keep_secret("tenant-1", "app", Secret("1"))
    assert store.secret("tenant-2", "APP") == Secret("1")
    store.keep_secret("tenant-2", "app", Secret("2"))
    assert store.secret("TENANT-2", "app") == Secret("2")
    assert store.secret("tenant-1", "app") == Secret("1")


def test_an_applications_secrets_are_forgotten_in_every_tenant_and_without_case(folder: Path) -> None:
    store = TokenStore(folder)
    for tenant in ("tenant-1", "tenant-2"):
        store.keep_secret(tenant, "App", Secret("1"))
    store.keep_secret("tenant-1", "other", Secret("2"))
    assert store.forget_secrets("aPP")
    assert not store.forget_secrets("app")
    assert store.secret("tenant-1", "app") is None
    assert store.secret("tenant-1", "other") == Secret("2")


def test_folder_and_files_are_the_owners_alone_whatever_the_umask(folder: Path, open_umask: None) -> None:
    store = TokenStore(folder)
    store.keep_secret("t", "a", Secret("1"))
    _remember_token(store)
    assert mode(folder) == 0o700
    assert {file.name: mode(file) for file in folder.glob("*.bin")} == {
        "secrets.bin": 0o600,
        "tokens.bin": 0o600,
    }


KEY = TokenKey("c", "login.example", "t", "scope-1")
LATER = int(time.time()) + 3600


def _entry(**changes: Any) -> dict[str, Any]:
    """An access token as MSAL keeps it."""
    return {
        "client_id": "c", "environment": "login.example", "realm": "t", "target": "scope-1", "secret": "s3cret",
        "expires_on": str(LATER), "home_account_id": None, **changes,
    }  # fmt: skip


def _remember_token(store: TokenStore, key: str = "k", **changes: Any) -> None:
    store.change_tokens(
        lambda cache: {"AccessToken": {**cache.get("AccessToken", {}), key: _entry(**changes)}}
    )


def test_a_token_is_found_by_all_that_it_is_for(folder: Path) -> None:
    store = TokenStore(folder)
    _remember_token(store)
    assert store.access_token(KEY) == AccessToken(Secret("s3cret"), LATER)
    for other in ("client_id", "environment", "tenant_id", "scope"):
        assert store.access_token(replace(KEY, **{other: "x"})) is None


@pytest.mark.parametrize(
    "changes",
    [{"expires_on": "x"}, {"expires_on": None}, {"expires_on": str(int(time.time()) + 290)}, {"home_account_id": "me"},
     {"target": None}, {"target": "scope-11"}],
)  # fmt: skip
def test_a_token_that_is_odd_somebodys_or_near_its_end_is_not_used(
    folder: Path, changes: dict[str, Any]
) -> None:
    store = TokenStore(folder)
    _remember_token(store, **changes)
    assert store.access_token(KEY) is None


def test_the_cache_is_read_once_until_it_is_changed(folder: Path) -> None:
    store = TokenStore(folder)
    _remember_token(store)
    assert store.access_token(KEY)
    (folder / "tokens.bin").unlink()
    assert store.access_token(KEY)
    _remember_token(store, client_id="another")
    assert store.access_token(KEY) is None


def test_tokens_are_forgotten_by_application_without_case(folder: Path) -> None:
    store = TokenStore(folder)
    _remember_token(store)
    _remember_token(store, "other", client_id="other")
    assert store.forget_tokens(["C"])
    assert not store.forget_tokens(["C"])
    assert list(store.tokens()["AccessToken"]) == ["other"]


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
        store.keep_secret("t", "a", Secret("1"))
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
    TokenStore(folder).keep_secret("t", "a", Secret("1"))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", '"x"', '{"a": 5}', "[" * 100_000])
def test_damaged_secrets_are_left_as_they_are_and_told(folder: Path, text: str) -> None:
    store = TokenStore(folder)
    _write_private(folder / "secrets.bin", text)
    uses: list[Callable[[], object]] = [
        lambda: store.secret("t", "a"),
        lambda: store.keep_secret("t", "a", Secret("1")),
        lambda: store.forget_secrets("a"),
    ]
    for use in uses:
        with pytest.raises(AcrBridgeError, match=r"secrets\.bin") as error:
            use()
        assert error.value.code == "FILE_UNREADABLE"
        assert "account clear" in error.value.remedy
    assert (folder / "secrets.bin").read_text() == text
    store.clear()
    store.keep_secret("t", "a", Secret("1"))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "\x00", '{"AccessToken": 5}', '{"AccessToken": {"k": 5}}', "[" * 100_000],
)
def test_a_damaged_token_cache_is_an_empty_one(folder: Path, text: str) -> None:
    store = TokenStore(folder)
    _write_private(folder / "tokens.bin", text)
    assert store.tokens() == {}
    assert store.access_token(KEY) is None
    _remember_token(store)
    assert store.access_token(KEY)


def _write_private(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def test_clearing_leaves_neither_token_nor_secret(folder: Path) -> None:
    store = TokenStore(folder)
    store.keep_secret("t", "a", Secret("s3cret"))
    _remember_token(store)
    store.clear()
    assert list(folder.glob("*.bin")) == []
    store.clear()


def test_a_full_disk_loses_no_secret(folder: Path) -> None:
    store = TokenStore(folder)
    store.keep_secret("t", "a", Secret("1"))
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, usual[1]))
    try:
        with pytest.raises(AcrBridgeError, match="File too large") as error:
            store.keep_secret("t", "b", Secret("2" * 100))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert error.value.code == "FILE_UNREADABLE"
    assert store.secret("t", "a") == Secret("1")
    assert [file.name for file in folder.glob("*.draft")] == []


def test_a_draft_that_a_crash_left_is_neither_read_nor_left_for_good(folder: Path) -> None:
    store = TokenStore(folder)
    _write_private(folder / "secrets.bin.draft", "half of a s3cret")
    store.keep_secret("t", "a", Secret("1"))
    assert store.secret("t", "a") == Secret("1")
    assert not (folder / "secrets.bin.draft").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AcrBridgeError, match="Not a directory") as error:
        TokenStore(tmp_path / "file" / "config")
    assert error.value.code == "FILE_UNREADABLE"


WRITER = """
import sys
from pathlib import Path
from acrbridge.azure.token_store import AccessToken, TokenKey, TokenStore
from acrbridge.jobs import Secret
store = TokenStore(Path(sys.argv[1]))
for number in range(60):
    store.keep_secret("t", f"{sys.argv[2]}-{number}", Secret("s" * 2000))
    entry = {"client_id": f"{sys.argv[2]}-{number}", "secret": "s" * 2000}
    store.change_tokens(lambda cache: {"AccessToken": {**cache.get("AccessToken", {}), entry["client_id"]: entry}})
    if number % 2:
        store.forget_secrets(f"{sys.argv[2]}-{number}")
"""


def test_processes_that_write_at_once_lose_nothing_and_confuse_no_reader(folder: Path) -> None:
    store = TokenStore(folder)
    store.keep_secret("t", "a", Secret("1"))
    _remember_token(store)
    started = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(folder), name])
        for name in ("one", "two", "three")
    ]
    reads = 0
    while any(process.poll() is None for process in started):
        assert store.secret("t", "a") == Secret("1")
        assert "k" in store.tokens()["AccessToken"]
        reads += 1
    assert reads > 20
    assert [process.returncode for process in started] == [0, 0, 0]
    assert len(store.tokens()["AccessToken"]) == 1 + 3 * 60
    assert all(store.secret("t", f"{name}-{n}") for name in ("one", "two", "three") for n in range(0, 60, 2))
