from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from acrbridge import private_files
from acrbridge.errors import AcrBridgeError

HOLDER = """
import sys, time
from pathlib import Path
from acrbridge import private_files
with private_files.locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_is_held_by_one_process_and_goes_with_it(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(AcrBridgeError) as error, private_files.locked(file, patience=0.1):
            pass
        assert error.value.code == "FILE_UNREADABLE"
        assert "file.lock" in error.value.message
        holder.kill()
        holder.wait()
        with private_files.locked(file, patience=5):
            private_files.write(file, b"x")
    assert private_files.read(file) == b"x"


def test_what_is_written_is_the_owners_alone_and_takes_the_files_place(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("longer than what comes")
    file.chmod(0o644)
    private_files.write(file, b"x")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"x", 0o600)


def test_a_draft_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("kept")
    private_files.draft(tmp_path / "file").symlink_to(elsewhere)
    private_files.write(tmp_path / "file", b"x")
    assert elsewhere.read_text() == "kept"


def test_a_file_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert private_files.read(tmp_path / "file") is None


def test_what_the_system_refuses_is_told_with_its_reason(tmp_path: Path) -> None:
    with (
        pytest.raises(AcrBridgeError, match="No such file or directory") as error,
        private_files.file_errors(tmp_path),
    ):
        (tmp_path / "nope").read_bytes()
    assert error.value.code == "FILE_UNREADABLE"
