"""Names of registries, repositories, images and Azure resources: parse and print, no I/O.

The grammar is the OCI distribution specification's (v1.1, "Pulling manifests"): repository names of lower-case
components, tags of up to 128 characters, digests of a registered algorithm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from acrbridge import slips
from acrbridge.errors import UsageError

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_REGISTRY_NAME = re.compile(r"[A-Za-z0-9]{5,50}")
_LOGIN_SERVER = re.compile(r"([A-Za-z0-9]{5,50})(?:-[A-Za-z0-9]+)?(?:\.[A-Za-z0-9]+\.geo)?")
"""Up to the cloud's suffix."""
_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
_RESOURCE_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.ContainerRegistry/registries/(?P<name>[^/]+)",
    re.IGNORECASE,
)
_LAYOUT_SCHEMES = ("oci", "oci-archive")
_MAX_REPOSITORY = 255

DOCKER_HUB = "docker.io"
HUB_API = "registry-1.docker.io"
"""Docker Hub's API lives on another host than its name."""
_HUB_HOSTS = frozenset({DOCKER_HUB, HUB_API, "index.docker.io"})
_ADDRESS = re.compile(r"(?:https?://)?([^/]+)(?:/v[12])?/?")
"""A registry as files of logins name it: by its host, or with scheme and version of its API."""


def is_digest(text: str) -> bool:
    """Whether a text is a digest of a registered algorithm, in lower-case hexadecimal (OCI image-spec)."""
    return _DIGEST.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Whether a text is a host name or IPv4 address, with or without a port."""
    match = _HOST.fullmatch(text)
    return match is not None and (match["port"] is None or 0 < int(match["port"]) < 1 << 16)


def registry_host(address: str) -> str | None:
    """The host of a registry's address, in lower case, with its port where it names one; None where it is none.

    All names of Docker Hub come out as `docker.io`.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None or not is_host(match[1]):
        return None
    host = match[1].lower()
    return DOCKER_HUB if host in _HUB_HOSTS else host


def without_own_port(host: str) -> str:
    """A host without https's own port, which makes it no other."""
    return host.removesuffix(":443")


def api_host(host: str) -> str:
    """Where the registry with that name answers."""
    return HUB_API if host == DOCKER_HUB else host


def registry_of(api_host: str) -> str:
    """The name of the registry that answers there."""
    return DOCKER_HUB if api_host == HUB_API else api_host


def check_repository(text: str) -> str:
    """The text, when it is a repository name.

    Raises:
        UsageError: REFERENCE_INVALID, with the right spelling where capitals are the only fault.
    """
    if len(text) <= _MAX_REPOSITORY and _REPOSITORY.fullmatch(text):
        return text
    lower = text.lower()
    hint = f" Write {lower!r}." if _REPOSITORY.fullmatch(lower) and lower != text else ""
    remedy = "" if hint else slips.remedy(text, slips.REPOSITORY)
    raise UsageError("REFERENCE_INVALID", f"{_shown(text)} is not a repository name.{hint}", remedy=remedy)


def check_tag(text: str) -> str:
    """The text, when it is a tag.

    Raises:
        UsageError: REFERENCE_INVALID.
    """
    if not _TAG.fullmatch(text):
        raise UsageError(
            "REFERENCE_INVALID", f"{_shown(text)} is not a tag.", remedy=slips.remedy(text, slips.TAG)
        )
    return text


def check_digest(text: str) -> str:
    """The text, when it is a digest.

    Raises:
        UsageError: REFERENCE_INVALID.
    """
    if not is_digest(text):
        raise _no_digest(text)
    return text


def _no_digest(text: str) -> UsageError:
    return UsageError(
        "REFERENCE_INVALID", f"{_shown(text)} is not a digest.", remedy=slips.digest_remedy(text)
    )


@dataclass(frozen=True)
class Image:
    """A repository in no particular registry, with a tag, a digest, both or neither.

    `digest` is kept as it was typed: whether it is one is `is_digest`'s to say.
    """

    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Image:
        """Parse `repository[:tag][@digest]`.

        Raises:
            UsageError: REFERENCE_INVALID.
        """
        name, at, digest = text.partition("@")
        repository, colon, tag = name.partition(":")
        check_repository(repository)
        if colon:
            check_tag(tag)
        if at and not re.fullmatch(r"[a-z0-9]+:[0-9A-Za-z]+", digest):
            raise _no_digest(digest)
        return cls(repository, tag if colon else None, digest if at else None)

    @property
    def version(self) -> str:
        """What `/manifests/` takes: the digest, else the tag, else latest."""
        return self.digest or self.tag or "latest"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.repository}{tag}{digest}"


@dataclass(frozen=True)
class RegistryId:
    """ARM's resource ID of a registry, compared without case."""

    subscription: str
    resource_group: str
    name: str

    @classmethod
    def parse(cls, text: str) -> RegistryId | None:
        """Parse a resource ID; None when the text is not one of a registry."""
        match = _RESOURCE_ID.fullmatch(text.strip())
        return cls(match["subscription"], match["group"], match["name"]) if match else None

    def __str__(self) -> str:
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.ContainerRegistry/registries/{self.name}"
        )


def registry_name(text: str, suffix: str) -> str:
    """The registry's name out of a name or login server; az's validate_registry_name takes regional ones not yet.

    Args:
        text: such as `contoso`, or a login server such as `is_login_server` accepts.
        suffix: the cloud's, such as `.azurecr.io`.

    Raises:
        UsageError: REGISTRY_NAME_INVALID or REGISTRY_SUFFIX_UNKNOWN.
    """
    if "." in text and not text.lower().endswith(suffix):
        raise UsageError(
            "REGISTRY_SUFFIX_UNKNOWN",
            f"{_shown(text)} is not a login server of this cloud, whose suffix is {suffix!r}.",
        )
    name = _name_in(text, suffix) if "." in text else text
    if not name or not _REGISTRY_NAME.fullmatch(name):
        raise UsageError(
            "REGISTRY_NAME_INVALID",
            f"{_shown(text)} is not a registry name: it takes 5 to 50 letters and digits.",
        )
    return name


def is_login_server(host: str, suffix: str) -> bool:
    """Whether a host is, by its whole name, an ACR login server of the cloud with that suffix.

    Entra tokens go to nobody else. Regional (`NAME.REGION.geo.azurecr.io`) and hashed (`NAME-HASH.azurecr.io`)
    login servers count; data endpoints (`NAME.REGION.data.azurecr.io`) do not.
    """
    return _name_in(host.removesuffix("."), suffix) is not None


def _name_in(host: str, suffix: str) -> str | None:
    """The registry's name in a login server, None where the host is none."""
    # str.lower turns letters that are not ASCII, such as the Kelvin sign, into ones that are.
    if not host.isascii() or not host.lower().endswith(suffix):
        return None
    match = _LOGIN_SERVER.fullmatch(host[: -len(suffix)])
    return match[1] if match else None


def split_source(source: str) -> tuple[str, str]:
    """Split a fully qualified source at its first slash, as az does: registry host and image.

    Raises:
        UsageError: SOURCE_REGISTRY_MISSING where it names no host, SOURCE_HOST_LOCAL for a host without a dot.
    """
    host, slash, image = source.partition("/")
    looks_like_host = "." in host or ":" in host or host == "localhost"
    if not slash or not image or not looks_like_host:
        raise UsageError(
            "SOURCE_REGISTRY_MISSING",
            f"--source {_shown(source)} names no registry host.",
            remedy=f"For Docker Hub write {DOCKER_HUB}/{_example(source)}; for an Azure registry NAME.azurecr.io/…,"
            " or add --registry NAME.",
        )
    if not is_host(host):
        raise UsageError(
            "REFERENCE_INVALID",
            f"{_shown(host)} is not a host name.",
            remedy=slips.remedy(source, slips.PLACE),
        )
    if "." not in host:
        raise UsageError(
            "SOURCE_HOST_LOCAL",
            f"{_shown(host)} is not a fully qualified domain name, so Azure cannot reach it.",
        )
    return host, image


@dataclass(frozen=True)
class Location:
    """An image, or a repository, in a registry."""

    host: str
    image: Image

    @classmethod
    def parse(cls, text: str) -> Location:
        """Parse `HOST/REPOSITORY[:TAG][@DIGEST]`; https's own port is left out.

        Raises:
            UsageError: REFERENCE_INVALID.
        """
        host, _, image = text.partition("/")
        if not image or not ("." in host or ":" in host or host == "localhost") or not is_host(host):
            raise UsageError(
                "REFERENCE_INVALID",
                f"{_shown(text)} names no registry host with a repository, and no layout.",
                remedy=slips.remedy(text, slips.PLACE),
            )
        host = without_own_port(host.lower())
        parsed = Image.parse(image_on_hub(image) if host == DOCKER_HUB else image)
        if parsed.digest:
            check_digest(parsed.digest)
        return cls(host, parsed)

    @property
    def tag(self) -> str | None:
        """The image's."""
        return self.image.tag

    @property
    def digest(self) -> str | None:
        """The image's."""
        return self.image.digest

    @property
    def version(self) -> str:
        """What `/manifests/` takes: the digest, else the tag, else latest."""
        return self.image.version

    @property
    def api_host(self) -> str:
        """Where the registry answers."""
        return api_host(self.host)

    def __str__(self) -> str:
        return f"{self.host}/{self.image}"


@dataclass(frozen=True)
class LayoutPath:
    """An image, or all images, in an OCI image layout: in a folder, or in a tar archive of one."""

    path: str
    tag: str | None = None
    digest: str | None = None
    is_archive: bool = False

    @classmethod
    def parse(cls, text: str) -> LayoutPath | None:
        r"""Parse `oci:PATH[:TAG|@DIGEST]` or `oci-archive:PATH[:TAG|@DIGEST]`; None when the text is neither.

        What follows the last colon is a tag unless a slash or backslash is in it, so that `C:\images` is a path.

        Raises:
            UsageError: REFERENCE_INVALID.
        """
        scheme, colon, rest = text.partition(":")
        if not colon or scheme not in _LAYOUT_SCHEMES:
            return None
        path, digest = _cut_digest(rest)
        path, tag = (path, None) if digest else _cut_tag(path)
        if not path or "\0" in path:
            raise UsageError(
                "REFERENCE_INVALID", f"{_shown(text)} names no path.", remedy=f"Write {scheme}:PATH:TAG"
            )
        return cls(path, tag, digest, scheme == "oci-archive")

    @property
    def version(self) -> str | None:
        """The digest, else the tag; None where the layout has to tell."""
        return self.digest or self.tag

    def __str__(self) -> str:
        version = f"@{self.digest}" if self.digest else f":{self.tag}" if self.tag else ""
        return f"{'oci-archive' if self.is_archive else 'oci'}:{self.path}{version}"


def _cut_digest(text: str) -> tuple[str, str | None]:
    path, _, digest = text.rpartition("@")
    if not re.match(r"sha(256|512):", digest) or not path:
        return text, None
    return path, check_digest(digest)


def _cut_tag(text: str) -> tuple[str, str | None]:
    path, colon, tag = text.rpartition(":")
    if not colon or "/" in tag or "\\" in tag:
        return text, None
    return path, check_tag(tag)


Place = Location | LayoutPath


def parse_place(text: str, side: str = "") -> Place:
    """Parse what can be copied from or to: an image in a registry, or in a layout.

    Args:
        text: to parse.
        side: which it is, for messages.

    Raises:
        UsageError: REFERENCE_INVALID.
    """
    try:
        return LayoutPath.parse(text) or Location.parse(text)
    except UsageError as error:
        raise error.at(side) from None


def image_on_hub(image: str) -> str:
    """An image's full name on Docker Hub, where official images live under `library/`."""
    return image if "/" in image.partition(":")[0].partition("@")[0] else f"library/{image}"


def _example(source: str) -> Image:
    """The image that a source without a host would be on Docker Hub, or an example where it is none."""
    try:
        return Image.parse(image_on_hub(source))
    except UsageError:
        return Image("library/hello-world", "latest")


def _shown(text: str) -> str:
    """A foreign text, quoted, in one line, shortened; what has no shape is escaped."""
    shown = repr(text)
    return shown if len(shown) <= 200 else f"{shown[:200]}…'"
