"""The emulator as a process: how it says that it is ready, what outlives it, and how it ends."""

from __future__ import annotations

import json
import signal
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from emulator.process import Process, command, eventually, running

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST_TYPE = "application/vnd.oci.image.index.v1+json"
INDEX = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "manifests": []}).encode()
OPEN = ("--anonymous-push", "contoso.azurecr.io")
SEED = """
tenants: {extra: {}}
subscriptions: {extra: {}}
registries: {extrareg: {subscription: extra, loopback: 127.0.0.77}}
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def push(emulator: Process, tag: str = "v1") -> int:
    path = f"/v2/app/manifests/{tag}"
    return emulator.ask("contoso.azurecr.io", "PUT", path, INDEX, Content_Type=MANIFEST_TYPE)[0]


def test_when_it_is_ready_it_says_where_it_is(state: Path) -> None:
    with running(state) as emulator:
        endpoint = emulator.endpoint
        assert emulator.said == f"acr_emulator: https://localhost:{endpoint['port']} ({state})\n"
        assert endpoint["pid"] == emulator.process.pid
        assert (endpoint["url"], endpoint["ca_file"]) == (
            f"https://localhost:{endpoint['port']}",
            str(state / "ca.pem"),
        )
        assert (state / "endpoint.json").stat().st_mode & 0o777 == 0o600


def test_its_environment_has_all_that_a_client_needs(state: Path) -> None:
    with running(state) as emulator:
        environment, proxy = emulator.endpoint["environment"], f"http://127.0.0.1:{emulator.port}"
    expected = {
        "HTTPS_PROXY": proxy,
        "HTTP_PROXY": proxy,
        "REQUESTS_CA_BUNDLE": str(state / "ca.pem"),
        "SSL_CERT_FILE": str(state / "ca.pem"),
        "ACR_EMULATOR_URL": f"https://localhost:{emulator.said.split(':')[3].split()[0]}",
        "ACR_EMULATOR_CA": str(state / "ca.pem"),
        "ACR_EMULATOR_RESOURCE_GROUP": "rg1",
        "ACR_EMULATOR_IDENTITY_ENDPOINT": f"{proxy}/msi/token",
    }
    assert {name: environment[name] for name in expected} == expected
    made_up = {
        "NO_PROXY",
        "AZURE_TENANT_ID",
        "AZURE_CLIENT_ID",
        "AZURE_CLIENT_SECRET",
        "AZURE_SUBSCRIPTION_ID",
        "ACR_EMULATOR_IDENTITY_HEADER",
        "ACR_EMULATOR_IDENTITY_CLIENT_ID",
        "ACR_EMULATOR_SOURCE_USERNAME",
        "ACR_EMULATOR_SOURCE_PASSWORD",
    }
    assert all(environment[name] for name in made_up)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_takes_the_endpoint_away(state: Path, number: signal.Signals) -> None:
    with running(state) as emulator:
        assert emulator.end(number) == 0
        assert not (state / "endpoint.json").exists()


def test_a_restart_or_a_kill_loses_nothing(state: Path) -> None:
    with running(state, *OPEN) as emulator:
        assert push(emulator) == 201
        authority = (state / "ca.pem").read_bytes()
        emulator.end(signal.SIGKILL)
    with running(state, *OPEN) as emulator:
        path = "/v2/app/manifests/v1"
        assert emulator.ask("contoso.azurecr.io", "GET", path) == (200, INDEX)
        assert (state / "ca.pem").read_bytes() == authority


def test_a_folder_is_served_by_one_process(state: Path) -> None:
    with running(state):
        second = command("serve", "--state", str(state))
    assert second.returncode == 1
    assert second.stderr.startswith(f"acr_emulator: an emulator serves {state} at port ")


def test_a_killed_one_is_not_taken_for_another_at_its_port(state: Path, tmp_path: Path) -> None:
    with running(state) as killed:
        port = killed.port
        killed.end(signal.SIGKILL)
    with running(tmp_path / "other", "--port", str(port)), running(state) as again:
        assert again.port != port


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "5", "[" * 100_000, "{}", '{"port": "x"}'])
def test_a_damaged_endpoint_is_as_none(state: Path, text: str) -> None:
    state.mkdir()
    (state / "endpoint.json").write_text(text)
    assert command("seed", "--state", str(state), "article").returncode == 0
    assert (state / "endpoint.json").read_text() == text
    with running(state) as emulator:
        assert emulator.port


def test_it_says_which_run_answers_whatever_fault_plays(state: Path) -> None:
    with running(state, "--fault", "slow=60") as emulator:
        answer = emulator.send(b"GET /emulator HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer.endswith(json.dumps({"run": emulator.endpoint["run"]}, separators=(",", ":")).encode())
        assert (state / "requests.jsonl").read_text() == ""


def test_a_port_that_is_taken_is_said_in_one_line(state: Path, tmp_path: Path) -> None:
    with running(state) as emulator:
        second = command("serve", "--state", str(tmp_path / "other"), "--port", str(emulator.port))
    assert (second.returncode, second.stderr.count("\n")) == (1, 1)


def test_keys_are_for_their_owner_alone(state: Path) -> None:
    with running(state):
        for name in ("ca-key.pem", "signing-key.pem", "identity-header", "requests.jsonl"):
            assert (state / name).stat().st_mode & 0o777 == 0o600
        assert state.stat().st_mode & 0o777 == 0o700
        assert b"PRIVATE" not in (state / "ca.pem").read_bytes()


def test_two_folders_trust_each_other_not(state: Path, tmp_path: Path) -> None:
    with running(state) as one, running(tmp_path / "other") as other:
        (state / "ca.pem").write_bytes((tmp_path / "other" / "ca.pem").read_bytes())
        with pytest.raises(ssl.SSLCertVerificationError):
            one.ask("contoso.azurecr.io", "GET", "/v2/")
        assert other.ask("contoso.azurecr.io", "GET", "/v2/")[0] == 401


def test_a_seed_is_loaded_while_it_runs(state: Path, tmp_path: Path) -> None:
    (tmp_path / "seed.yaml").write_text(SEED)
    with running(state) as emulator:
        with pytest.raises(OSError, match="403"):
            emulator.ask("extrareg.azurecr.io", "GET", "/v2/")
        seeded = command("seed", "--state", str(state), str(tmp_path / "seed.yaml"))
        assert seeded.returncode == 0, seeded.stderr
        assert emulator.ask("extrareg.azurecr.io", "GET", "/v2/")[0] == 401
        assert eventually(lambda: answers_at(emulator, "127.0.0.77"))


def test_a_seed_that_names_another_client_changes_the_environment_at_once(state: Path) -> None:
    with running(state) as emulator:
        before = emulator.endpoint
        assert command("seed", "--state", str(state), "article").returncode == 0
        after = emulator.endpoint
        assert after["environment"]["AZURE_CLIENT_ID"] == "30000000-0000-0000-0000-0000000000a1"
        assert {k: v for k, v in after.items() if k != "environment"} == {
            k: v for k, v in before.items() if k != "environment"
        }
        assert (state / "endpoint.json").stat().st_mode & 0o777 == 0o600


def answers_at(emulator: Process, address: str) -> bool:
    """Whether the registry at an address of its own is reached there."""
    try:
        return emulator.ask_directly(address, "/v2/")[0] == 401
    except ConnectionRefusedError:
        return False


def test_faults_are_set_and_cleared_while_it_runs(state: Path) -> None:
    with running(state, "--fault", "registry-throttled=1") as emulator:
        asked = [emulator.ask("contoso.azurecr.io", "GET", "/v2/")[0] for _ in range(2)]
        assert asked == [429, 401]
        assert command("fault", "--state", str(state), "registry-forbidden").returncode == 0
        assert emulator.ask("contoso.azurecr.io", "GET", "/v2/")[0] == 403
        assert command("fault", "--state", str(state)).returncode == 0
        assert emulator.ask("contoso.azurecr.io", "GET", "/v2/")[0] == 401


BAD_WORDS = {
    "fault": ("serve", "--fault", "nonsense"),
    "argument of a fault": ("serve", "--fault", "slow=much"),
    "seed": ("serve", "--seed", "nonsense"),
    "fault of a running one": ("fault", "nonsense"),
    "seed of a running one": ("seed", "nonsense.yaml"),
}


@pytest.mark.parametrize("words", BAD_WORDS.values(), ids=BAD_WORDS)
def test_what_it_cannot_do_is_said_in_one_line(state: Path, words: tuple[str, ...]) -> None:
    ended = command(*words, "--state", str(state))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert ended.stderr.startswith("acr_emulator: ")


def test_without_a_seed_it_is_empty(state: Path) -> None:
    with running(state, "--seed", "none") as emulator, pytest.raises(OSError, match="403"):
        emulator.ask("contoso.azurecr.io", "GET", "/v2/")


def test_a_request_under_way_is_answered_before_the_end(state: Path) -> None:
    with running(state, "--fault", "slow=1") as emulator:
        answers: list[int] = []
        asking = threading.Thread(
            target=lambda: answers.append(emulator.ask("contoso.azurecr.io", "GET", "/v2/")[0])
        )
        asking.start()
        log = state / "requests.jsonl"
        assert eventually(lambda: "CONNECT" in log.read_text())
        assert emulator.end() == 0
        asking.join()
    assert answers == [401]
