"""Why an import failed: Azure's words, taken apart, in the answer to its request or at its operation's end.

Azure wraps the source registry's answer in a message that names the target ("Operation registries-… failed.
Resource …/registries/TARGET Invalid message Unauthorized …"). The table below tells side and cause from texts
seen in Azure/acr and azure-cli issues.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from acrbridge.azure.arm import Refusal
from acrbridge.errors import AcrBridgeError, NotFoundError, RefusedError, TargetExistsError, UsageError
from acrbridge.http import redact
from acrbridge.references import DOCKER_HUB


@dataclass(frozen=True)
class _Cause:
    pattern: re.Pattern[str]
    """Searched in "CODE: message"."""
    code: str
    error: type[AcrBridgeError]
    text: str
    by_manager: bool = False
    """Whether Resource Manager says so of the request; else the registries' service does, of the copy."""

    def fits(self, refusal: Refusal, *, ended: bool) -> bool:
        """Whether this is why; Resource Manager's own refusals tell nothing of the source."""
        by_manager = not ended and refusal.status in _MANAGERS
        speaks = not ended if self.by_manager else not by_manager
        return speaks and self.pattern.search(f"{refusal.code}: {refusal.message}") is not None


def _cause(pattern: str, code: str, error: type[AcrBridgeError], text: str, **more: bool) -> _Cause:
    return _Cause(re.compile(pattern, re.IGNORECASE | re.DOTALL), code, error, text, **more)


_MANAGERS = frozenset({401, 403, 404, 429})
"""Statuses of the request that are Resource Manager's: the service's own are 400 and 409."""

_CAUSES = (
    _cause(
        r"^LinkedAuthorizationFailed",
        "SOURCE_READ_FORBIDDEN",
        RefusedError,
        "The account may import into {target}, but may not read the source registry {source}",
        by_manager=True,
    ),
    _cause(
        r"^AuthorizationFailed",
        "TARGET_FORBIDDEN",
        RefusedError,
        "The account has no right to import into {target}",
        by_manager=True,
    ),
    _cause(
        r"^ScopeLocked|scope\(s\) are locked",
        "TARGET_SCOPE_LOCKED",
        RefusedError,
        "A management lock lies on {target}",
        by_manager=True,
    ),
    _cause(
        r"already exists in target registry|^Conflict:.*already exists",
        "TARGET_TAG_EXISTS",
        TargetExistsError,
        "The tag is already in {target}",
    ),
    _cause(r"TargetTags", "TARGET_MISSING", UsageError, "The request names no target"),
    _cause(
        r"write ?operation is disallowed|is locked|operation is disallowed",
        "TARGET_LOCKED",
        RefusedError,
        "The tag or repository is locked in {target}",
    ),
    _cause(
        r"is not allowed access|aka\.ms/acr/firewall|public network access|publicNetworkAccess",
        "SOURCE_FIREWALL",
        RefusedError,
        "The firewall of the source registry {source} turned the import away",
    ),
    _cause(
        r"RFC 7233|Unexpected response status code|Unexpected length of body",
        "SOURCE_NO_RANGES",
        AcrBridgeError,
        "The source registry {source} does not serve parts of a blob",
    ),
    _cause(
        r"toomanyrequests|pull rate limit",
        "SOURCE_THROTTLED",
        AcrBridgeError,
        "The source registry {source} limits pulls",
    ),
    _cause(
        r"(?:number of|too many|maximum).{0,40}manifests|manifests.{0,60}(?:limit|maximum|exceed)",
        "TOO_MANY_MANIFESTS",
        AcrBridgeError,
        "The image has more manifests than an import takes",
    ),
    _cause(
        r"MANIFEST_UNKNOWN|NAME_UNKNOWN|TAG_UNKNOWN|Unable to find manifest digest|manifest .{0,200} is not found",
        "SOURCE_IMAGE_NOT_FOUND",
        NotFoundError,
        "The source registry {source} has no {image}",
    ),
    _cause(
        r"unauthorized|authentication required|access (?:to the resource is )?denied|DENIED|Forbidden",
        "SOURCE_UNAUTHORIZED",
        RefusedError,
        "The source registry {source} refused to give {image}",
    ),
    _cause(
        r"no such host|name or service not known|could not be resolved|unreachable|connection refused",
        "SOURCE_UNREACHABLE",
        AcrBridgeError,
        "Azure cannot reach the source registry {source}",
    ),
)

_WRAPPER = re.compile(r"^Operation \S+ failed\. Resource \S+ (?=\S)")
"""What Azure puts before the reason: the operation, and the target even where the source refused."""

_ON_HUB = (
    "Docker Hub says this of an image that does not exist, too: check its name;"
    " if it is private, give --username and --password."
)
_ON_ACR = (
    "Give --username and --password that may pull from it; or --registry RESOURCE_ID,"
    " when it is in another subscription of your tenant and you may read it."
)


def explain(refusal: Refusal, *, ended: bool, target: str, source: str, image: str) -> AcrBridgeError:
    """The error that says which side failed, and why.

    Args:
        refusal: what Azure said.
        ended: whether it is the end of an operation that was accepted; else the answer to the request.
        target: the target registry's name.
        source: host or name of the source registry.
        image: the source image.
    """
    if not ended and (refusal.status in (401, 429) or refusal.status >= 500):
        return refusal.error()
    if not refusal.in_envelope:
        return AcrBridgeError(
            "ANSWER_UNINTELLIGIBLE",
            f"The request to import into {target} was answered with {refusal.status},"
            f" not as Azure answers: {redact.foreign(refusal.message, 200)}",
        )
    for cause in _CAUSES:
        if cause.fits(refusal, ended=ended):
            text = cause.text.format(target=target, source=source, image=image)
            return cause.error(
                cause.code,
                f"{text}. Azure: {_said(refusal)}",
                remedy=_remedy(source) if cause.code == "SOURCE_UNAUTHORIZED" else None,
                correlation_id=refusal.correlation_id,
                drop_in_status=3 if refusal.status == 404 else 1,
            )
    if not ended and refusal.status in _MANAGERS:
        return refusal.error()
    return AcrBridgeError(
        "IMPORT_FAILED",
        f"The import into {target} failed. Azure: {_said(refusal)}",
        correlation_id=refusal.correlation_id,
    )


def _said(refusal: Refusal) -> str:
    return f"({refusal.code}) {_WRAPPER.sub('', refusal.message)}"


def _remedy(source: str) -> str | None:
    """What helps where the source refuses to give an image; None: what the catalogue says."""
    if source == DOCKER_HUB:
        return _ON_HUB
    return _ON_ACR if ".azurecr." in source else None
