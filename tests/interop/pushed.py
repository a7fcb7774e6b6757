"""What is copied between registries, each pushed with the tool that its users push it with."""

from __future__ import annotations

import sys
import tarfile
from typing import TYPE_CHECKING

from interop.strangers import Emulator, Ended, find_tool

if TYPE_CHECKING:
    from pathlib import Path

    from interop.places import Place

SBOM, SIGNATURE = "application/vnd.example.sbom", "application/vnd.example.signature"
COSIGN_SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json"


class Person:
    """Somebody with every tool, signed in to the emulator, whose files are all in one folder."""

    def __init__(self, emulator: Emulator, home: Path) -> None:
        self._emulator, self.home = emulator, home
        docker = str(home / ".docker" / "config.json")
        self._variables = {
            "ACRBRIDGE_CONFIG_DIR": str(home / "acrbridge"),
            "COSIGN_EXPERIMENTAL": "1",  # signatures as referrers
            "COSIGN_PASSWORD": "",
            "HELM_REGISTRY_CONFIG": docker,
            "REGISTRY_AUTH_FILE": docker,
        }
        self._make_layer()
        words = ("-u", emulator["AZURE_CLIENT_ID"], "-p", emulator["AZURE_CLIENT_SECRET"])
        self.run("crane", "auth", "login", "contoso.azurecr.io", *words)
        self.acrbridge("login", "--service-principal", *words, "--tenant", emulator["AZURE_TENANT_ID"])

    def _make_layer(self) -> None:
        with tarfile.open(self.home / "layer.tar", "w") as archive:
            archive.add(self.home / self.write("content", "a stranger's " * 100_000), "usr/share/content")

    def run(self, tool: str, *words: str) -> Ended:
        """Run a stranger, which has to succeed."""
        return self._emulator.run(find_tool(tool), *words, home=self.home, **self._variables)

    def acrbridge(self, *words: str) -> Ended:
        """Run our own command line, which has to succeed."""
        command = (sys.executable, "-m", "acrbridge", *words)
        return self._emulator.run(*command, home=self.home, **self._variables)

    def digest(self, reference: str) -> str:
        """The digest of a reference, as crane finds it."""
        return self.run("crane", "digest", reference).stdout.strip()

    def write(self, name: str, text: str) -> str:
        """Write a file and return its name."""
        (self.home / name).write_text(text)
        return name


class Shelf:
    """A folder of one place's repositories, where each method pushes something and returns its name."""

    def __init__(self, person: Person, place: Place, folder: str) -> None:
        self._person, self._place, self._folder = person, place, folder

    def image(self, repository: str = "image", base: str = "--oci-empty-base", index: str = "") -> str:
        """An index of an image for each of two platforms, in OCI's formats or Docker's."""
        children = [self._one_platform(repository, name, base) for name in ("amd64", "arm64")]
        return self._index(f"{repository}:1", children, *index.split())

    def docker_list(self) -> str:
        """A manifest list of Docker's, and its images in schema 2."""
        return self.image("docker-list", base="", index="--docker-empty-base")

    def nested(self) -> str:
        """An index of an index and an image."""
        children = [self.image(), self._one_platform("nested", "amd64", "--oci-empty-base")]
        return self._index("nested:1", children, "--flatten=false")

    def artifact(self) -> str:
        """An OCI artifact of two files."""
        files = [self._person.write(name, f"{name} of a stranger") for name in ("notes.txt", "more.txt")]
        words = ("--artifact-type", "application/vnd.example.notes")
        self._oras("push", "artifact:1", *files, *words)
        return f"{self._folder}/artifact:1"

    def chart(self) -> str:
        """A Helm chart that `helm create` wrote."""
        self._person.run("helm", "create", "shop")
        self._person.run("helm", "package", "shop")
        to = f"oci://{self._place.host}/{self._folder}"
        self._person.run("helm", "push", "shop-0.1.0.tgz", to, *self._place.words("--plain-http"))
        return f"{self._folder}/shop:0.1.0"

    def attached(self) -> str:
        """An artifact with an SBOM attached to it, which has a signature attached to it."""
        file = self._person.write("sbom.json", "{}")
        self._oras("push", "attached:1", file)
        sbom = self._oras("attach", "attached:1", file, "--artifact-type", SBOM, "--format", "json").json()
        self._oras("attach", f"attached@{sbom['digest']}", file, "--artifact-type", SIGNATURE)
        return f"{self._folder}/attached:1"

    def signed(self) -> str:
        """An image whose index and platforms cosign signed, the index with an attestation."""
        name = self.image("signed")
        self._cosign("sign", "--recursive", name)
        self._cosign("attest", "--predicate", self._person.write("predicate.json", "{}"), name)
        return name

    def signed_by_referrer(self) -> str:
        """An image with a signature that cosign made a referrer, not a tag."""
        name = self.image("signed-by-referrer")
        self._cosign("sign", "--registry-referrers-mode=oci-1-1", name)
        return name

    def _one_platform(self, repository: str, architecture: str, base: str) -> str:
        name = f"{self._folder}/{repository}:{architecture}"
        reference = f"{self._place.host}/{name}"
        self._person.run("crane", "append", *base.split(), "-f", "layer.tar", "-t", reference)
        self._person.run("crane", "mutate", reference, "--set-platform", f"linux/{architecture}")
        return name

    def _index(self, image: str, children: list[str], *options: str) -> str:
        name = f"{self._folder}/{image}"
        words = [word for child in children for word in ("-m", f"{self._place.host}/{child}")]
        self._person.run("crane", "index", "append", *options, "-t", f"{self._place.host}/{name}", *words)
        return name

    def _oras(self, verb: str, name: str, *words: str) -> Ended:
        plain = self._place.words("--plain-http")
        return self._person.run("oras", verb, *plain, f"{self._place.host}/{self._folder}/{name}", *words)

    def _cosign(self, *words: str) -> None:
        """Sign, with no transparency log, what the words end with."""
        if not (self._person.home / "cosign.key").exists():
            self._person.run("cosign", "generate-key-pair")
        options = ("--key", "cosign.key", "--tlog-upload=false", "--yes")
        reference = f"{self._place.host}/{words[-1]}"
        plain = self._place.words("--allow-http-registry")
        self._person.run("cosign", *words[:-1], *options, *plain, reference)
