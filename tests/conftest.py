"""Tests that interrupt a process find it listening, also where they are started with `nohup … &`."""

from __future__ import annotations

import signal

signal.signal(
    signal.SIGINT, signal.default_int_handler
)  # what is ignored here, children would ignore as well
