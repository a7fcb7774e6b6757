"""The same words to az and to acrbridge, on the same state: the same standard output and exit status."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from interop.strangers import find_tool

if TYPE_CHECKING:
    from pathlib import Path

    from interop.strangers import Emulator, Ended

REPOSITORY = "parity/hello"

COMMANDS = (
    "account show",
    "account show -o table",
    "account show -s nope",
    "account show --query user -o yaml",
    "account list",
    "account list -o table",
    "account list -o tsv",
    "account list --query '[].name' -o tsv",
    "account set -s nope",
    "account get-access-token --query '[subscription,tenant,tokenType]'",
    "account get-access-token --scope https://containerregistry.azure.net/.default --query tokenType -o tsv",
    "acr list",
    "acr list -g rg1 -o table",
    "acr list -o tsv",
    "acr list --query '[].{name:name,server:loginServer}' -o table",
    "acr show -n contoso",
    "acr show -n contoso -o yaml",
    "acr show -n CONTOSO.azurecr.io --query loginServer -o tsv",
    "acr show -n nosuch1",
    "acr show -n contoso -g nosuch",
    "acr show -n abc",
    "acr login -n contoso --expose-token --query '[loginServer,username]'",
    "acr repository list -n contoso",
    "acr repository list -n contoso -o table",
    "acr repository list -n contoso -o tsv",
    "acr repository list -n contoso -p x",
    f"acr repository show -n contoso --repository {REPOSITORY}",
    f"acr repository show -n contoso -t {REPOSITORY}:1 -o yaml",
    f"acr repository show -n contoso -t {REPOSITORY}:nosuch",
    "acr repository show -n contoso --repository nosuch",
    "acr repository show -n contoso",
    f"acr repository show-tags -n contoso --repository {REPOSITORY} -o tsv",
    f"acr repository show-tags -n contoso --repository {REPOSITORY} --detail",
    f"acr repository show-tags -n contoso --repository {REPOSITORY} --detail -o table",
    f"acr repository show-tags -n contoso --repository {REPOSITORY} --top 1 --orderby time_desc",
    "acr repository show-tags -n contoso --repository nosuch",
    f"acr repository show-manifests -n contoso --repository {REPOSITORY}",
    f"acr repository show-manifests -n contoso --repository {REPOSITORY} -o table",
    f"acr repository show-manifests -n contoso --repository {REPOSITORY} -o tsv",
    f"acr repository show-manifests -n contoso --repository {REPOSITORY} --detail --orderby time_asc",
    f"acr repository show-manifests -n contoso --repository {REPOSITORY} --query '[0].digest'",
    "acr repository show-manifests -n contoso --repository nosuch",
    "acr repository delete -n contoso --repository nosuch --yes",
    f"acr repository delete -n contoso -t {REPOSITORY}:1",
    "acr repository untag -n contoso -t nosuch:1",
    f"acr manifest list-metadata -r contoso -n {REPOSITORY}",
    f"acr manifest list-metadata contoso.azurecr.io/{REPOSITORY} --query '[].[digest,tags[0]]' -o tsv",
    "acr manifest list-metadata -r contoso -n nosuch",
    f"acr manifest list-metadata -r contoso -n {REPOSITORY}:1",
    f"acr manifest show contoso.azurecr.io/{REPOSITORY}:1",
    f"acr manifest show -r contoso -n {REPOSITORY}:1 --raw",
    f"acr manifest show -r contoso -n {REPOSITORY}:nosuch",
    f"acr manifest list-referrers -r contoso -n {REPOSITORY}:1",
    "acr manifest show contoso.azurecr.cn/x:1",
    "acr bogus",
    "acr import -n contoso",
    "acr import --bogus",
    "acr repository show-manifests -n contoso",
    f"acr repository show-manifests -n contoso --repository {REPOSITORY} --orderby foo",
    "acr repository list -n contoso --query '['",
    "acr repository list -n contoso -o nosuch",
)


@pytest.fixture(scope="module")
def signed_in(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which both are signed in, and a repository with an image of several platforms and two tags."""
    home = tmp_path_factory.mktemp("parity")
    credential = ("-u", emulator["AZURE_CLIENT_ID"], "-p", emulator["AZURE_CLIENT_SECRET"])
    tenant = ("--tenant", emulator["AZURE_TENANT_ID"])
    both = [run(emulator, home, who, "login", "--service-principal", *credential, *tenant) for who in RUN]
    assert both[0].stdout == both[1].stdout
    source = "docker.io/library/hello-world:latest"
    for tag in ("1", "2"):
        words = ("acr", "import", "-n", "contoso", "--source", source, "-t", f"{REPOSITORY}:{tag}")
        assert run(emulator, home, "acrbridge", *words).status == 0
    return home


RUN = {"az": lambda: [find_tool("az")], "acrbridge": lambda: [sys.executable, "-m", "acrbridge"]}


def run(emulator: Emulator, home: Path, who: str, *words: str) -> Ended:
    """Run az or acrbridge with the profile that it has in this home."""
    folders = {"AZURE_CONFIG_DIR": str(home / "az"), "ACRBRIDGE_CONFIG_DIR": str(home / "acrbridge")}
    return emulator.start(*RUN[who](), *words, home=home, **folders)


@pytest.mark.parametrize("command", COMMANDS)
def test_prints_and_ends_as_az_does(command: str, emulator: Emulator, signed_in: Path) -> None:
    theirs = run(emulator, signed_in, "az", *shlex.split(command))
    ours = run(emulator, signed_in, "acrbridge", *shlex.split(command))
    assert (ours.status, ours.stdout) == (theirs.status, theirs.stdout), f"{theirs.stderr}\n{ours.stderr}"
    if ours.status:
        assert "ERROR: " in ours.stderr
