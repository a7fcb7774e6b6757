from __future__ import annotations

import io
import re
import sys

import pytest

PIECE = re.compile(r"\x1b\[(\d*)([AJK])|([\r\n])|([^\x1b\r\n]+)")


class FakeTerminal(io.StringIO):
    """A terminal of unlimited height that obeys what progress makes use of."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def shows(self) -> list[str]:
        """What is to be seen, empty lines at the end left out."""
        lines, row, column = [""], 0, 0
        for number, command, control, text in PIECE.findall(self.getvalue()):
            match command or control:
                case "A":
                    row -= int(number)
                case "K":
                    lines[row] = lines[row][:column]
                case "J":
                    lines[row:] = [lines[row][:column]]
                case "\r":
                    column = 0
                case "\n":
                    row, column = row + 1, 0
                    lines += [""] * (row + 1 - len(lines))
                case _:
                    kept = lines[row].ljust(column)
                    lines[row] = kept[:column] + text + kept[column + len(text) :]
                    column += len(text)
        return "\n".join(line.rstrip() for line in lines).rstrip("\n").split("\n") if any(lines) else []


def fake_terminal(monkeypatch: pytest.MonkeyPatch, columns: int = 80, lines: int = 24) -> FakeTerminal:
    """Make standard error a terminal that knows escapes."""
    terminal = FakeTerminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    for name, value in {"TERM": "xterm", "COLUMNS": str(columns), "LINES": str(lines)}.items():
        monkeypatch.setenv(name, value)
    return terminal
