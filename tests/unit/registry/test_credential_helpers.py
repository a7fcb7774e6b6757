from __future__ import annotations

import os
import stat
import sys
import time
from pathlib import Path

import pytest

from acrbridge.jobs import Secret
from acrbridge.registry.auth import Password, RefreshToken
from acrbridge.registry.credential_helpers import UnusableLogin, ask

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the helpers of these tests are scripts")

HOST = "registry.example.com"
GOOD = '{"ServerURL": "registry.example.com", "Username": "u", "Secret": "p"}'


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands first in PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def install(folder: Path, script: str, name: str = "made") -> None:
    file = folder / f"docker-credential-{name}"
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


def says(folder: Path, text: str, status: int = 0) -> None:
    (folder / "answer").write_text(text, encoding="utf-8")
    install(folder, f"cat {folder}/answer; exit {status}")


def refusal(name: object = "made", server: str = HOST, patience: float = 10) -> str:
    with pytest.raises(UnusableLogin) as caught:
        ask(name, server, patience)
    line = str(caught.value)
    assert line.isprintable()
    assert "p4ss" not in line
    return line


def has_ended(file: Path) -> bool:
    """Whether the process whose ID a file holds ends at once, or waits only for its parent."""
    status = Path("/proc") / file.read_text("utf-8").strip() / "stat"
    for _ in range(100):
        if not status.exists() or ") Z " in status.read_text("utf-8"):
            return True
        time.sleep(0.01)
    return False


def test_a_helper_gives_user_and_password(path: Path) -> None:
    says(path, GOOD)
    assert ask("made", HOST) == Password("u", Secret("p"))


def test_token_in_the_users_place_means_an_identity_token(path: Path) -> None:
    says(path, '{"ServerURL": "contoso.azurecr.io", "Username": "<token>", "Secret": "t"}')
    assert ask("made", "contoso.azurecr.io") == RefreshToken(Secret("t"))


def test_the_server_comes_on_standard_input_and_the_verb_as_the_only_argument(path: Path) -> None:
    install(path, f"cat > {path}/stdin; echo \"$@\" > {path}/words; cat <<'END'\n{GOOD}\nEND")
    ask("made", HOST)
    assert (path / "stdin").read_text("utf-8") == HOST
    assert (path / "words").read_text("utf-8") == "get\n"


def test_a_helper_that_has_no_login_is_no_failure(path: Path) -> None:
    says(path, "credentials not found in native keychain\n", 1)
    assert ask("made", HOST) is None


@pytest.mark.parametrize(
    ("output", "status"),
    [
        ("p4ss is what the keychain says\n", 1),
        ("", 3),
        ("p4ss, no JSON", 0),
        ('"p4ss"', 0),
        ("[" * 60_000, 0),
        ('{"Username": "u", "Secret": ["p4ss"]}', 0),
        ('{"Username": 1, "Secret": "p4ss"}', 0),
        ('{"ServerURL": "other.example.com", "Username": "u", "Secret": "p4ss"}', 0),
        ('{"ServerURL": "registry.example.com:444", "Username": "u", "Secret": "p4ss"}', 0),
        ('{"Username": "u:v", "Secret": "p4ss"}', 0),
        ('{"Username": "u\\r\\nv", "Secret": "p4ss"}', 0),
        ('{"Username": "u", "Secret": "p4ss\\ud800"}', 0),
    ],
)
def test_an_answer_that_is_no_login_is_told_without_its_words(path: Path, output: str, status: int) -> None:
    says(path, output, status)
    refusal()


@pytest.mark.parametrize(
    "name",
    [
        "../made",
        "/tmp/made",
        "x; rm -rf ~",
        "",
        ".made",
        "made\n",
        "a b",
        "ü",
        "x" * 65,
        "a\\b",
        7,
        None,
        ["made"],
    ],
)
def test_a_name_that_is_none_runs_nothing(path: Path, name: object) -> None:
    install(path, f"touch {path}/ran")
    refusal(name)
    assert not (path / "ran").exists()


@pytest.mark.parametrize("server", ["h\nother", "h\r\nother", "h\0"])
def test_a_server_of_two_lines_is_asked_for_nowhere(path: Path, server: str) -> None:
    install(path, f"touch {path}/ran")
    refusal(server=server)
    assert not (path / "ran").exists()


@pytest.mark.parametrize("entry", ["", ".", "programs"])
def test_no_helper_comes_from_the_working_directory(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    install(path, f"touch {path}/ran")
    monkeypatch.chdir(tmp_path if entry == "programs" else path)
    monkeypatch.setenv("PATH", f"{entry}{os.pathsep}/usr/bin")
    assert "not on PATH" in refusal()
    assert not (path / "ran").exists()


def test_a_helper_that_is_not_there(path: Path) -> None:
    assert refusal("absent") == "docker-credential-absent is not on PATH."


def test_a_file_that_is_no_program(path: Path) -> None:
    file = path / "docker-credential-made"
    file.write_bytes(b"\x7fELF, or not")
    file.chmod(stat.S_IRWXU)
    assert "cannot be run" in refusal()


def test_a_helper_that_says_too_much_is_ended(path: Path) -> None:
    install(path, "exec yes p4ss")
    began = time.monotonic()
    assert "more than 64 KiB" in refusal()
    assert time.monotonic() - began < 5


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("after", ["wait", f"cat <<'END'\n{GOOD}\nEND"], ids=["hangs", "leaves a child"])
def test_a_helper_that_takes_too_long_is_ended_with_its_children(path: Path, after: str) -> None:
    install(path, f"sleep 60 & echo $! > {path}/child; echo $$ > {path}/own; {after}")
    began = time.monotonic()
    assert "longer than 1 seconds" in refusal(patience=1)
    assert time.monotonic() - began < 5
    assert has_ended(path / "own")
    assert has_ended(path / "child")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_child_that_a_helper_leaves_behind_in_silence_is_ended_too(path: Path) -> None:
    install(path, f"sleep 60 > /dev/null & echo $! > {path}/child; cat <<'END'\n{GOOD}\nEND")
    assert ask("made", HOST) == Password("u", Secret("p"))
    assert has_ended(path / "child")


def test_a_helper_does_not_see_our_passwords(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACRBRIDGE_TARGET_PASSWORD", "p4ss")
    install(path, f"env > {path}/seen; cat <<'END'\n{GOOD}\nEND")
    ask("made", HOST)
    seen = (path / "seen").read_text("utf-8")
    assert "PATH=" in seen
    assert "p4ss" not in seen
