"""Where things are kept and what the environment says: flags win over environment, environment over defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """What a run of acrbridge is told from outside, beside the command itself."""

    folder: Path
    """Profile and token cache: ACRBRIDGE_CONFIG_DIR, else the platform's place for an application's settings."""
    ca_files: tuple[Path, ...] = ()
    """Certificate authorities beside the operating system's: --ca-file, SSL_CERT_FILE, REQUESTS_CA_BUNDLE."""

    @classmethod
    def read(cls, *, ca_file: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the environment.

        Args:
            ca_file: the flag, where it was given.
            environment: by default the process's.
        """
        environment = os.environ if environment is None else environment
        named = [ca_file, environment.get("SSL_CERT_FILE"), environment.get("REQUESTS_CA_BUNDLE")]
        files = dict.fromkeys(Path(name) for name in named if name)
        return cls(_folder(environment), tuple(files))


def _folder(environment: Mapping[str, str]) -> Path:
    if given := environment.get("ACRBRIDGE_CONFIG_DIR"):
        return Path(given)
    import platformdirs

    return platformdirs.user_config_path("acrbridge", appauthor=False)
