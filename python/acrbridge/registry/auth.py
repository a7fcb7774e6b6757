"""From a registry's challenge to a token, with the credential that was given for this registry and no other.

Docker's token protocol (distribution spec, "Token Authentication Specification") and ACR's `/oauth2/token`.
"""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from urllib.parse import urlencode

from acrbridge.errors import AcrBridgeError, NetworkError, RefusedError
from acrbridge.http import jwt, redact, refusals
from acrbridge.http.client import HttpClient, Request, Response
from acrbridge.http.origins import origin
from acrbridge.jobs import Secret

TOKEN_HOSTS: Mapping[str, str] = {
    "docker.io": "auth.docker.io",
    "index.docker.io": "auth.docker.io",
    "registry-1.docker.io": "auth.docker.io",
}
"""Registries whose token server is known to live on another host."""

_TOKEN_LIMIT = 64 << 10
_SHORTEST_LIFETIME = 60.0
"""Seconds that a token without `expires_in` is valid (token specification)."""
_RENEW_BEFORE = 30.0
"""Seconds before its end at which a token is no longer used; twice as many where a body is to be sent."""
_OLD = 3600.0
"""Seconds after which a refresh token that is refused may have come to its end."""
_IN_VAIN = 2
"""Tokens that are asked for without one of them being accepted."""


@dataclass(frozen=True)
class Anonymous:
    """No credential: public images only."""


@dataclass(frozen=True)
class Password:
    """A user name and password: admin user, repository-scoped token, service principal, or a foreign user."""

    username: str
    password: Secret

    def header(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        pair = f"{self.username}:{self.password.reveal()}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


@dataclass(frozen=True)
class RefreshToken:
    """ACR's refresh token, from `/oauth2/exchange`.

    Args:
        token: lives for three hours.
        renew: gives another one; a copy can take longer than that.
    """

    token: Secret
    renew: Callable[[], RefreshToken] | None = field(default=None, repr=False, compare=False)


Settled = Anonymous | Password | RefreshToken


class Deferred:
    """A credential that is looked up while the registry is asked already; waited for when the registry wants one.

    Args:
        find: looks it up, in a thread of its own.
    """

    def __init__(self, find: Callable[[], Settled]) -> None:
        self._found: Future[Settled] = Future()
        threading.Thread(target=self._look_up, args=(find,), daemon=True).start()

    def _look_up(self, find: Callable[[], Settled]) -> None:
        try:
            self._found.set_result(find())
        except BaseException as error:  # noqa: BLE001 - raised where the result is waited for
            self._found.set_exception(error)

    def get(self) -> Settled:
        """Wait for it."""
        return self._found.result()


Credential = Settled | Deferred


@dataclass(frozen=True)
class Challenge:
    """What a `WWW-Authenticate` header asks for (RFC 9110 §11.6.1)."""

    scheme: str
    parameters: Mapping[str, str]

    @classmethod
    def parse(cls, header: str) -> list[Challenge]:
        """Parse all challenges of a header; schemes and names of parameters come out in lower case."""
        found: list[tuple[str, dict[str, str]]] = []
        for name, quoted, plain, scheme in _CHALLENGE_PART.findall(header):
            if scheme:
                found.append((scheme.lower(), {}))
            elif found:
                found[-1][1][name.lower()] = quoted or plain
        return [cls(scheme, parameters) for scheme, parameters in found]

    @classmethod
    def preferred(cls, header: str) -> Challenge | None:
        """The challenge of a header to answer: Bearer's before Basic's; None where there is neither."""
        found = {challenge.scheme: challenge for challenge in reversed(cls.parse(header))}
        return found.get("bearer") or found.get("basic")


_WORD = r"[\w!#$%&'*+.^`|~-]++"
"""A token of RFC 9110 §5.6.2."""
_CHALLENGE_PART = re.compile(rf'({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))|({_WORD})')
"""A parameter with its value, quoted or plain; or else a scheme, which begins the next challenge."""


@dataclass(frozen=True)
class _Token:
    header: str = field(repr=False)
    expires: float
    """On the clock's scale."""
    spare: float
    """Seconds before that at which it is no longer used for a body, which would have to be sent twice."""


@dataclass
class _Scope:
    """The tokens of one scope."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    token: _Token | None = None
    in_vain: int = 0
    """Tokens that came since a request was last let through."""


class Authorizer:
    """Makes Authorization headers for one registry, and remembers tokens by scope until shortly before their end.

    Threads may share it: those that need the same token ask for it once.

    Args:
        host: the registry, with its port where it has one.
        http: the client to ask for tokens with.
        credential: what was given for this registry.
        name: the registry's, for messages; by default its host.
        remedy: what mends a refusal of the credential, where that is not what the catalogue says.
    """

    def __init__(
        self, host: str, http: HttpClient, credential: Credential, name: str = "", remedy: str | None = None
    ) -> None:
        self._host = host
        self._name = name or host
        self._remedy = remedy
        self._http = http
        self._credential = credential
        self._began = http.clock.now()
        self._challenge: Challenge | None = None
        self._scopes: dict[str, _Scope] = {}

    def header(self, scope: str, *, for_body: bool = False) -> str | None:
        """A header known to be good for a scope, or None where the registry has to be asked first.

        ACR's token endpoint is known, so that with a refresh token no challenge is waited for.

        Args:
            scope: what the request needs.
            for_body: it sends much, and so is not to be refused because its token has just ended.
        """
        if self._challenge is None and not isinstance(self._credential, RefreshToken):
            return None
        return self._header(self._challenge, scope, for_body=for_body)

    @property
    def was_asked(self) -> bool:
        """Whether the registry has let the credential in because it wanted one."""
        return self._challenge is not None

    def accepted(self, scope: str) -> None:
        """A request of that scope was let through."""
        self._scopes.setdefault(scope, _Scope()).in_vain = 0

    def answer(self, challenge: Challenge, scope: str, refused: str | None = None) -> str | None:
        """A header that answers a challenge, or None where nothing we have could.

        Args:
            challenge: of a request that was refused.
            scope: what the request needs.
            refused: the header that the request had.

        Raises:
            RefusedError: REGISTRY_UNAUTHORIZED, the token server refused the credential.
            AcrBridgeError: CHALLENGE_UNTRUSTED, the token server lives where the credential must not go.
        """
        if refused and challenge.parameters.get("error") == "insufficient_scope":  # RFC 6750 §3.1
            return None
        header = self._header(challenge, scope, refused)
        if header is None or header == refused:
            return None
        self._challenge = challenge
        return header

    def _header(
        self, challenge: Challenge | None, scope: str, refused: str | None = None, *, for_body: bool = False
    ) -> str | None:
        if challenge and challenge.scheme == "basic":
            credential = self._settled()
            return credential.header() if isinstance(credential, Password) else None
        known = self._scopes.setdefault(scope, _Scope())
        with known.lock:
            token = known.token
            if token is None or token.header == refused or self._ends(token, for_body=for_body):
                token = known.token = self._fetched(challenge, scope, known)
            return token.header if token else None

    def _ends(self, token: _Token, *, for_body: bool) -> bool:
        return token.expires - (token.spare if for_body else 0) <= self._http.clock.now()

    def _fetched(self, challenge: Challenge | None, scope: str, known: _Scope) -> _Token | None:
        """A new token; None where none can be asked for, or those that came lately were refused."""
        if known.in_vain >= _IN_VAIN:
            return None
        credential = self._settled()
        if isinstance(credential, RefreshToken):
            response = self._redeemed(credential, scope)
        elif challenge:
            response = self._ask(challenge, scope)
        else:
            return None
        known.in_vain += 1
        return self._read(response)

    def _settled(self) -> Settled:
        credential = self._credential
        return credential.get() if isinstance(credential, Deferred) else credential

    def _redeemed(self, credential: RefreshToken, scope: str) -> Response:
        try:
            return self._redeem(credential, scope)
        except RefusedError:
            if credential.renew is None or self._http.clock.now() - self._began < _OLD:
                raise
            self._credential = renewed = credential.renew()
            return self._redeem(renewed, scope)

    def _redeem(self, credential: RefreshToken, scope: str) -> Response:
        """ACR: POST /oauth2/token, grant_type=refresh_token."""
        form = {
            "grant_type": "refresh_token",
            "service": self._host,
            "scope": scope,
            "refresh_token": credential.token.reveal(),
        }
        return self._token_request(
            Request(
                "POST",
                f"https://{self._host}/oauth2/token",
                {"Content-Type": "application/x-www-form-urlencoded"},
                urlencode(form),
                limit=_TOKEN_LIMIT,
            )
        )

    def _ask(self, challenge: Challenge, scope: str) -> Response:
        """Docker: GET realm?service=…&scope=… with Basic, or without for an anonymous token."""
        realm = challenge.parameters.get("realm", "")
        self._check_realm(realm)
        query = {name: challenge.parameters[name] for name in ("service",) if name in challenge.parameters}
        credential = self._settled()
        headers = {"Authorization": credential.header()} if isinstance(credential, Password) else {}
        query |= {"scope": scope} if scope else {}
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(query)}"
        return self._token_request(Request("GET", url, headers, limit=_TOKEN_LIMIT))

    def _check_realm(self, realm: str) -> None:
        """The credential goes to the registry's own host, or to the token server that it is known to have."""
        host = self._host.lower()
        allowed = {self._http.base(host), f"https://{host}", f"https://{TOKEN_HOSTS.get(host, host)}"}
        if origin(realm) not in allowed:
            raise AcrBridgeError(
                "CHALLENGE_UNTRUSTED",
                f"{self._name} wants tokens from {redact.foreign(redact.url(realm), 200)!r}: nothing was sent there.",
            )

    def _token_request(self, request: Request) -> Response:
        response = self._http.send(request)
        if response.status == 200:
            return response
        if response.status == 429:
            raise NetworkError("THROTTLED", f"{self._name} gives no more tokens for now (429).")
        if response.status >= 500:
            raise AcrBridgeError(
                "SERVICE_ERROR", f"The token server of {self._name} answered {response.status}."
            )
        raise RefusedError(
            "REGISTRY_UNAUTHORIZED",
            f"{self._name} refused the credentials ({response.status} {refusals.words(response)}).",
            remedy=self._remedy,
        )

    def _read(self, response: Response) -> _Token:
        document = response.json_object()
        token = document.get("access_token") or document.get("token")
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise AcrBridgeError("ANSWER_UNINTELLIGIBLE", f"The token server of {self._name} gave no token.")
        seconds = _lifetime(document.get("expires_in"), token)
        end = self._http.clock.now() + seconds - _RENEW_BEFORE
        return _Token(f"Bearer {token}", end, min(_RENEW_BEFORE, seconds / 4))


def _lifetime(expires_in: object, token: str) -> float:
    """Seconds that a token lives: ACR gives no `expires_in`, but JWTs with `exp`."""
    try:
        if isinstance(expires_in, int | float):
            return float(expires_in)
        claims = jwt.claims(token)
        return float(claims["exp"]) - float(claims.get("iat", time.time()))
    except (KeyError, TypeError, ValueError, OverflowError):
        return _SHORTEST_LIFETIME
