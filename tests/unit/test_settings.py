from __future__ import annotations

from pathlib import Path

import pytest

from acrbridge.settings import Settings


def test_the_environment_says_where_things_are_kept() -> None:
    assert Settings.read(environment={"ACRBRIDGE_CONFIG_DIR": "/x/y"}).folder == Path("/x/y")


@pytest.mark.parametrize("environment", [{}, {"ACRBRIDGE_CONFIG_DIR": ""}])
def test_without_that_the_platform_says_where(environment: dict[str, str]) -> None:
    assert Settings.read(environment=environment).folder.name == "acrbridge"


@pytest.mark.parametrize(
    ("flag", "environment", "files"),
    [
        (None, {}, []),
        ("a", {}, ["a"]),
        (None, {"SSL_CERT_FILE": "b", "REQUESTS_CA_BUNDLE": "c"}, ["b", "c"]),
        ("a", {"SSL_CERT_FILE": "b", "REQUESTS_CA_BUNDLE": "c"}, ["a", "b", "c"]),
        ("a", {"SSL_CERT_FILE": "a", "REQUESTS_CA_BUNDLE": "a"}, ["a"]),
        (None, {"SSL_CERT_FILE": "", "REQUESTS_CA_BUNDLE": ""}, []),
    ],
)
def test_authorities_are_trusted_beside_each_other(
    flag: str | None, environment: dict[str, str], files: list[str]
) -> None:
    found = Settings.read(ca_file=Path(flag) if flag else None, environment=environment)
    assert list(found.ca_files) == [Path(file) for file in files]


def test_hosts_without_tls_are_compared_without_case() -> None:
    assert Settings.read(plain_http=["Registry.example:5000"]).plain_http == {"registry.example:5000"}


def test_logins_of_docker_and_podman_are_looked_for_at_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    found = Settings.read(environment={"XDG_RUNTIME_DIR": "/run/user/7"})
    assert found.docker_configs == (
        tmp_path / ".docker" / "config.json",
        Path("/run/user/7/containers/auth.json"),
    )
    assert Settings.read(environment={}).docker_configs == (tmp_path / ".docker" / "config.json",)


@pytest.mark.parametrize(
    ("environment", "file"),
    [
        ({"DOCKER_CONFIG": "/d", "XDG_RUNTIME_DIR": "/run"}, "/d/config.json"),
        ({"DOCKER_CONFIG": "/d", "REGISTRY_AUTH_FILE": "/r.json"}, "/r.json"),
    ],
)
def test_a_file_of_logins_that_the_environment_names_is_the_only_one(
    environment: dict[str, str], file: str
) -> None:
    assert Settings.read(environment=environment).docker_configs == (Path(file),)
