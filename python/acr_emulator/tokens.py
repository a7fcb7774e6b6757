"""Signed JSON Web Tokens (RFC 7519, RS256) of Entra and of the registries, with one key per state folder."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any, Literal

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from acr_emulator.state import State

ALGORITHM = "RS256"
Reason = Literal["expired", "invalid", "audience"]


class TokenRefused(Exception):  # noqa: N818  # it says what was done, not what broke
    """A token that does not hold.

    Attributes:
        reason: "expired"; "audience" when it was made for somebody else; "invalid" for all else.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Signer:
    """Signs and verifies tokens with the RSA key of a state folder, made at the first use."""

    def __init__(self, state: State) -> None:
        pem = state.private_file("signing-key.pem", _new_key)
        self._key = _read_key(pem)
        self._public = self._key.public_key()
        numbers = self._public.public_numbers()
        self._kid = hashlib.sha256(str(numbers.n).encode()).hexdigest()[:16]

    def sign(self, claims: Mapping[str, Any], lifetime: float) -> str:
        """A token of these claims and `iat`, `nbf` and `exp`, that ends `lifetime` seconds from now."""
        now = int(time.time())
        dated = {**claims, "iat": now, "nbf": now, "exp": int(now + lifetime)}
        return jwt.encode(dated, self._key, algorithm=ALGORITHM, headers={"kid": self._kid})

    def verify(self, token: str, audience: Collection[str]) -> dict[str, Any]:
        """The claims of a token of our own that has not ended and names one of the audiences.

        Raises:
            TokenRefused: the token does not hold.
        """
        try:
            return dict(jwt.decode(token, self._public, algorithms=[ALGORITHM], audience=list(audience)))
        except jwt.ExpiredSignatureError:
            raise TokenRefused("expired") from None
        except (jwt.InvalidAudienceError, jwt.MissingRequiredClaimError):
            raise TokenRefused("audience") from None
        except jwt.PyJWTError:
            raise TokenRefused("invalid") from None

    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set (RFC 7517)."""
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._public))
        return {"keys": [{**key, "use": "sig", "alg": ALGORITHM, "kid": self._kid}]}


def _read_key(pem: bytes) -> rsa.RSAPrivateKey:
    """Read a PEM file's RSA key."""
    # The key is our own; checking it takes longer than all else that a start does with it.
    key = serialization.load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("signing-key.pem holds no RSA key")
    return key


def _new_key() -> bytes:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
