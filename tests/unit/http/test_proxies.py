"""The proxy of a URL, by an environment."""

from __future__ import annotations

import pytest

from acrbridge.http.proxies import proxy

URL = "https://example.com/x"
PROXY = "http://proxy.example:3128"
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class Environment:
    """Sets variables, after all that speak of proxies were taken away."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)

    def __call__(self, **variables: str) -> None:
        for name, value in variables.items():
            self._patch.setenv(name, value)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    return Environment(monkeypatch)


@pytest.mark.parametrize(
    ("variables", "chosen"),
    [
        ({}, None),
        ({"HTTPS_PROXY": PROXY}, PROXY),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other.example"}, PROXY),
        ({"HTTPS_PROXY": "proxy.example:3128"}, PROXY),
        ({"HTTPS_PROXY": "http://me:pw@proxy.example:3128"}, "http://me:pw@proxy.example:3128"),
        ({"HTTP_PROXY": PROXY}, None),
        ({"ALL_PROXY": PROXY}, PROXY),
        ({"ALL_PROXY": "http://other.example", "HTTPS_PROXY": PROXY}, PROXY),
        ({"HTTPS_PROXY": ""}, None),
    ],
)
def test_the_environment_names_the_proxy(
    environment: Environment, variables: dict[str, str], chosen: str | None
) -> None:
    environment(**variables)
    assert proxy(URL) == chosen


@pytest.mark.parametrize(
    ("listed", "url", "exempt"),
    [
        ("example.com", "https://example.com/", True),
        ("EXAMPLE.com", "https://Example.COM/", True),
        (".example.com", "https://example.com/", True),
        (".example.com", "https://a.example.com/", True),
        ("example.com", "https://a.example.com/", True),
        ("example.com", "https://badexample.com/", False),
        ("example.com", "https://example.com.evil.example/", False),
        ("x.example, example.com ,", "https://example.com/", True),
        ("example.com:5000", "https://example.com:5000/", True),
        ("example.com:5000", "https://a.example.com:5000/", True),
        ("example.com:5000", "https://example.com/", False),
        ("example.com", "https://example.com:5000/", True),
        ("*", "https://example.com/", True),
        ("10.0.0.0/8", "https://10.1.2.3/", True),
        ("10.0.0.5/8", "https://10.1.2.3:5000/", True),
        ("10.0.0.0/8", "https://11.1.2.3/", False),
        ("10.1.2.3", "https://10.1.2.3/", True),
        ("10.1.2.3", "https://10.1.2.30/", False),
        ("fd00::/8", "https://[fd00::1]/", True),
        ("10.0.0.0/99", "https://10.1.2.3/", False),
        ("", "https://example.com/", False),
    ],
)
def test_hosts_that_no_proxy_names_are_reached_without_one(
    environment: Environment, listed: str, url: str, *, exempt: bool
) -> None:
    environment(HTTPS_PROXY=PROXY, NO_PROXY=listed)
    assert (proxy(url) is None) == exempt


NEAR = ["http://localhost:5/", "http://127.9.9.9:5/msi/token", "http://[::1]:5/", "http://169.254.169.254/metadata",
        "http://169.254.129.2:8081/msi/token", "http://[fe80::1]/msi/token", "https://localhost/"]  # fmt: skip


@pytest.mark.parametrize("url", NEAR)
def test_what_goes_to_a_near_host_goes_through_no_other_computer(environment: Environment, url: str) -> None:
    environment(HTTP_PROXY=PROXY, HTTPS_PROXY=PROXY)
    assert proxy(url) is None


@pytest.mark.parametrize(
    "here", ["http://127.0.0.1:5", "127.0.0.1:5", "http://localhost:5", "http://[::1]:5"]
)
def test_a_proxy_on_this_computer_may_play_a_near_host(environment: Environment, here: str) -> None:
    environment(HTTP_PROXY=here)
    assert proxy("http://169.254.169.254/metadata") == (here if "://" in here else f"http://{here}")
