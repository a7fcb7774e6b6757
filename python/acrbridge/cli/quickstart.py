"""`acrbridge quickstart`: the article's first import, on an emulator, step by step."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import typer

from acrbridge.cli.command import Run, command
from acrbridge.cli.options import CLIENT_SECRET_VARIABLE

Main = Callable[[Sequence[str]], int]
"""Runs a command line of acrbridge; gives its exit status."""

_SOURCE = "docker.io/library/hello-world:latest"
_IMAGE = "hello-world:latest"
_INHABITANTS = "Entra, Resource Manager, a registry named contoso, and a stand-in for docker.io"


def add_to(parent: typer.Typer) -> None:
    """Add the command."""
    command(parent, "quickstart", own=True, shared=("debug",))(quickstart)


def quickstart(run: Run) -> None:
    """Import an image into a local Azure, step by step."""
    from acrbridge.cli.app import main

    del run
    status = _quickstart(main)
    if status:
        raise typer.Exit(status)


def _quickstart(main: Main) -> int:
    from acrbridge.operations import local_azure

    started = time.monotonic()
    with local_azure.serving(None, local_azure.EmulatorOptions()) as emulator:
        _say(f"A local Azure runs: {_INHABITANTS}.")
        before = dict(os.environ)
        os.environ.update(local_azure.client_environment(emulator, {}))
        os.environ[CLIENT_SECRET_VARIABLE] = emulator.environment["AZURE_CLIENT_SECRET"]
        try:
            status = _run_steps(main, emulator.environment)
        finally:
            os.environ.clear()
            os.environ.update(before)
    if status == 0:
        _say(f"\nDone in {time.monotonic() - started:.1f} s. {_ON_A_REAL_REGISTRY}")
    return status


def _run_steps(main: Main, environment: Mapping[str, str]) -> int:
    for text, arguments in _steps(environment["AZURE_CLIENT_ID"], environment["AZURE_TENANT_ID"]):
        _say(f"\n# {text}\n$ acrbridge {shlex.join(arguments)}")
        if status := main(arguments):
            return status
    return 0


def _steps(client_id: str, tenant: str) -> list[tuple[str, list[str]]]:
    listing = "[].{digest: digest, os: os, architecture: architecture, tag: tags[0]}"
    return [
        (
            f"Sign in with a service principal; its secret is in {CLIENT_SECRET_VARIABLE}.",
            [*("login", "--service-principal", "--username", client_id), *("--tenant", tenant, "-o", "none")],
        ),
        (
            "Import. Azure copies; acrbridge waits, reads the manifest of the new tag, and checks its digest.",
            ["acr", "import", "--name", "contoso", "--source", _SOURCE, "--image", _IMAGE, "-o", "json"],
        ),
        (
            "The image is there, with all its platforms.",
            [
                *("acr", "manifest", "list-metadata", "--registry", "contoso", "--name", "hello-world"),
                *("--query", listing, "-o", "table"),
            ],
        ),
    ]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


_ON_A_REAL_REGISTRY = f"""On a real registry:

  acrbridge login --service-principal --username APP_ID --tenant TENANT    (it asks for the secret)
  acrbridge acr import --name YOUR_REGISTRY --source {_SOURCE} --image {_IMAGE} -o json
  acrbridge acr manifest list-metadata --registry YOUR_REGISTRY --name hello-world -o table"""
