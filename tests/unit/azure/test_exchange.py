from __future__ import annotations

import pytest

from acrbridge.azure.exchange import refresh_token
from acrbridge.azure.token_store import AccessToken
from acrbridge.errors import AcrBridgeError, NetworkError, RefusedError
from acrbridge.jobs import Secret
from unit.fakes import TENANT, Answer, ScriptedHttp, answer, is_fit_to_print

HOST = "contoso.azurecr.io"
TOKEN = AccessToken(Secret("s3cret-entra"), 0)


def exchange(response: Answer) -> tuple[Secret, ScriptedHttp]:
    http = ScriptedHttp([response])
    return refresh_token(http, HOST, TOKEN, TENANT), http


def test_entras_token_is_exchanged_for_the_registrys() -> None:
    secret, http = exchange(answer(200, {"refresh_token": "r"}))
    assert secret.reveal() == "r"
    assert (http.requests[0].method, http.urls) == ("POST", [f"https://{HOST}/oauth2/exchange"])
    assert http.forms() == [
        {"grant_type": ["access_token"], "service": [HOST], "tenant": [TENANT], "access_token": ["s3cret-entra"]}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("response", "kind", "code"),
    [
        (answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "x"}]}), RefusedError, "REGISTRY_UNAUTHORIZED"),
        (answer(403, "blocked"), RefusedError, "REGISTRY_FIREWALL"),
        (answer(429, ""), NetworkError, "THROTTLED"),
        (answer(500, "oops"), AcrBridgeError, "SERVICE_ERROR"),
        (answer(307, "", {"Location": "https://evil.example/"}), AcrBridgeError, "SERVICE_ERROR"),
        (answer(200, "<html>"), AcrBridgeError, "ANSWER_UNINTELLIGIBLE"),
        (answer(200, {"refresh_token": 5}), AcrBridgeError, "SERVICE_ERROR"),
        (answer(200, {"access_token": "s3cret"}), AcrBridgeError, "SERVICE_ERROR"),
        (answer(401, "\x1b]0;pwned\x07\nERROR: forged"), RefusedError, "REGISTRY_UNAUTHORIZED"),
    ],
)  # fmt: skip
def test_no_token_is_a_typed_error_fit_to_print(
    response: Answer, kind: type[AcrBridgeError], code: str
) -> None:
    with pytest.raises(kind) as error:
        exchange(response)
    assert error.value.code == code
    assert is_fit_to_print(error.value.message)
    assert "s3cret" not in error.value.message


def test_no_representation_shows_the_token() -> None:
    assert "s3cret" not in repr(TOKEN)
