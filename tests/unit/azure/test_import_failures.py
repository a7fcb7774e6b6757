"""Azure's words for a failed import, as seen in the wild, and what they mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrbridge.azure.arm import Refusal
from acrbridge.azure.import_failures import explain
from acrbridge.errors import AcrBridgeError
from unit.fakes import SUBSCRIPTION, is_fit_to_print

TARGET_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/contoso"
WRAPPED = f"Operation registries-00000000-0000-0000-0000-000000000000 failed. Resource {TARGET_ID}"
UNAUTHORIZED = (
    'Invalid message Unauthorized Unauthorized {"errors":[{"code":"UNAUTHORIZED","message":"authentication required",'
    '"detail":[{"Type":"repository","Class":"","Name":"a","Action":"pull"}]}]}'
)
FIREWALL = (
    'Invalid message Forbidden Forbidden {"errors":[{"code":"DENIED","message":"client with IP \\u00271.2.3.4\\u0027 is'
    ' not allowed access. Refer https://aka.ms/acr/firewall to grant access."}]}'
)
LINKED = (
    "The client '1' with object id '1' has permission to perform action"
    f" 'Microsoft.ContainerRegistry/registries/importImage/action' on scope '{TARGET_ID}'; however, it does not have"
    " permission to perform action 'read' on the linked scope(s) '/subscriptions/s2/x'."
)
FORBIDDEN = (
    "The client '1' with object id '1' does not have authorization to perform action"
    f" 'Microsoft.ContainerRegistry/registries/importImage/action' over scope '{TARGET_ID}' or the scope is invalid."
)


LOCKED = (
    f"The scope '{TARGET_ID}' cannot perform write operation because following scope(s) are locked:"
    f" '/subscriptions/{SUBSCRIPTION}/resourceGroups/rg'. Please remove the lock and try again."
)


def explained(
    status: int, code: str, message: str, *, source: str = "source.example", in_envelope: bool = True
) -> AcrBridgeError:
    """What becomes of a refusal; one in an operation's name is its end."""
    refusal = Refusal(status, code, message, "c-1", in_envelope)
    return explain(
        refusal, ended=message.startswith("Operation "), target="contoso", source=source, image="a:b"
    )


@pytest.mark.parametrize(
    ("status", "code", "message", "ours"),
    [
        (400, "InvalidParameters", f"{WRAPPED} {UNAUTHORIZED}", "SOURCE_UNAUTHORIZED"),
        (400, "InvalidParameters", f"{WRAPPED} {FIREWALL}", "SOURCE_FIREWALL"),
        (400, "InvalidParameters", f"{WRAPPED} Error copying blobs", "IMPORT_FAILED"),
        (
            400,
            "400",
            f"{WRAPPED} hello-world:v3 Tag hello-world:v3 already exists in target registry.",
            "TARGET_TAG_EXISTS",
        ),
        (409, "Conflict", "Tag hello-world:v3 already exists.", "TARGET_TAG_EXISTS"),
        (
            400,
            "400",
            f"{WRAPPED} Unable to find manifest digest  Repo: h/r Tag: t Manifest: ",
            "SOURCE_IMAGE_NOT_FOUND",
        ),
        (
            400,
            "400",
            f'{WRAPPED} Invalid message NotFound NotFound {{"errors":[{{"code":"MANIFEST_UNKNOWN"}}]}}',
            "SOURCE_IMAGE_NOT_FOUND",
        ),
        (400, "400", f"{WRAPPED} The remote server may not be RFC 7233 compliant", "SOURCE_NO_RANGES"),
        (400, "400", f"{WRAPPED} Unexpected response status code", "SOURCE_NO_RANGES"),
        (400, "400", f"{WRAPPED} Unexpected length of body in response", "SOURCE_NO_RANGES"),
        (
            400,
            "400",
            f"{WRAPPED} toomanyrequests: You have reached your pull rate limit.",
            "SOURCE_THROTTLED",
        ),
        (403, "LinkedAuthorizationFailed", LINKED, "SOURCE_READ_FORBIDDEN"),
        (403, "AuthorizationFailed", FORBIDDEN, "TARGET_FORBIDDEN"),
        (409, "ScopeLocked", LOCKED, "TARGET_SCOPE_LOCKED"),
        (400, "InvalidParameters", UNAUTHORIZED, "SOURCE_UNAUTHORIZED"),
        (403, "InvalidParameters", f"{WRAPPED} {UNAUTHORIZED}", "SOURCE_UNAUTHORIZED"),
        (
            403,
            "RequestDisallowedByPolicy",
            "Access denied: registries of this kind are Forbidden.",
            "ARM_FORBIDDEN",
        ),
        (404, "NotFound", "No such host is known, MANIFEST_UNKNOWN", "RESOURCE_NOT_FOUND"),
        (
            404,
            "ResourceNotFound",
            "The Resource 'Microsoft.ContainerRegistry/registries/n' under resource group 'rg' was not found.",
            "RESOURCE_NOT_FOUND",
        ),
        (
            400,
            "MissingProperty",
            "Missing property parameters.TargetTags for the operation against the resource with name n.",
            "TARGET_MISSING",
        ),
        (429, "TooManyRequests", "The request is being throttled.", "THROTTLED"),
        (400, "400", f"{WRAPPED} The number of manifests exceeds 50.", "TOO_MANY_MANIFESTS"),
        (400, "400", f"{WRAPPED} The write operation is disallowed on a:b.", "TARGET_LOCKED"),
        (400, "400", f"{WRAPPED} No such host is known", "SOURCE_UNREACHABLE"),
        (401, "InvalidAuthenticationToken", "The access token is invalid, unauthorized.", "SIGN_IN_EXPIRED"),
        (401, "Unauthorized", "Unauthorized", "SIGN_IN_EXPIRED"),
        (401, "InvalidAuthenticationTokenTenant", "wrong issuer", "TENANT_MISMATCH"),
        (500, "InternalServerError", "oops", "SERVICE_ERROR"),
        (
            403,
            "RequestDisallowedByPolicy",
            "Resource 'contoso' was disallowed by policy.",
            "ARM_FORBIDDEN",
        ),
        (
            400,
            "400",
            f'{WRAPPED} No value specified for Docker-Content-Digest OK OK {{"schemaVersion": 2}}',
            "IMPORT_FAILED",
        ),
    ],
)
def test_azures_words_tell_side_and_cause(status: int, code: str, message: str, ours: str) -> None:
    error = explained(status, code, message)
    assert error.code == ours
    assert error.correlation_id == "c-1"


@pytest.mark.parametrize(
    ("message", "side"),
    [(UNAUTHORIZED, "source.example"), (FIREWALL, "source.example"),
     ("Tag a:b already exists in target registry.", "contoso")],
)  # fmt: skip
def test_the_message_names_the_side_that_refused_and_leaves_out_the_misleading_wrapper(
    message: str, side: str
) -> None:
    error = explained(400, "InvalidParameters", f"{WRAPPED} {message}")
    assert side in error.message.partition(" Azure: ")[0]
    assert TARGET_ID not in error.message


@pytest.mark.parametrize(
    ("source", "words"),
    [("docker.io", "does not exist"), ("other.azurecr.io", "--registry RESOURCE_ID"),
     ("other.azurecr.cn", "--registry RESOURCE_ID"), ("source.example", "--username and --password")],
)  # fmt: skip
def test_what_helps_against_a_source_that_refuses_depends_on_the_source(source: str, words: str) -> None:
    error = explained(400, "InvalidParameters", f"{WRAPPED} {UNAUTHORIZED}", source=source)
    assert words in error.remedy


@pytest.mark.parametrize(
    ("status", "ours"),
    [(400, "ANSWER_UNINTELLIGIBLE"), (403, "ANSWER_UNINTELLIGIBLE"), (404, "ANSWER_UNINTELLIGIBLE"),
     (407, "ANSWER_UNINTELLIGIBLE"), (502, "SERVICE_ERROR")],
)  # fmt: skip
def test_a_page_in_azures_place_tells_nothing_of_the_source(status: int, ours: str) -> None:
    error = explained(status, str(status), "<h1>Access denied</h1> unauthorized", in_envelope=False)
    assert error.code == ours
    assert "Access denied" in error.message


@pytest.mark.parametrize(("status", "ours"), [(404, 3), (400, 1), (403, 1)])
def test_a_404_has_azs_exit_status_for_it(status: int, ours: int) -> None:
    assert explained(status, "X", "words").drop_in_status == ours


@given(st.integers(400, 599), st.text(max_size=20), st.text(max_size=200))
def test_any_refusal_has_an_explanation_that_holds_azures_words(status: int, code: str, message: str) -> None:
    error = explained(status, code, message)
    assert error.remedy or error.code == "ARM_REFUSED"
    assert not message.isalnum() or message in error.message


@given(st.text(alphabet="manifestlimi .", max_size=400))
def test_no_words_take_long_to_understand(message: str) -> None:
    assert is_fit_to_print(explained(400, "C", message * 5).message)
