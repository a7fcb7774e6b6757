"""The emulator's tokens: signed, dated, and made for somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jwt
import pytest

from acr_emulator.state import State
from acr_emulator.tokens import Signer, TokenRefused

if TYPE_CHECKING:
    pass


@pytest.fixture
def signer(state: State) -> Signer:
    return Signer(state)


def refusal(signer: Signer, token: str, audience: str = "me") -> str:
    with pytest.raises(TokenRefused) as refused:
        signer.verify(token, [audience])
    return refused.value.reason


def test_a_token_gives_its_claims_back_with_its_times(signer: Signer) -> None:
    claims = signer.verify(signer.sign({"aud": "me", "oid": "x"}, 60), ["you", "me"])
    assert (claims["oid"], claims["exp"] - claims["iat"], claims["nbf"]) == ("x", 60, claims["iat"])


def test_a_token_that_does_not_hold_says_why(signer: Signer) -> None:
    token = signer.sign({"aud": "me"}, 60)
    assert refusal(signer, signer.sign({"aud": "me"}, -1)) == "expired"
    assert refusal(signer, token, "you") == "audience"
    assert refusal(signer, signer.sign({}, 60)) == "audience"
    assert refusal(signer, token[:-6] + "AAAAAA") == "invalid"
    assert refusal(signer, "nonsense") == "invalid"
    assert refusal(signer, jwt.encode({"aud": "me"}, "", algorithm="none")) == "invalid"


def test_the_key_outlives_a_restart_and_is_its_owners_alone(state: State) -> None:
    token = Signer(state).sign({"aud": "me"}, 60)
    assert Signer(state).verify(token, ["me"])["aud"] == "me"
    assert (state.folder / "signing-key.pem").stat().st_mode & 0o777 == 0o600


def test_a_stranger_verifies_with_the_published_keys(signer: Signer) -> None:
    token = signer.sign({"aud": "me"}, 60)
    keys = jwt.PyJWKSet.from_dict(signer.jwks())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["RS256"], audience="me")["aud"] == "me"
