"""One command: options that all have, the operation called, its result rendered, its errors told."""

from __future__ import annotations

import inspect
import os
import signal
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acrbridge.cli.render import Columns, check_query, render, write
from acrbridge.cli.terminal import Terminal, is_closed_pipe
from acrbridge.errors import (
    AcrBridgeError,
    NotFoundError,
    PartFailedError,
    StoppedError,
    Terminated,
    UsageError,
)
from acrbridge.jobs import Secret
from acrbridge.settings import Settings

if TYPE_CHECKING:
    from acrbridge.operations.session import Session


class Output(StrEnum):
    """Formats of a result, as az has them."""

    JSON = "json"
    JSONC = "jsonc"
    YAML = "yaml"
    YAMLC = "yamlc"
    TABLE = "table"
    TSV = "tsv"
    NONE = "none"


_GLOBAL = "Global arguments"


def _global_options(
    output: Annotated[
        Output | None,
        typer.Option("--output", "-o", help="Output format.", case_sensitive=False, rich_help_panel=_GLOBAL),
    ] = None,
    query: Annotated[
        str | None, typer.Option(help="JMESPath query string.", metavar="QUERY", rich_help_panel=_GLOBAL)
    ] = None,
    only_show_errors: Annotated[
        bool,
        typer.Option("--only-show-errors", help="Only show errors, no warnings.", rich_help_panel=_GLOBAL),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", help="Accepted as az does, and ignored.", hidden=True, rich_help_panel=_GLOBAL
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show what is asked of whom, redacted.", rich_help_panel=_GLOBAL)
    ] = False,
    ca_file: Annotated[
        Path | None,
        typer.Option(help="Certificate authorities to trust beside the system's.", rich_help_panel=_GLOBAL),
    ] = None,
    plain_http: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST[:PORT]",
            help="A registry to speak to without TLS, where others can read along. Repeatable.",
            rich_help_panel=_GLOBAL,
        ),
    ] = None,
) -> None:
    """The options of every command, as Typer reads them."""
    del output, query, only_show_errors, verbose, debug, ca_file, plain_http


_GLOBALS = tuple(inspect.signature(_global_options, eval_str=True).parameters.values())
_ALL = frozenset(p.name for p in _GLOBALS)

Subscription = Annotated[
    str | None,
    typer.Option("--subscription", help="Name or ID of the subscription.", rich_help_panel=_GLOBAL),
]


@dataclass(frozen=True)
class Run:
    """What a command's function is handed first."""

    settings: Settings
    terminal: Terminal
    output: str | None
    """The format that was asked for, json where only a query was; None: nothing asks for a result."""

    def session(self, subscription: str | None = None) -> Session:
        """Open the clients."""
        from acrbridge.operations.session import Session

        return Session(self.settings, subscription=subscription, listener=self.terminal.hear)

    def password(
        self,
        typed: str | None,
        *,
        stdin: bool,
        variable: str | None,
        prompt: bool,
        option: str = "--password-stdin",
        question: str = "Password: ",
    ) -> Secret | None:
        """A password from wherever it comes.

        Args:
            typed: the value of --password.
            stdin: whether --password-stdin was given: the first line of standard input.
            variable: an environment variable that may hold it; None where none is asked.
            prompt: ask for it on a terminal where nothing else gives it.
            option: what asked for standard input.
            question: for the terminal.

        Raises:
            UsageError: OPTIONS_CONFLICT, --password and --password-stdin together; CREDENTIALS_INCOMPLETE,
                standard input is empty.
        """
        if typed and stdin:
            raise UsageError("OPTIONS_CONFLICT", "--password and --password-stdin exclude each other.")
        if stdin:
            return Secret(_first_line(option))
        value = typed or (os.environ.get(variable) if variable else None)
        if not value and prompt and sys.stdin.isatty():
            value = _typed_unseen(question)
        return Secret(value) if value else None


def _typed_unseen(question: str) -> str:
    """What a person types in.

    Raises:
        StoppedError: INTERRUPTED, by Ctrl-C.
    """
    from getpass import getpass

    try:
        return getpass(question)
    except EOFError:
        return ""
    except KeyboardInterrupt as interrupt:
        sys.stderr.write("\n")
        raise StoppedError("Stopped before a password was typed: nothing was done.", interrupt) from None


def _first_line(option: str) -> str:
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise UsageError(
            "CREDENTIALS_INCOMPLETE",
            f"{option} was given, and standard input holds no password.",
            remedy='Pipe it in, as in: printf %s "$PASSWORD" | acrbridge …',
        )
    return line


def command(
    app: typer.Typer,
    name: str,
    *,
    own: bool = False,
    missing: int = 1,
    columns: Columns | None = None,
    warning: str | None = None,
    hidden: bool = False,
    shared: Collection[str] = _ALL,
    **more: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function a command. It takes a Run first; what it returns is printed, None prints nothing.

    Args:
        app: the group.
        name: of the command.
        own: whether it is acrbridge's own; the others have az's exit statuses.
        missing: exit status where a registry has not what was asked for: az's `show` commands have 3.
        columns: for its table.
        warning: said each time, as az does for commands that are going away.
        hidden: left out of the help.
        shared: names of the options of every command that it has.
        more: for Typer.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function, eval_str=True)
        parameters = list(signature.parameters.values())[1:]

        @wraps(function)
        def run_command(**arguments: Any) -> None:
            options = {p.name: arguments.pop(p.name, p.default) for p in _GLOBALS}
            terminal = Terminal(quiet=options["only_show_errors"], debug=options["debug"])
            with _terminable():
                status = _status_of(
                    terminal,
                    lambda: _call(function, terminal, options, arguments, columns, warning),
                    own,
                    missing,
                )
            if status:
                raise typer.Exit(status)

        parameters.extend(p for p in _GLOBALS if p.name in shared)
        keyword = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
        run_command.__signature__ = signature.replace(parameters=keyword)  # type: ignore[attr-defined]
        run_command.__annotations__ = {p.name: p.annotation for p in keyword}
        app.command(name, hidden=hidden, **more)(run_command)
        return function

    return decorate


def _call(
    function: Callable[..., Any],
    terminal: Terminal,
    options: dict[str, Any],
    arguments: dict[str, Any],
    columns: Columns | None,
    warning: str | None,
) -> None:
    check_query(options["query"])
    output = options["output"].value if options["output"] else "json" if options["query"] else None
    if warning and not options["only_show_errors"]:
        sys.stderr.write(f"WARNING: {warning}\n")
    settings = Settings.read(ca_file=options["ca_file"], plain_http=options["plain_http"] or ())
    run = Run(settings, terminal, output)

    def tell(result: Any) -> None:
        terminal.close()
        if result is not None:
            write(render(result, output or "json", options["query"], columns))

    try:
        tell(function(run, **arguments))
    except PartFailedError as error:
        tell(error.result and error.result.as_json())
        raise
    finally:
        terminal.close()


def _status_of(terminal: Terminal, call: Callable[[], None], own: bool, missing: int) -> int:
    """Run a command; gives its exit status."""
    try:
        call()
    except NotFoundError as error:
        terminal.fail(error)
        if own:
            return error.exit_status
        return max(error.drop_in_status, missing if error.code == "REPOSITORY_NOT_FOUND" else 1)
    except AcrBridgeError as error:
        terminal.fail(error)
        return error.exit_status if own else error.drop_in_status
    except KeyboardInterrupt as interrupt:
        terminal.close()
        return 143 if isinstance(interrupt, Terminated) else 130
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:  # noqa: BLE001 - a traceback never reaches a user
        if isinstance(error, OSError) and is_closed_pipe(error):
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the exit must not try to flush
        else:
            terminal.crash(error)
        return 1
    return 0


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM and, when a terminal closes, SIGHUP be interrupts."""
    # Not earlier: Typer would make plain interrupts of them; before this, the system ends the process, with 143.
    numbers = [signal.SIGTERM]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # nohup has it ignored
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, _terminate) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _terminate(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise Terminated


def group(parent: typer.Typer, name: str, text: str) -> typer.Typer:
    """Add a group of commands."""
    app = typer.Typer(help=text, rich_markup_mode=None)
    parent.add_typer(app, name=name)
    return app
