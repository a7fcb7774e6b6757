from __future__ import annotations

import sqlite3
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acrbridge.transfer.journal import FILE, Journal
from unit.transfer.places import digest_of

HOST = "contoso.azurecr.io"
BLOB, OTHER = digest_of(b"blob"), digest_of(b"other")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings" / FILE


class Opened:
    """Journals of one file, and what they said."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.said: list[str] = []

    def __call__(self, repository: str = "app", host: str = HOST, **options: Any) -> Journal:
        return Journal(self.file, host, repository, self.said.append, **options)


@pytest.fixture
def journal(file: Path) -> Opened:
    return Opened(file)


def changed(file: Path, *statements: str) -> None:
    with sqlite3.connect(file) as database:
        for statement in statements:
            database.execute(statement)
    database.close()


def test_what_was_begun_is_known_to_the_next_copy(journal: Opened) -> None:
    assert journal().begun() is False
    for _ in range(2):
        journal().begin()
    assert journal().begun() is True
    assert journal("elsewhere").begun() is False
    assert journal(host="fabrikam.azurecr.io").begun() is False


@pytest.mark.parametrize("tagged", [True, False])
def test_a_tag_ends_what_was_begun(journal: Opened, tagged: bool) -> None:
    journal().begin()
    journal().hold([], tagged=tagged)
    assert journal().begun() is not tagged


def test_a_blob_is_held_by_the_repository_that_it_was_put_into_last(journal: Opened) -> None:
    assert journal().holder(BLOB) is None
    for repository in ("a", "b", "a"):
        journal(repository).hold([BLOB], tagged=True)
    assert journal().holder(BLOB) == "a"
    assert journal("a").holder(BLOB) == "b"
    assert journal().holder(OTHER) is None
    assert journal(host="fabrikam.azurecr.io").holder(BLOB) is None


def test_the_file_is_its_owners_alone(journal: Opened, file: Path) -> None:
    journal().begin()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]


def test_the_oldest_rows_go(journal: Opened) -> None:
    for body in (b"1", b"2", b"3"):
        journal("from", kept=2).hold([digest_of(body)], tagged=True)
    assert [journal().holder(digest_of(body)) for body in (b"1", b"2", b"3")] == [None, "from", "from"]


def test_threads_share_it(journal: Opened) -> None:
    shared = journal("from")
    digests = [digest_of(bytes([number])) for number in range(40)]
    threads = [
        threading.Thread(target=shared.hold, args=([digest],), kwargs={"tagged": True}) for digest in digests
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {journal().holder(digest) for digest in digests} == {"from"}
    assert journal.said == []


def garbage(file: Path) -> None:
    file.write_bytes(b"no database at all" * 1000)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def link(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


def foreign_table(file: Path) -> None:
    changed(file, "CREATE TABLE more (x)")


def endless_view(file: Path) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT x, x, x FROM n"
    changed(file, "DROP TABLE held", f"CREATE VIEW held (host, digest, repository) AS {endless}")


def open_to_others(file: Path) -> None:
    file.chmod(0o644)


SPOILT: list[Callable[[Path], None]] = [garbage, cut, link, foreign_table, endless_view, open_to_others]


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_spoilt_journal_is_put_aside_with_one_notice(
    journal: Opened, file: Path, spoil: Callable[[Path], None]
) -> None:
    journal("from").hold([BLOB], tagged=True)
    spoil(file)
    copying = journal()
    assert (copying.begun(), copying.holder(BLOB)) == (False, None)
    copying.hold([BLOB], tagged=True)
    assert len(journal.said) == 1
    assert str(file) in journal.said[0]
    journal("from").hold([BLOB], tagged=True)
    assert journal().holder(BLOB) == "from"
    assert len(journal.said) == 1


class AsOnWindows(type(Path())):  # type: ignore[misc] # the system's own kind
    """A file that cannot be renamed while this process has it open."""

    def replace(self, target: Any) -> Any:
        if sys.platform == "linux":
            links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
            assert Path(self) not in {link.readlink() for link in links}
        return super().replace(target)


@pytest.mark.parametrize(
    "spoil", [garbage, lambda file: changed(file, "UPDATE held SET repository = '../up'")]
)
def test_a_spoilt_journal_is_closed_before_it_is_put_aside(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    file = AsOnWindows(tmp_path / FILE)
    tmp_path.chmod(0o700)
    journal = Opened(file)
    first = journal("from")
    first.hold([BLOB], tagged=True)
    first.close()
    spoil(file)
    assert journal().holder(BLOB) is None
    assert file.with_suffix(".broken").exists()


@pytest.mark.parametrize("repository", ["'../up'", "'Capital'", "'a?mount=b'", "X'ff'", "17.5e300", "'a b'"])
def test_a_forged_repository_is_not_believed(journal: Opened, file: Path, repository: str) -> None:
    journal("from").hold([BLOB], tagged=True)
    changed(file, f"UPDATE held SET repository = {repository}")
    assert journal().holder(BLOB) is None
    assert len(journal.said) == 1


def test_a_folder_that_is_none_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("a file")
    journal = Opened(tmp_path / "settings" / FILE)
    copying = journal()
    assert (copying.begun(), copying.holder(BLOB)) == (False, None)
    assert len(journal.said) == 1


def test_a_journal_that_another_process_keeps_busy_is_done_without(journal: Opened, file: Path) -> None:
    journal("from").hold([BLOB], tagged=True)
    busy = sqlite3.connect(file, isolation_level=None)
    busy.execute("BEGIN EXCLUSIVE")
    journal(patience=0.05).begin()
    busy.execute("ROLLBACK")
    busy.close()
    assert len(journal.said) == 1
    assert journal().holder(BLOB) == "from"
