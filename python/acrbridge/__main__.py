"""The program `acrbridge`."""

from __future__ import annotations

import gc
import sys


def main() -> int:
    """Run the command line; gives the exit status."""
    gc.set_threshold(50_000)  # what is imported stays, and need not be looked through again and again
    if sys.argv[1:] == ["--version"]:
        from acrbridge import __version__

        sys.stdout.write(f"{__version__}\n")
        return 0
    try:
        from acrbridge.cli.app import main as run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # before a command could take it
        return 130


if __name__ == "__main__":
    sys.exit(main())
