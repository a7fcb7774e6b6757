"""`acrbridge serve` as a client sees it: a process, to which it speaks over standard input and output."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from acrbridge.operations import listing
from acrbridge.operations.session import Session
from acrbridge.settings import Settings
from emulated import in_process, secrecy
from emulated.local_azure import (
    HELLO,
    OTHER_TENANT,
    SMALL,
    SUBSCRIPTION,
    TARGET,
    TENANT,
    client_id,
    registry_id,
)
from emulated.serving import SERVE, Engine, handles, size, threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from emulated.local_azure import Acrbridge, LocalAzure

PRIVATE = {"sourceRegistryUri": "registry.example.com", "sourceImage": "team/app:v1"}
HELLO_PARTS = {"sourceRegistryUri": "docker.io", "sourceImage": "library/hello-world:latest"}
ADATUM = registry_id("adatum", "rg2", "20000000-0000-0000-0000-000000000002")


@pytest.fixture
def engine(acrbridge: Acrbridge) -> Iterator[Engine]:
    """An engine, signed in as who may import everywhere."""
    with Engine(acrbridge.environment) as running:
        yield running


# Imports

SOURCES: dict[str, dict[str, Any]] = {
    "Docker Hub": HELLO_PARTS,
    "Docker Hub, a user's": {
        "sourceRegistryUri": "docker.io",
        "sourceImage": "contoso/private-app:v1",
        "username": "hub-user",
        "password": "hub-token",
    },
    "Microsoft": {
        "sourceRegistryUri": "mcr.microsoft.com",
        "sourceImage": "windows/servercore:ltsc2022",
    },
    "same subscription": {"sourceResourceId": registry_id("fabrikam"), "sourceImage": "samples/hello:v1"},
    "same subscription, by login server": {
        "sourceRegistryUri": "fabrikam.azurecr.io",
        "sourceImage": "samples/hello:v1",
    },
    "another subscription": {"sourceResourceId": ADATUM, "sourceImage": "app:v1"},
    "another tenant, by token": {
        "sourceRegistryUri": "wingtip.azurecr.io",
        "sourceImage": "app:v1",
        "username": "app-token",
        "password": "app-token-password",
    },
    "another tenant, by service principal": {
        "sourceRegistryUri": "wingtip.azurecr.io",
        "sourceImage": "app:v1",
        "username": client_id(8),
        "password": "wingtip-secret",
    },
    "not Azure": {**PRIVATE, "username": "example-user", "password": "example-password"},
    "Helm chart": {"sourceRegistryUri": "fabrikam.azurecr.io", "sourceImage": "charts/hello:0.1.0"},
    "host in the image": {"sourceImage": SMALL},
}


@pytest.mark.parametrize("via", ["service", "client"])
def test_all_sources_of_the_article_can_be_imported_at_once(
    engine: Engine, azure: LocalAzure, via: str
) -> None:
    def target(number: int) -> str:
        return f"served-{via}-{number}:v1"

    begun = [
        engine.begin("import", registryName=TARGET, targetTags=[target(number)], via=via, **source)
        for number, source in enumerate(SOURCES.values())
    ]
    for number, request in enumerate(begun):
        result = engine.result(request)
        assert result["status"] == "Succeeded"
        assert result["verified"]
        assert result["images"][0]["digest"] == azure.tag(target(number))
        assert ("copied" in result) == (via == "client")


def test_an_access_token_of_another_tenant_is_a_password(
    stranger: Acrbridge, engine: Engine, azure: LocalAzure, image: str
) -> None:
    words = ("-u", client_id(8), "-p", "wingtip-secret", "-t", OTHER_TENANT)
    stranger("login", "--service-principal", *words).succeeded()
    token = stranger("account", "get-access-token", secret=True).json()["accessToken"]
    source = {"sourceRegistryUri": "wingtip.azurecr.io", "sourceImage": "app:v1", "password": token}
    engine.ask("import", registryName=TARGET, targetTags=[image], **source)
    assert azure.tag(image) == azure.tag("app:v1", "wingtip.azurecr.io")


def test_a_digest_and_targets_without_a_tag(engine: Engine, azure: LocalAzure, image: str) -> None:
    digest = azure.tag("library/hello-world:latest", "docker.io")
    name = image.partition(":")[0]
    result = engine.ask(
        "import",
        registryName=TARGET,
        sourceRegistryUri="docker.io",
        sourceImage=f"library/hello-world@{digest}",
        targetTags=[image, f"{name}:v2"],
        untaggedTargetRepositories=[f"untagged/{name}"],
    )
    assert [one["reference"].partition("/")[2] for one in result["images"]] == [
        image,
        f"{name}:v2",
        f"untagged/{name}@{digest}",
    ]


def test_azures_own_description_of_an_import(engine: Engine, azure: LocalAzure, image: str) -> None:
    login = {"username": "example-user", "password": "example-password"}
    source = {
        "registryUri": "registry.example.com",
        "sourceImage": "team/app:v1",
        "credentials": login,
    }
    document = json.dumps({"source": source, "targetTags": [image], "mode": "NoForce"})
    engine.ask("import", registryName=TARGET, parameters=document)
    assert azure.tag(image) == azure.tag("team/app:v1", "registry.example.com")


def test_a_tag_that_is_there_is_overwritten_with_force_only(engine: Engine, image: str) -> None:
    wanted = {"registryName": TARGET, "targetTags": [image], **HELLO_PARTS}
    engine.ask("import", **wanted)
    code, message = engine.refuse("import", **wanted)
    assert code == "TARGET_TAG_EXISTS"
    assert f"Tag {image} already exists" in message
    assert engine.ask("import", **wanted, mode="Force")["status"] == "Succeeded"


def test_who_does_not_wait_hears_that_azure_has_accepted(engine: Engine, image: str) -> None:
    request = engine.begin("import", registryName=TARGET, targetTags=[image], wait=False, **HELLO_PARTS)
    result = engine.result(request)
    assert (result["status"], result["images"]) == ("Accepted", [])
    assert len(engine.told("warning", request)) == 1


def test_a_failure_brings_azures_id_and_what_to_do(engine: Engine, image: str) -> None:
    source = {"sourceResourceId": registry_id("fabrikam"), "sourceImage": "absent:v1"}
    answer = engine.answer(engine.begin("import", registryName=TARGET, targetTags=[image], **source))
    assert answer["error"]["code"] == -32000
    data = answer["error"]["data"]
    assert (data["code"], data["category"]) == ("SOURCE_IMAGE_NOT_FOUND", "ObjectNotFound")
    assert data["remedy"]
    assert data["correlationId"]
    assert not data["retriable"]


# What is in a registry


def test_what_a_registry_holds(engine: Engine) -> None:
    signed = {"registryName": "fabrikam", "repositoryName": "signed"}
    assert "fabrikam" in engine.ask("listRegistries")["registries"]
    assert "signed" in engine.ask("listRepositories", registryName="fabrikam")["repositories"]
    assert len(engine.ask("listRepositories", registryName="fabrikam", first=2)["repositories"]) == 2
    assert engine.ask("showRepository", **signed)["imageName"] == "signed"
    (tag,) = engine.ask("listTags", **signed)["tags"]
    shown = engine.ask("showTag", **signed, name="v1")
    assert (shown["registry"], shown["attributes"]) == ("fabrikam.azurecr.io", tag)
    manifests = engine.ask("listManifests", **signed)["manifests"]
    found = engine.ask("showManifest", **signed, name=tag["digest"])["attributes"]
    assert (found["digest"], found["tags"]) == (tag["digest"], ["v1"])
    assert found["digest"] in [manifest["digest"] for manifest in manifests]
    referrers = engine.ask("listReferrers", **signed, name="v1")["referrers"]
    assert len(referrers) == 2
    kind = referrers[0]["artifactType"]
    assert len(engine.ask("listReferrers", **signed, name=tag["digest"], artifactType=kind)["referrers"]) == 1


def test_a_user_of_the_registry_can_look_into_it(stranger: Acrbridge, azure: LocalAzure) -> None:
    login = {"username": "app-token", "password": "app-token-password"}
    with Engine(stranger.environment) as engine:
        found = engine.ask("listTags", registryName="wingtip.azurecr.io", repositoryName="app", **login)
    assert [tag["name"] for tag in found["tags"]] == ["v1"]


def test_what_is_not_there(engine: Engine) -> None:
    code, _ = engine.refuse("listTags", registryName=TARGET, repositoryName="absent")
    assert code == "REPOSITORY_NOT_FOUND"
    code, _ = engine.refuse("listTags", registryName="nowhere-at-all", repositoryName="absent")
    assert code == "REGISTRY_NAME_INVALID"


# Who asks


def test_signing_in_and_out(stranger: Acrbridge) -> None:
    with Engine(stranger.environment) as engine:
        assert engine.refuse("account")[0] == "NOT_SIGNED_IN"
        login = {"kind": "servicePrincipal", "accountId": client_id(1), "tenant": TENANT}
        assert engine.refuse("signIn", **login)[0] == "CREDENTIALS_INCOMPLETE"
        assert engine.refuse("signIn", **login, secret="wrong")[0] == "SECRET_WRONG"
        found = engine.ask("signIn", **login, secret="importer-secret")
        assert SUBSCRIPTION in [subscription["id"] for subscription in found["subscriptions"]]
        assert engine.ask("account")["tenantId"] == TENANT
        assert engine.ask("accessToken")["tokenType"] == "Bearer"
        listed = engine.ask("listSubscriptions")["subscriptions"]
        assert SUBSCRIPTION in [subscription["id"] for subscription in listed]
        assert engine.ask("signOut")["username"] == client_id(1)
        assert engine.refuse("account")[0] == "NOT_SIGNED_IN"


def test_another_programs_tokens_are_used_in_place_of_an_account(
    acrbridge: Acrbridge, stranger: Acrbridge, azure: LocalAzure, image: str
) -> None:
    token = acrbridge("account", "get-access-token", secret=True).json()["accessToken"]
    tokens = {"arm": token, "tenantId": TENANT, "subscriptionId": SUBSCRIPTION}
    with Engine(stranger.environment) as engine:
        assert engine.ask("account", tokens=tokens)["id"] == SUBSCRIPTION
        engine.ask("import", registryName=TARGET, targetTags=[image], tokens=tokens, **HELLO_PARTS)
        name = image.partition(":")[0]
        assert engine.ask("listTags", registryName=TARGET, repositoryName=name, tokens=tokens)["tags"]
        assert engine.refuse("account")[0] == "NOT_SIGNED_IN"
        worn = {**tokens, "arm": f"{token}x"}
        refused = {"registryName": TARGET, "targetTags": [image], "tokens": worn, **HELLO_PARTS}
        assert engine.refuse("import", **refused)[0] == "SIGN_IN_EXPIRED"


def test_the_clients_environment_is_the_one_that_counts(acrbridge: Acrbridge, stranger: Acrbridge) -> None:
    with Engine({**stranger.environment, "HTTPS_PROXY": "http://127.0.0.1:9"}) as engine:
        assert engine.refuse("account")[0] == "NOT_SIGNED_IN"
        repositories = engine.ask("listRepositories", registryName=TARGET, environment=acrbridge.environment)
        assert repositories["repositories"]
        assert engine.ask("account")["id"] == SUBSCRIPTION  # nothing was said: all stays
        emptied = {"ACRBRIDGE_CONFIG_DIR": stranger.environment["ACRBRIDGE_CONFIG_DIR"]}
        assert engine.refuse("account", environment=emptied)[0] == "NOT_SIGNED_IN"


def test_an_emulator_is_started_found_and_stopped(stranger: Acrbridge, tmp_path: Path) -> None:
    state = str(tmp_path / "own")
    with Engine(stranger.environment) as engine:
        assert engine.refuse("emulatorStatus", state=state)[0] == "EMULATOR_NOT_RUNNING"
        engine.secret_methods.add("startEmulator")
        started = engine.ask("startEmulator", state=state, lroPolls=1)
        status = engine.ask("emulatorStatus", state=state)
        assert status["pid"] == started["pid"]
        assert started["environment"].keys() >= {"HTTPS_PROXY", "SSL_CERT_FILE"}
        assert engine.ask("stopEmulator", state=state) == status
        assert engine.refuse("emulatorStatus", state=state)[0] == "EMULATOR_NOT_RUNNING"


# At the same time


def test_answers_come_as_requests_end_and_a_cancel_ends_one(
    engine: Engine, azure: LocalAzure, image: str
) -> None:
    azure.play("operation-never-ends")
    wanted = {"registryName": TARGET, **HELLO_PARTS}
    waiting = engine.begin("import", targetTags=[image], **wanted)
    other = engine.begin("import", targetTags=[f"other-{image}"], **wanted)
    engine.await_message(lambda m: m.get("method") == "progress" and m["params"]["id"] == waiting)
    assert engine.ask("listTags", registryName="fabrikam", repositoryName="signed")["tags"]
    began = time.monotonic()
    engine.cancel(waiting)
    code, message = engine.refusal(waiting)
    assert time.monotonic() - began < 1
    assert code == "INTERRUPTED"
    assert "What Azure has accepted goes on" in message
    azure.play()
    assert engine.result(other)["status"] == "Succeeded"


# The end


def test_the_end_of_standard_input_ends_what_is_at_work(
    engine: Engine, azure: LocalAzure, image: str
) -> None:
    azure.play("operation-never-ends")
    waiting = engine.begin("import", registryName=TARGET, targetTags=[image], **HELLO_PARTS)
    engine.await_message(lambda m: m.get("method") == "progress")
    began = time.monotonic()
    assert engine.close() == 0
    assert time.monotonic() - began < 5
    assert engine.refusal(waiting)[0] == "INTERRUPTED"
    assert engine.stderr == ""


def test_it_ends_by_itself_when_there_is_nothing_to_do(acrbridge: Acrbridge) -> None:
    with Engine(acrbridge.environment, "--idle-timeout", "0.3") as engine:
        assert engine.ended() == 0
        assert engine.stderr == ""


def test_terminated_it_ends_what_is_at_work(engine: Engine, azure: LocalAzure, image: str) -> None:
    azure.play("operation-never-ends")
    waiting = engine.begin("import", registryName=TARGET, targetTags=[image], **HELLO_PARTS)
    engine.await_message(lambda m: m.get("method") == "progress")
    engine.process.send_signal(signal.SIGTERM)
    assert engine.ended() == 143
    assert engine.refusal(waiting)[0] == "INTERRUPTED"
    assert engine.stderr == ""


def test_ctrl_c_is_the_clients_to_hear(engine: Engine) -> None:
    engine.process.send_signal(signal.SIGINT)
    assert engine.ask("account")["id"] == SUBSCRIPTION


def test_it_ends_when_nobody_reads_its_answers_any_more(acrbridge: Acrbridge) -> None:
    with subprocess.Popen(
        SERVE,
        env=acrbridge.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(b"no message\n")
        process.stdin.flush()
        assert process.wait(5) == 0
        assert process.stderr.read() == b""


def test_it_ends_also_where_its_answers_are_not_read_and_its_requests_end(acrbridge: Acrbridge) -> None:
    with subprocess.Popen(
        SERVE, env=acrbridge.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        process.stdin.write(b"no message\n" * 1000)
        process.stdin.close()
        assert process.wait(6) == 0


# Costs


def test_a_thousand_requests_leave_nothing_behind(engine: Engine) -> None:
    plan = {"registryName": TARGET, **HELLO_PARTS}
    tags = {"registryName": "fabrikam", "repositoryName": "signed"}

    def work(plans: int, lists: int) -> None:
        for _ in range(plans):
            engine.ask("planImport", **plan)
        for _ in range(lists):
            engine.ask("listTags", **tags)

    work(0, 250)  # by then the allocator has all that it keeps; 2,000 more take 2 MiB
    process = engine.process.pid
    before = handles(process), threads(process), size(process)
    work(1000, 100)
    time.sleep(0.2)
    after = handles(process), threads(process), size(process)
    assert after[0] <= before[0]
    assert after[1] <= before[1]
    assert after[2] - before[2] < 4 << 20


def seconds(work: Callable[[], object], times: int = 15) -> float:
    """How long something takes: the least of some times, for what else the computer does is not counted."""
    moments = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        moments.append(time.perf_counter() - began)
    return min(moments)


def test_the_protocol_costs_little_beyond_the_work(engine: Engine, acrbridge: Acrbridge) -> None:
    def list_tags() -> None:
        with Session(Settings.read()) as session:
            listing.tags(session.open_registry_named("fabrikam", None, None), "signed", detail=True)

    with in_process.environment(acrbridge.environment):
        list_tags()
        by_itself = seconds(list_tags)
    tags = {"registryName": "fabrikam", "repositoryName": "signed"}
    engine.ask("listTags", **tags)
    assert seconds(lambda: engine.ask("listTags", **tags)) - by_itself < 0.03
    assert seconds(lambda: engine.ask("planImport", registryName=TARGET, **HELLO_PARTS)) < 0.03


# Secrets


def test_no_secret_shows_in_what_it_says_but_where_it_was_asked_for(
    engine: Engine, azure: LocalAzure, image: str
) -> None:
    canary = secrecy.CANARY
    requests = itertools.chain(
        (
            {"sourceRegistryUri": host, "sourceImage": "team/app:v1"}
            for host in ("docker.io", "registry.example.com")
        ),
        ({"sourceRegistryUri": "wingtip.azurecr.io", "sourceImage": "app:v1"},),
    )
    shared = {"registryName": TARGET, "targetTags": [image], "debug": True, "username": "me"}
    for source, via in itertools.product(requests, ("service", "client")):
        engine.refuse("import", **shared, **source, password=canary, via=via)
    engine.refuse(
        "listTags", registryName=TARGET, repositoryName="a", username="me", password=canary, debug=True
    )
    engine.refuse(
        "signIn", kind="servicePrincipal", accountId=client_id(1), tenant=TENANT, secret=canary, debug=True
    )
    engine.refuse("import", registryName=TARGET, parameters=f'{{"password": "{canary}"')
    engine.refuse("import", registryName=TARGET, sourceImage=HELLO, password=[canary])
    login = {"username": "me", "password": canary}
    copy = {"source": "registry.example.com/team/app:v1", "target": f"{TARGET}.azurecr.io/{image}"}
    engine.refuse("copy", **copy, sourceLogin=login, targetLogin=login, debug=True)
    assert any(message.get("method") == "log" for message in engine.heard)
    engine.close()
    assert secrecy.shown_in(engine.stderr) == []
