"""Every PowerShell line of the article runs unchanged, its placeholders filled in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from interop import article
from interop.article import ARTICLE_DIGEST

if TYPE_CHECKING:
    from pathlib import Path

    from powershell.cmdlets.conftest import MakeShell, Shell

BLOCK = re.compile(r"^```azurepowershell\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PLACEHOLDERS = {  # from the emulator's seed `article`
    "<Docker Hub user name>": "hub-user",
    "<Docker Hub token>": "hub-token",
    "<username>": "hub-user",
    "<password>": "hub-token",
    "<SP_App_ID>": "30000000-0000-0000-0000-0000000000a3",
    "<SP_Passwd>": "source-secret",
    "<identity_ID>": "30000000-0000-0000-0000-0000000000a4",
}
BLOCKS = BLOCK.findall(article.FILE.read_text(encoding="utf-8"))
LINES = [line for block in BLOCKS for line in block.splitlines() if line and not line.startswith("#")]
IMPORTS = [line for line in LINES if line.startswith("Import-AzContainerRegistryImage ")]
GET_MANIFEST = "Get-AzContainerRegistryManifest -RepositoryName library/hello-world -RegistryName myregistry"
CONNECT, GET_TOKEN = "Connect-AzAccount -Identity -AccountId <identity_ID>", "Get-AzAccessToken"


def filled_in(line: str, **more: str) -> str:
    for placeholder, value in {**PLACEHOLDERS, **more}.items():
        line = line.replace(placeholder, value)
    assert "<" not in line, f"a placeholder is left in: {line}"
    return line


@pytest.fixture
def reader(shell: Shell) -> Shell:
    """One who follows the article in a registry without images."""
    for name in shell.acrbridge("acr", "repository", "list", "--name", "myregistry"):
        shell.acrbridge("acr", "repository", "delete", "--name", "myregistry", "--repository", name, "--yes")
    return shell


@pytest.fixture
def source_tenant(make_shell: MakeShell, tmp_path: Path) -> Shell:
    """One who works in the source's tenant."""
    (tmp_path / "source").mkdir()
    return make_shell(tmp_path / "source" / "profile")


def source_digest(reader: Shell) -> str:
    """The digest that the article writes as an example, by way of an import by tag."""
    line = next(line for line in IMPORTS if "aci-helloworld:latest" in line)
    return str(reader.value(f"{line} -TargetTag digest:1 -Detailed")["Images"][0]["Digest"])


def test_the_article_has_these_lines() -> None:
    """Each line of the article belongs to one of the tests below."""
    assert len(IMPORTS) == 11
    assert [line for line in LINES if line not in IMPORTS] == [GET_MANIFEST, CONNECT, GET_TOKEN]


@pytest.mark.parametrize("line", IMPORTS)
def test_each_import_of_the_article_runs(reader: Shell, source_tenant: Shell, line: str) -> None:
    more = {}
    if ARTICLE_DIGEST in line:
        more[ARTICLE_DIGEST] = source_digest(reader)
    if "<access-token>" in line:
        source_tenant.run(filled_in(CONNECT)).succeeded()
        unveil = "[System.Net.NetworkCredential]::new('', (Get-AzAccessToken).Token).Password"
        more["<access-token>"] = source_tenant.value(unveil, secret=True)
    assert reader.run(filled_in(line, **more)).succeeded().stdout == ""
    image = re.findall(r"-SourceImage (\S+)", line)[0].partition("@")[0]
    host = re.findall(r"-SourceRegistryUri docker.io/(\S+)", line)
    target = "/".join([*host, image])
    shown = reader.acrbridge("acr", "repository", "show", "--name", "myregistry", "--image", target)
    assert shown["digest"].startswith("sha256:")


def test_the_article_shows_several_manifests_of_its_first_import(reader: Shell) -> None:
    shown = reader.value(f"{IMPORTS[0]}\n{filled_in(GET_MANIFEST)}")
    assert (shown["Registry"], shown["ImageName"]) == ("myregistry.azurecr.io", "library/hello-world")
    assert len(shown["ManifestsAttributes"]) > 2


def test_the_article_signs_in_with_an_identity_and_shows_a_token(source_tenant: Shell) -> None:
    shown = source_tenant.run(filled_in(CONNECT)).succeeded().stdout.splitlines()
    assert shown[3].split() == ["userAssignedIdentity", "Source", "AzureCloud"]
    assert "System.Security.SecureString" in source_tenant.run(GET_TOKEN).succeeded().stdout
