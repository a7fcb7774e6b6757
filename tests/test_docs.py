"""The documentation is complete, up to date and true: what it shows runs, and nothing public goes undocumented.

Examples: lines that begin with `$ ` in a fenced block `console` are run in one shell per page, in order, in an empty
home folder (`pip` is left out: .ci/run installs). A command succeeds, unless the output that the page shows holds a
line `Code: …`. Each line of output that a page shows has to come; `…` in it stands for anything, and a line `…` for
any lines. A fenced block whose first line is `# NAME.EXTENSION` is a file of that name. Blocks `powershell` run in
one PowerShell per page. Blocks `session` are what a client of `acrbridge serve` sends (→) and hears (←).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import pytest
import typer

from acr_emulator import faults
from acr_emulator.seed.load import BUILT_IN, built_in
from acr_emulator.seed.model import Seed
from acrbridge.cli.app import command_line
from acrbridge.errors import CATALOGUE
from acrbridge.stdio.methods import METHODS
from powershell import conftest as powershell

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[1]
DOCS = PROJECT / "docs"
PAGES = [PROJECT / "README.md", *sorted(DOCS.rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE_NAME = re.compile(r"# (\w+\.\w+)\n")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
MARK = "\x1e"
"""Between the outputs of two commands of a page."""


@dataclass(frozen=True)
class Example:
    """A command of a page, and the lines of output that the page shows for it."""

    command: str
    shown: tuple[str, ...]

    @property
    def fails(self) -> bool:
        return any(line.startswith("Code: ") for line in self.shown)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(text_of(page)) if kind == language]


def examples(page: Path) -> list[Example]:
    """The commands of a page's `console` blocks; a backslash at a line's end continues the command."""
    found = []
    for block in blocks(page, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = re.sub(r"\\\n", "\\\\\0", part).partition("\n")
            found.append(Example(command.replace("\0", "\n"), tuple(output.splitlines())))
    return [example for example in found if not example.command.startswith("pip ")]


def write_files(page: Path, folder: Path) -> None:
    for _, body in FENCE.findall(text_of(page)):
        if named := FILE_NAME.match(body):
            (folder / named[1]).write_text(body, encoding="utf-8")


def environment(home: Path) -> dict[str, str]:
    """A user's environment: an empty home folder, and the programs of the environment under test."""
    inherited = {name: os.environ[name] for name in ("LANG", "ACRBRIDGE_CI_RUN") if name in os.environ}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    keyring = "keyring.backends.fail.Keyring"  # not that of who runs the tests
    return {
        **inherited,
        "HOME": str(home),
        "PATH": path,
        "COLUMNS": "200",
        "PYTHON_KEYRING_BACKEND": keyring,
    }


def answers(shown: str, printed: list[str]) -> bool:
    """Whether a line that a page shows is among those printed."""
    pattern = re.compile(".*".join(re.escape(part.rstrip()) for part in shown.split("…")))
    return any(pattern.fullmatch(line.rstrip()) for line in printed)


pwsh_path = powershell.pwsh_path
run_powershell = powershell.pwsh


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home folder; an emulator that a page left running in it is stopped."""
    yield tmp_path
    stop = [sys.executable, "-m", "acrbridge", "emulator", "stop"]
    subprocess.run(stop, check=False, env=environment(tmp_path), capture_output=True)


# What the pages show


@pytest.mark.parametrize("page", [p for p in PAGES if examples(p)], ids=name_of)
def test_the_examples_of_a_page_run_as_it_shows(page: Path, home: Path) -> None:
    write_files(page, home)
    commands = examples(page)
    script = "".join(f"{one.command}\nprintf '\\n{MARK}%d{MARK}\\n' $?\n" for one in commands)
    run = ["bash", "-c", f"exec 2>&1\n{script}"]
    ended = subprocess.run(
        run,
        check=False,
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    parts = ended.stdout.split(MARK)
    assert len(parts) == 2 * len(commands) + 1, ended.stdout[-2000:]
    for example, output, status in zip(commands, parts[::2], parts[1::2], strict=False):
        assert (status != "0") == example.fails, f"$ {example.command}\n{output}\nexit status {status}"
        printed = output.splitlines()
        missing = [line for line in example.shown if line.strip() and not answers(line, printed)]
        assert missing == [], f"$ {example.command}\n{output}"


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "powershell")], ids=name_of)
def test_the_powershell_examples_of_a_page_run(
    page: Path, home: Path, run_powershell: powershell.PowerShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(home).items():
        monkeypatch.setenv(name, value)
    strict = "$ErrorActionPreference = 'Stop'; $PSNativeCommandUseErrorActionPreference = $true\n"
    script = home / "page.ps1"
    script.write_text(strict + "".join(blocks(page, "powershell")), encoding="utf-8")
    ended = run_powershell("-File", script)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "session")], ids=name_of)
def test_the_sessions_of_a_page_run_as_it_shows(page: Path, home: Path) -> None:
    emulated = ("emulator", "run", "--lro-polls", "2", "--retry-after", "0", "--")
    serve = (sys.executable, "-I", "-X", "utf8", "-u", "-m", "acrbridge", "serve")
    with subprocess.Popen(
        [sys.executable, "-m", "acrbridge", *emulated, *serve],
        cwd=home,
        env=environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdin
        assert process.stdout
        for line in "".join(blocks(page, "session")).splitlines():
            if line.startswith("→ "):
                process.stdin.write(f"{line[2:]}\n")
                process.stdin.flush()
            else:
                heard = process.stdout.readline().rstrip("\n")
                while '"progress"' in heard and '"progress"' not in line:
                    heard = process.stdout.readline().rstrip("\n")
                assert answers(line[2:], [heard]), f"{line}\n{heard}"
        process.stdin.close()
        assert process.stdout.read() == ""
    assert process.returncode == 0


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    local = [target for target in LINK.findall(text_of(page)) if "://" not in target]
    assert [target for target in local if not resolves(page, target)] == []


def resolves(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = page.parent / path if path else page
    return file.exists() and (not anchor or anchor in anchors(file))


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# What the pages have to name


def test_the_references_are_up_to_date() -> None:
    check = [sys.executable, str(DOCS / "make_references.py"), "--check"]
    ended = subprocess.run(check, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, command
    for child in getattr(command, "commands", {}).values():
        yield from commands(child, f"{name} {child.name}")


def test_every_command_and_option_is_in_the_reference() -> None:
    sections = dict(
        re.findall(r"^##+ (acrbridge.*)\n((?:(?!#).*\n)*)", text_of(DOCS / "cli.md"), re.MULTILINE)
    )
    shared = text_of(DOCS / "cli.md").partition("## acrbridge")[0]
    missing = [
        f"{name} {option}"
        for name, command in commands(typer.main.get_command(command_line()), "acrbridge")
        for parameter in command.params
        for option in parameter.opts
        if parameter.param_type_name == "option" and f"`{option}`" not in sections.get(name, "") + shared
    ]
    assert missing == []


def test_every_error_code_is_in_the_reference() -> None:
    assert [code for code in CATALOGUE if f"\n### {code}\n" not in text_of(DOCS / "errors.md")] == []


def test_every_method_is_in_the_reference() -> None:
    page = text_of(DOCS / "protocol.md")
    assert [name for name in (*METHODS, "initialize", "cancel") if f"\n### {name}\n" not in page] == []


def test_every_code_that_the_protocol_names_exists() -> None:
    named = re.findall(r"errors\.md#(\w+)", text_of(DOCS / "protocol.md"))
    assert {name.upper() for name in named} <= set(CATALOGUE)


def test_every_code_that_the_guide_to_importing_names_exists() -> None:
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", text_of(DOCS / "importing.md")))
    assert {name for name in named if not name.startswith("ACRBRIDGE_")} <= set(CATALOGUE)


def test_every_fault_is_described() -> None:
    page = text_of(DOCS / "emulator.md")
    assert [name for name in faults.FAULTS if f"`{name}" not in page] == []


def keys(record: type) -> Iterator[str]:
    """The keys of a seed's record and of those within."""
    for field in fields(record):
        yield field.name
    for hint in get_type_hints(record).values():
        for kind in (hint, *get_args(hint)):
            if is_dataclass(kind) and isinstance(kind, type):
                yield from keys(kind)


def test_every_key_of_a_seed_is_described() -> None:
    page = text_of(DOCS / "emulator.md")
    assert sorted({key for key in keys(Seed) if f"`{key}`" not in page}) == []


def names_in(seed: Seed) -> Iterator[str]:
    """What somebody has to know of a built-in seed: its IDs, users, secrets, registries and images."""
    for parts in (seed.tenants, seed.subscriptions):
        yield from (part.id for part in parts.values())
    for name, identity in seed.identities.items():
        yield from (name, identity.client_id, identity.secret or "")
    yield from (*seed.registries, *seed.hosts, *(image.repository for image in seed.images))
    for registry in seed.registries.values():
        yield from registry.admin_passwords
    for login in seed.logins:
        yield from (login.username, login.password)


@pytest.mark.parametrize("name", BUILT_IN)
def test_everything_in_a_built_in_seed_is_described(name: str) -> None:
    page = text_of(DOCS / "emulator.md")
    assert [word for word in names_in(built_in(name)) if word not in page] == []
