"""Every az line of the article runs with `acrbridge` in place of `az`, and as it stands where az 2.91 accepts it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from interop import article
from interop.strangers import Emulator, Ended, find_tool, running_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINES = article.command_lines()
IMPORTS = [line for line in LINES if line.startswith("az acr import")]
SIGN_IN, GET_TOKEN = "az login --identity --username <identity_ID>", "az account get-access-token"

PLACEHOLDERS = {  # from the emulator's seed `article`
    "<Docker Hub user name>": "hub-user",
    "<Docker Hub token>": "hub-token",
    "<username>": "hub-user",
    "<password>": "hub-token",
    "<SP_App_ID>": "30000000-0000-0000-0000-0000000000a3",
    "<SP_Passwd>": "source-secret",
    "<identity_ID>": "30000000-0000-0000-0000-0000000000a4",
}


class Reader:
    """Somebody who follows the article with one command line tool, on an Azure of the article's names."""

    def __init__(self, emulator: Emulator, command: tuple[str, ...], variable: str, home: Path) -> None:
        self._emulator, self._command, self._variable, self._home = emulator, command, variable, home

    def start(self, *words: str, profile: str = "target") -> Ended:
        """Run the tool in the profile of one tenant; it may fail."""
        folder = {self._variable: str(self._home / profile)}
        return self._emulator.start(*self._command, *words, home=self._home, **folder)

    def run(self, *words: str, profile: str = "target") -> Ended:
        ended = self.start(*words, profile=profile)
        assert ended.status == 0, f"{words} ended with {ended.status}:\n{ended.stdout}\n{ended.stderr}"
        return ended

    def sign_in(self) -> None:
        """Sign in where the article takes it for granted: at the target's tenant."""
        words = ("-u", self._emulator["AZURE_CLIENT_ID"], "-p", self._emulator["AZURE_CLIENT_SECRET"])
        self.run("login", "--service-principal", *words, "--tenant", self._emulator["AZURE_TENANT_ID"])

    def follow(self, line: str, more: dict[str, str]) -> list[str]:
        """Run one import of the article; its image has to be there afterwards. Returns the words."""
        words = article.filled_in(line, {**more, **PLACEHOLDERS})
        self.run(*words)
        image = article.target_image(words)
        shown = self.run("acr", "repository", "show", "--name", "myregistry", "--image", image).json()
        assert shown["digest"].startswith("sha256:")
        return words

    def source_digest(self) -> str:
        """Return the digest that the article writes as an example, by way of an import by tag."""
        source = "mysourceregistry.azurecr.io/aci-helloworld:latest"
        self.run("acr", "import", "--name", "myregistry", "--source", source, "--image", "digest:1")
        shown = self.run("acr", "repository", "show", "--name", "myregistry", "--image", "digest:1").json()
        return str(shown["digest"])

    def blanks(self, line: str, sign_in_words: list[str]) -> dict[str, str]:
        """Return the placeholders that only the article's own course can fill: the digest and the token."""
        if article.ARTICLE_DIGEST in line:
            return {article.ARTICLE_DIGEST: self.source_digest()}
        if "<access-token>" in line:
            self.run(*sign_in_words, profile="source")
            token = self.run(*article.filled_in(GET_TOKEN, {}), profile="source").json()
            return {"<access-token>": token["accessToken"]}
        return {}


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Emulator]:
    """A fresh Azure with the article's registries: imports of two lines would meet in its target."""
    with running_emulator(tmp_path / "state", "--seed", "article", "--lro-polls", "1") as running:
        yield running


@pytest.fixture
def acrbridge(azure: Emulator, tmp_path: Path) -> Reader:
    reader = Reader(azure, (sys.executable, "-m", "acrbridge"), "ACRBRIDGE_CONFIG_DIR", tmp_path)
    reader.sign_in()
    return reader


@pytest.fixture
def az(azure: Emulator, tmp_path: Path) -> Reader:
    reader = Reader(azure, (find_tool("az"),), "AZURE_CONFIG_DIR", tmp_path)
    reader.sign_in()
    return reader


def test_the_article_has_these_lines() -> None:
    """Each line of the article belongs to one of the tests below."""
    assert len(IMPORTS) == 11
    others = [line for line in LINES if line not in IMPORTS]
    manifests = "az acr repository show-manifests --name myregistry --repository hello-world"
    assert others == [manifests, SIGN_IN, GET_TOKEN]


@pytest.mark.parametrize("line", IMPORTS)
def test_acrbridge_imports_as_the_article_says(acrbridge: Reader, line: str) -> None:
    acrbridge.follow(line, acrbridge.blanks(line, article.filled_in(SIGN_IN, PLACEHOLDERS)))


@pytest.mark.parametrize("line", IMPORTS)
def test_the_client_road_ends_with_the_same_digest(acrbridge: Reader, line: str) -> None:
    """Where this computer may read the source; mysourceregistry is closed to the public, as in the article."""
    words = acrbridge.follow(line, acrbridge.blanks(line, article.filled_in(SIGN_IN, PLACEHOLDERS)))
    image = article.target_image(words)
    name, show = ("--name", "myregistry", "--image", image), ("acr", "repository", "show")
    digest = acrbridge.run(*show, *name).json()["digest"]
    acrbridge.run("acr", "repository", "delete", *name, "--yes")
    ended = acrbridge.start(*words, "--via", "client")
    if "mysourceregistry" in line:
        assert (ended.status, ended.stderr.splitlines()[-1]) == (1, "Code: REGISTRY_FIREWALL")
    else:
        assert ended.status == 0, ended.stderr
        assert acrbridge.run(*show, *name).json()["digest"] == digest


@pytest.mark.parametrize("line", IMPORTS)
def test_az_imports_as_the_article_says(az: Reader, line: str) -> None:
    client_id = PLACEHOLDERS["<identity_ID>"]
    az.follow(line, az.blanks(line, ["login", "--identity", "--client-id", client_id]))


@pytest.mark.parametrize("tool", ["acrbridge", "az"])
def test_the_article_shows_several_manifests_of_its_first_import(
    tool: str, request: pytest.FixtureRequest
) -> None:
    reader: Reader = request.getfixturevalue(tool)
    reader.follow(IMPORTS[0], {})
    line = next(line for line in LINES if "show-manifests" in line)
    manifests = reader.run(*article.filled_in(line, {})).json()
    assert len(manifests) > 2


def test_az_refuses_the_sign_in_of_the_article(az: Reader) -> None:
    """Why acrbridge takes --username: the article's readers have nothing else, and az only tells them off."""
    refused = az.start(*article.filled_in(SIGN_IN, PLACEHOLDERS), profile="source")
    assert refused.status == 1
    assert "--client-id" in refused.stderr
