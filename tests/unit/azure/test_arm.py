from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrbridge.azure.arm import ArmClient, Refusal, Registry
from acrbridge.errors import AcrBridgeError, NetworkError, NotFoundError, RefusedError, SignInError
from acrbridge.http.client import Request
from acrbridge.http.retry import NEVER
from acrbridge.references import RegistryId
from unit.fakes import (
    ARM,
    BIDI_AND_CONTROL,
    SUBSCRIPTION,
    Answer,
    ScriptedHttp,
    answer,
    arm_client,
    arm_error,
    attempt,
    is_fit_to_print,
)

ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/RG1/providers/Microsoft.ContainerRegistry/registries/contoso"
RESOURCE = {
    "id": ID, "name": "contoso", "sku": {"name": "Premium"}, "properties": {"loginServer": "Contoso.azurecr.io"}
}  # fmt: skip


def arm(*answers: Answer | Callable[[Request], Answer]) -> tuple[ArmClient, ScriptedHttp]:
    script = answers[0] if answers and callable(answers[0]) else [a for a in answers if not callable(a)]
    http = ScriptedHttp(script)
    return arm_client(http), http


def tokens(http: ScriptedHttp) -> list[str]:
    return [request.headers["Authorization"] for request in http.requests]


# Requests


def test_a_resource_is_asked_for_with_token_and_version() -> None:
    client, http = arm(answer(200, {"a": 1}))
    assert client.get("/x", "2025-11-01", {"$filter": "a eq 'b'"}) == {"a": 1}
    assert http.urls == [f"{ARM}/x?%24filter=a+eq+%27b%27&api-version=2025-11-01"]
    assert tokens(http) == ["Bearer old-token"]


def test_a_refused_token_is_renewed_once() -> None:
    client, http = arm(arm_error(401, "ExpiredAuthenticationToken", "expired"), answer(200, {}))
    client.get("/x", "v")
    assert tokens(http) == ["Bearer old-token", "Bearer new-token"]


def test_a_new_token_that_is_refused_too_ends_it() -> None:
    client, http = arm(*[arm_error(401, "InvalidAuthenticationToken", "no")] * 2)
    with pytest.raises(SignInError) as error:
        client.get("/x", "v")
    assert error.value.code == "SIGN_IN_EXPIRED"
    assert len(http.requests) == 2


def test_a_post_gives_its_answer_whatever_the_status_and_is_not_repeated() -> None:
    client, http = arm(arm_error(409, "Conflict", "no"))
    assert client.post("/x", "v", {"a": "ñ"}, NEVER).status == 409
    assert http.requests[0].retry == NEVER
    assert http.requests[0].body == '{"a": "\\u00f1"}'


@pytest.mark.parametrize("group", ["a?b=c", "a#b", "a b", "ñ", "a%2e", "a\nb"])
def test_a_name_in_a_path_stays_one_segment_of_it(group: str) -> None:
    client, http = arm(answer(200, RESOURCE))
    client.registry(RegistryId(SUBSCRIPTION, group, "contoso"))
    path, _, query = http.urls[0].removeprefix(ARM).partition("?")
    assert path.count("/") == 8
    assert "#" not in path
    assert query.startswith("api-version=")
    assert path.isascii()


# Lists


def test_a_list_goes_over_all_its_pages() -> None:
    client, http = arm(
        answer(200, {"value": [1], "nextLink": f"{ARM}/x?api-version=v&$skiptoken=2"}),
        answer(200, {"value": [2], "nextLink": ""}),
    )
    assert list(client.list("/x", "v")) == [1, 2]
    assert http.urls[1] == f"{ARM}/x?api-version=v&$skiptoken=2"


ELSEWHERE = [
    "https://evil.example/x", "https://management.azure.com.evil.example/x", "https://management.azure.com@evil.example/",
    "https://me:pw@management.azure.com/x", "http://management.azure.com/x", "https://management.azure.com:444/x",
    "https://management.azure.com\\@evil.example/", "https://evil.example\\@management.azure.com/", "//evil.example/x",
    "https://evilmanagement.azure.com/x", "/x", "x", "https://[", "https://\u2100/", "https://management.azure.com\uff0f",
    "https://m\u0430nagement.azure.com/x", "javascript:alert(1)", "https://management.azure.com./x",
]  # fmt: skip


@pytest.mark.parametrize("link", [*ELSEWHERE, 5, {"a": 1}, ["x"], True])
def test_a_list_does_not_go_on_elsewhere(link: Any) -> None:
    client, http = arm(answer(200, {"value": [1], "nextLink": link}))
    with pytest.raises(AcrBridgeError) as error:
        list(client.list("/x", "v"))
    assert error.value.code == "LOCATION_UNTRUSTED"
    assert is_fit_to_print(error.value.message)
    assert len(http.requests) == 1


@given(st.text())
def test_no_next_link_leads_away(link: str) -> None:
    client, http = arm(answer(200, {"nextLink": link}))
    attempt(lambda: list(client.list("/x", "v")))
    assert len(http.requests) == 1


def test_a_list_that_leads_back_to_itself_ends() -> None:
    client, http = arm(lambda _: answer(200, {"value": [], "nextLink": f"{ARM}/x?api-version=v"}))
    with pytest.raises(AcrBridgeError, match="does not end"):
        list(client.list("/x", "v"))
    assert len(http.requests) <= 2


def test_a_list_with_ever_new_pages_ends() -> None:
    count = iter(range(1_000_000))
    client, http = arm(lambda _: answer(200, {"nextLink": f"{ARM}/x?page={next(count)}"}))
    with pytest.raises(AcrBridgeError, match="does not end"):
        list(client.list("/x", "v"))
    assert len(http.requests) == 1000


@pytest.mark.parametrize("value", [None, "abc", {"a": 1}, 5])
def test_a_list_without_items_is_empty(value: Any) -> None:
    client, _ = arm(answer(200, {"value": value}))
    assert list(client.list("/x", "v")) == []


# Registries


def test_a_registry_is_read() -> None:
    client, _ = arm(answer(200, {"value": [RESOURCE]}))
    (found,) = client.registries(SUBSCRIPTION)
    assert isinstance(found, Registry)
    assert (found.id, found.login_server, found.sku) == (
        RegistryId(SUBSCRIPTION, "RG1", "contoso"), "contoso.azurecr.io", "Premium"
    )  # fmt: skip
    assert found.document == RESOURCE


@pytest.mark.parametrize(
    "document",
    [
        None, 5, [], "x", {}, {**RESOURCE, "id": "x"}, {**RESOURCE, "id": 5}, {**RESOURCE, "properties": None},
        {**RESOURCE, "properties": {}}, {**RESOURCE, "properties": {"loginServer": 5}}, {**RESOURCE, "sku": None},
        {**RESOURCE, "sku": {"name": 5}}, {**RESOURCE, "sku": "Premium"},
        {**RESOURCE, "properties": {"loginServer": ""}},
        {**RESOURCE, "properties": {"loginServer": "a/b"}},
        {**RESOURCE, "properties": {"loginServer": "me@evil.example"}},
    ],
)  # fmt: skip
def test_what_is_no_registry_is_a_typed_error(document: Any) -> None:
    with pytest.raises(AcrBridgeError) as error:
        Registry.parse(document)
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"


# Refusals


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error": {"code": "C", "message": "m"}}, "C", "m"),
        ({"code": "C", "message": "m"}, "C", "m"),
        (
            {"error": {"code": "C", "message": "m", "target": "t", "details": [{"code": "D", "message": "d"}, {}, 5]}},
            "C",
            "m d",
        ),
        ({"error": {"code": "C", "message": "m", "innererror": {"x": 1}, "additionalInfo": [{"type": "t"}]}}, "C", "m"),
        (
            {
                "errors": {"Type": ["The Type field is required."], "Mode": ["Bad.", "Worse."]},
                "type": "https://tools.ietf.org/html/rfc7231#section-6.5.1",
                "title": "One or more validation errors occurred.",
                "status": 400,
            },
            "400",
            "One or more validation errors occurred. The Type field is required. Bad. Worse.",
        ),
        ({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}, "UNAUTHORIZED",
         "authentication required"),
        ({"error": {"code": None, "message": None}}, "400", '{"error": {"code": null, "message": null}}'),
        ({"error": "invalid_request", "message": "m"}, "400", "m"),
        ({"status": "Failed", "error": {"code": "C", "message": "m"}}, "C", "m"),
        ([], "400", "[]"),
        ("<html>bad gateway</html>", "400", "<html>bad gateway</html>"),
        ("", "400", "no reason given"),
        ("null", "400", "null"),
    ],
)  # fmt: skip
def test_azures_reason_is_found_in_every_shape_that_errors_have(body: Any, code: str, message: str) -> None:
    refusal = Refusal.read(answer(400, body, {"x-ms-correlation-request-id": "c-1"}))
    assert (refusal.code, refusal.message, refusal.correlation_id) == (code, message, "c-1")


@pytest.mark.parametrize(
    ("status", "code", "kind", "ours"),
    [
        (400, "BadRequest", AcrBridgeError, "ARM_REFUSED"),
        (401, "InvalidAuthenticationToken", SignInError, "SIGN_IN_EXPIRED"),
        (401, "InvalidAuthenticationTokenTenant", SignInError, "TENANT_MISMATCH"),
        (403, "AuthorizationFailed", RefusedError, "ARM_FORBIDDEN"),
        (404, "ResourceNotFound", NotFoundError, "RESOURCE_NOT_FOUND"),
        (409, "Conflict", AcrBridgeError, "ARM_REFUSED"),
        (429, "TooManyRequests", NetworkError, "THROTTLED"),
        (500, "InternalServerError", AcrBridgeError, "SERVICE_ERROR"),
        (302, "", AcrBridgeError, "ARM_REFUSED"),
    ],
)
def test_a_refusal_becomes_an_error_of_its_kind(
    status: int, code: str, kind: type[AcrBridgeError], ours: str
) -> None:
    error = Refusal.read(arm_error(status, code, "words")).error()
    assert type(error) is kind
    assert error.code == ours
    assert "words" in error.message
    assert error.drop_in_status == (3 if status == 404 else 1)


@given(st.binary() | st.text().map(str.encode), st.integers(300, 599))
def test_any_body_is_read_as_a_refusal_fit_to_print(body: bytes, status: int) -> None:
    refusal = Refusal.read(answer(status, body))
    assert is_fit_to_print(refusal.code)
    assert is_fit_to_print(refusal.error().message)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "code", "message", "details", "errors", "title", "x"]), inner
        )
    ),
    max_leaves=10,
)


@given(json_like)
def test_any_json_is_read_as_a_refusal_fit_to_print(document: Any) -> None:
    refusal = Refusal.read(answer(400, [document] if isinstance(document, str | bytes) else document))
    assert is_fit_to_print(refusal.error().message)


def test_azures_words_come_out_in_one_line_shortened() -> None:
    refusal = Refusal.read(arm_error(400, BIDI_AND_CONTROL, BIDI_AND_CONTROL * 1000))
    assert is_fit_to_print(refusal.code)
    assert is_fit_to_print(refusal.message)
    assert len(refusal.message) <= 1001
