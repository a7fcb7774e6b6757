"""Where things are kept and what the environment says: flags win over environment, environment over defaults."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """What a run of acrbridge is told from outside, beside the command itself."""

    folder: Path
    """Profile and token cache: ACRBRIDGE_CONFIG_DIR, else the platform's place for an application's settings."""
    ca_files: tuple[Path, ...] = ()
    """Certificate authorities beside the operating system's: --ca-file, SSL_CERT_FILE, REQUESTS_CA_BUNDLE."""
    plain_http: frozenset[str] = frozenset()
    """HOST[:PORT], in lower case, of registries that are spoken to without TLS: --plain-http."""
    docker_configs: tuple[Path, ...] = ()
    """Files with logins for registries, there or not: what REGISTRY_AUTH_FILE or DOCKER_CONFIG names, alone, else
    docker's in the home folder, then podman's."""

    @classmethod
    def read(
        cls,
        *,
        ca_file: Path | None = None,
        plain_http: Iterable[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Settings:
        """Read the environment.

        Args:
            ca_file: the flag, where it was given.
            plain_http: the flag's values.
            environment: by default the process's.
        """
        environment = os.environ if environment is None else environment
        named = [ca_file, environment.get("SSL_CERT_FILE"), environment.get("REQUESTS_CA_BUNDLE")]
        files = dict.fromkeys(Path(name) for name in named if name)
        plain = frozenset(host.lower() for host in plain_http)
        return cls(_folder(environment), tuple(files), plain, _docker_configs(environment))


def _folder(environment: Mapping[str, str]) -> Path:
    if given := environment.get("ACRBRIDGE_CONFIG_DIR"):
        return Path(given)
    import platformdirs

    return platformdirs.user_config_path("acrbridge", appauthor=False)


def _docker_configs(environment: Mapping[str, str]) -> tuple[Path, ...]:
    if file := environment.get("REGISTRY_AUTH_FILE"):
        return (Path(file),)
    if folder := environment.get("DOCKER_CONFIG"):
        return (Path(folder) / "config.json",)
    runtime = environment.get("XDG_RUNTIME_DIR")
    podman = (Path(runtime) / "containers" / "auth.json",) if runtime else ()
    try:
        return (Path.home() / ".docker" / "config.json", *podman)
    except RuntimeError:  # a user without a home
        return podman
