"""Every failure that a person can meet.

AcrBridgeError              1  the work failed
├── UsageError              2  the request makes no sense as it stands
├── NotFoundError           3  a registry, repository, image or subscription is not there
├── SignInError             4  not signed in, or Entra refused the sign-in
├── RefusedError            4  signed in, but the right to do it is missing
├── TargetExistsError       5  the tag is taken, and force was not asked for
├── NetworkError            6  a host cannot be reached, is too slow, or throttles
├── VerificationError       7  the target does not hold what it should
├── PartFailedError         8  some of several failed
├── StillRunningError       9  Azure goes on, and its end was not seen
└── StoppedError          130  interrupted (143: terminated) while Azure goes on

The number is the exit status of acrbridge's own commands. Commands that stand in for az use az's: 2 where the
command line cannot be parsed, 3 where ARM answered 404, 1 for all else (`drop_in_status`).

A code is a stable word. CATALOGUE says what each one means and what mends it, for `acrbridge explain`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self


class AcrBridgeError(Exception):
    """The root of all errors that acrbridge raises.

    Args:
        code: a key of CATALOGUE.
        message: one line that says what failed, on which side, for a person.
        remedy: one line that says what to do, where this case allows more than the catalogue says. A command in it
            stands at its end, without a full stop that would be copied along.
        correlation_id: Azure's id of the failed request, to quote to its support.
        drop_in_status: exit status of a command that stands in for az, where it is not 1.
    """

    exit_status = 1

    def __init__(
        self,
        code: str,
        message: str,
        *,
        remedy: str | None = None,
        correlation_id: str | None = None,
        drop_in_status: int = 1,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = self._text = message
        self._place = ""
        self.tries = 0
        """Requests that were sent in vain; 0 where nobody counted."""
        self.remedy = CATALOGUE[code].remedy if remedy is None else remedy
        self.correlation_id = correlation_id
        self.drop_in_status = drop_in_status
        for note in filter(None, (self.remedy, f"Code: {code}")):
            self.add_note(note)

    def at(self, place: str) -> Self:
        """The error, whose message begins with the request that failed; the first to name it is believed."""
        self._place = self._place or place
        return self._told()

    def after(self, tries: int) -> Self:
        """The error, whose message ends with how often it was tried, if more than once; each call multiplies."""
        self.tries = max(self.tries, 1) * tries
        return self._told()

    def advised(self, remedy: str) -> Self:
        """The error with another remedy, of who knows more of what was asked for."""
        self.remedy = remedy
        self.__notes__ = [remedy, f"Code: {self.code}"]
        return self

    def _told(self) -> Self:
        place = f"{self._place}: " if self._place else ""
        tries = f" ({self.tries} tries)" if self.tries > 1 else ""
        self.message = f"{place}{self._text.removesuffix('.')}{tries}"
        self.args = (self.message,)
        return self

    def as_json(self) -> dict[str, str]:
        """The error as a JSON object: code, message, remedy and, where known, correlationId."""
        document = {"code": self.code, "message": self.message, "remedy": self.remedy}
        if self.correlation_id:
            document["correlationId"] = self.correlation_id
        return document


class UsageError(AcrBridgeError):
    """The request makes no sense as it stands."""

    exit_status = 2


class NotFoundError(AcrBridgeError):
    """A registry, repository, image or subscription is not there."""

    exit_status = 3


class SignInError(AcrBridgeError):
    """Nobody is signed in, or Entra refused the sign-in."""

    exit_status = 4


class RefusedError(AcrBridgeError):
    """Signed in, but without the right to do it."""

    exit_status = 4


class TargetExistsError(AcrBridgeError):
    """The tag is taken, and force was not asked for."""

    exit_status = 5


class NetworkError(AcrBridgeError):
    """A host cannot be reached, is too slow, or throttles."""

    exit_status = 6


class VerificationError(AcrBridgeError):
    """The target does not hold what it should: never a success, az's exit status or not."""

    exit_status = 7

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(code, message, **{"drop_in_status": self.exit_status, **more})


class PartFailedError(AcrBridgeError):
    """Some of several failed.

    Args:
        code: a key of CATALOGUE.
        message: one line that says which.
        remedy: what to do, where this case allows more than the catalogue says.
        result: what the others came to, as an operation gives it; None where that is not known.
    """

    exit_status = 8

    def __init__(self, code: str, message: str, *, remedy: str | None = None, result: Any = None) -> None:
        super().__init__(code, message, remedy=remedy)
        self.result = result


class StillRunningError(AcrBridgeError):
    """Azure goes on: the deadline passed, or it cannot be asked how the import ended."""

    exit_status = 9


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP came: like Ctrl-C, with another exit status."""


class StoppedError(AcrBridgeError):
    """Somebody stopped waiting, while Azure goes on.

    Args:
        message: what goes on.
        interrupt: what stopped it.
        remedy: how to look at it.
    """

    def __init__(self, message: str, interrupt: KeyboardInterrupt, *, remedy: str = "") -> None:
        self.exit_status = 143 if isinstance(interrupt, Terminated) else 130
        super().__init__("INTERRUPTED", message, remedy=remedy, drop_in_status=self.exit_status)


@dataclass(frozen=True)
class Explanation:
    """What a code means, and what mends it; a command stands at the end, without a full stop."""

    cause: str
    remedy: str


CATALOGUE: Mapping[str, Explanation] = MappingProxyType(
    {
        # The request
        "REFERENCE_INVALID": Explanation(
            "A name of an image, repository, tag or digest breaks the rules of the OCI distribution specification.",
            "Write REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST, the repository in lower case.",
        ),
        "REGISTRY_NAME_INVALID": Explanation(
            "Azure's registry names are 5 to 50 letters and digits.",
            "Give the registry's name, such as contoso, or its login server, such as contoso.azurecr.io.",
        ),
        "REGISTRY_SUFFIX_UNKNOWN": Explanation(
            "The login server does not belong to the cloud that you are signed in to.",
            "Use a login server with the cloud's suffix, or sign in to the other cloud.",
        ),
        "SOURCE_REGISTRY_MISSING": Explanation(
            "The source names no registry host, so it is not clear where the image is.",
            "Put the host before the image (docker.io/library/hello-world:latest), or add --registry NAME.",
        ),
        "SOURCE_HOST_LOCAL": Explanation(
            "Azure fetches the image itself, and cannot reach a host of this computer or network by a bare name.",
            "Use a host name that Azure can reach.",
        ),
        "CREDENTIALS_INCOMPLETE": Explanation(
            "A user name came without a password, or the reverse where both are needed.",
            "Give both --username and --password, or leave both out.",
        ),
        "OPTIONS_CONFLICT": Explanation(
            "Two options exclude each other, or one needs another.",
            "See the command's --help.",
        ),
        "PATTERN_INVALID": Explanation(
            "A regular expression or a range of versions cannot be used.",
            "Put it right: --only-regex takes Python's regular expressions, --only-semver ranges such as '>=1.2 <2'.",
        ),
        "PLATFORM_INVALID": Explanation(
            "A platform is none.",
            "Write OS/ARCHITECTURE[/VARIANT] as in linux/arm64, or with a version as in windows(10.0.17763)/amd64.",
        ),
        "RATE_INVALID": Explanation(
            "A rate is none.",
            "Write bytes a second, such as 500K or 1.5M: K, M and G stand for 1024, 1024² and 1024³.",
        ),
        "LAYOUT_INVALID": Explanation(
            "A folder or archive is no OCI image layout, or one that breaks the rules of the OCI image specification.",
            "Name a layout that is whole; as a target a new or empty folder, or an archive that does not exist yet.",
        ),
        "TARGET_FILE_EXISTS": Explanation(
            "The target archive exists, and an archive is only written whole.",
            "Delete it, or choose another name; a layout in a folder (oci:PATH) can take further images.",
        ),
        "DISK_FULL": Explanation(
            "The target's disk is full, its quota is used up, or its file system takes no file that large.",
            "Make room, and copy again: what arrived in a layout stays, and is not sent again.",
        ),
        "CONFIRMATION_MISSING": Explanation(
            "The command deletes, and there is no terminal to ask on.",
            "Add --yes when you are sure.",
        ),
        "QUERY_INVALID": Explanation(
            "--query is not valid JMESPath.", "See https://jmespath.org for the language."
        ),
        "FILE_UNREADABLE": Explanation(
            "A file cannot be read or written.", "Check that it exists, is yours, and is not damaged."
        ),
        # Signing in
        "NOT_SIGNED_IN": Explanation(
            "No account is signed in.",
            "Sign in (a managed identity: --identity alone):"
            " acrbridge login --service-principal --username APP_ID --tenant TENANT",
        ),
        "SIGN_IN_EXPIRED": Explanation(
            "The sign-in is no longer valid and could not be renewed.",
            "Sign in again (a managed identity: --identity alone):"
            " acrbridge login --service-principal --username APP_ID --tenant TENANT",
        ),
        "SECRET_WRONG": Explanation(
            "Entra does not accept the client secret.",
            "Check that it is the secret's value, not its ID, and belongs to this application.",
        ),
        "SECRET_EXPIRED": Explanation(
            "The client secret has expired.", "Make a new one: az ad app credential reset --id APP_ID"
        ),
        "APPLICATION_UNKNOWN": Explanation(
            "The tenant does not know the application (client) ID.",
            "Check --username and --tenant; the application must be in that tenant.",
        ),
        "TENANT_UNKNOWN": Explanation(
            "There is no such tenant.", "Check --tenant: a GUID, or a domain such as contoso.onmicrosoft.com."
        ),
        "TENANT_MISMATCH": Explanation(
            "The token comes from another tenant than the one that the subscription trusts.",
            "Sign in with --tenant set to the subscription's tenant.",
        ),
        "SIGN_IN_REFUSED": Explanation(
            "Entra refused the sign-in.",
            "The message holds Entra's reason; its AADSTS code can be looked up.",
        ),
        "IDENTITY_UNAVAILABLE": Explanation(
            "No managed identity answered here, or not the one asked for.",
            "Run on an Azure host with that identity assigned, or sign in with a service principal.",
        ),
        "NO_SUBSCRIPTIONS": Explanation(
            "The account may sign in, but sees no subscription.",
            "Give it a role such as Reader on the registry or its subscription.",
        ),
        "SUBSCRIPTION_NOT_FOUND": Explanation(
            "The account does not see that subscription.", "List those it sees: acrbridge account list"
        ),
        # The target
        "TARGET_REGISTRY_NOT_FOUND": Explanation(
            "The target registry is not in this subscription, or the account may not see it.",
            "Choose another subscription with --subscription, or list this one's registries: acrbridge acr list",
        ),
        "TARGET_FORBIDDEN": Explanation(
            "The account may not import into the target registry.",
            "Ask for the role 'Container Registry Data Importer and Data Reader' on it.",
        ),
        "TARGET_TAG_EXISTS": Explanation(
            "The tag is already in the target registry, and imports do not overwrite unless asked to.",
            "Add --force to overwrite it, or choose another tag with --image.",
        ),
        "TARGET_LOCKED": Explanation(
            "The tag or repository is locked against writing.",
            "Unlock it: az acr repository update --name NAME --image IMAGE --write-enabled true",
        ),
        "TARGET_FIREWALL": Explanation(
            "The target registry's firewall keeps Azure's import service out.",
            "Let trusted services in: az acr update --name NAME --allow-trusted-services true",
        ),
        "TARGET_SCOPE_LOCKED": Explanation(
            "A management lock on the target registry, its resource group or its subscription forbids the import.",
            "Have it removed by who set it; list the locks: az lock list --resource-group GROUP",
        ),
        "IMPORT_NOT_SUPPORTED": Explanation(
            "Registries of SKU Classic cannot import.",
            "Move it to Basic, Standard or Premium: az acr update --name NAME --sku Standard",
        ),
        "TARGET_MISSING": Explanation(
            "The request names neither a target tag nor a target repository.", "Add --image REPOSITORY:TAG."
        ),
        # The source
        "SOURCE_REGISTRY_NOT_FOUND": Explanation(
            "The source registry is not in the current subscription.",
            "Give its resource ID with --registry, or its login server in --source with --username and --password.",
        ),
        "SOURCE_IMAGE_NOT_FOUND": Explanation(
            "The source registry has no such image, tag or digest.",
            "Check the spelling of repository and tag.",
        ),
        "SOURCE_UNAUTHORIZED": Explanation(
            "The source registry did not accept the credentials, or wants some.",
            "Give --username and --password that may pull from it.",
        ),
        "SOURCE_READ_FORBIDDEN": Explanation(
            "The account may import into the target, but may not read the source registry.",
            "Ask for 'Container Registry Data Importer and Data Reader' on the source, or give --username/--password.",
        ),
        "SOURCE_FIREWALL": Explanation(
            "The source registry's firewall turned the import away; Azure's message names the target all the same.",
            "Let trusted services in on the source (networkRuleBypassOptions), and use its resource ID.",
        ),
        "SOURCE_NO_RANGES": Explanation(
            "The source registry does not serve parts of a blob (RFC 7233), which Azure's import needs.",
            "Copy the image to another registry first, or push it to the target directly.",
        ),
        "SOURCE_THROTTLED": Explanation(
            "The source registry limits pulls, as Docker Hub does for anonymous ones.",
            "Give --username and --password of an account there, or wait.",
        ),
        "SOURCE_UNREACHABLE": Explanation(
            "Azure cannot reach the source registry.", "Check the host's name, and that it is open to Azure."
        ),
        "TOO_MANY_MANIFESTS": Explanation(
            "The image has more than 50 manifests, Azure's limit for an import.",
            "Import the platforms that you need one by one, by digest.",
        ),
        # The service
        "IMPORT_FAILED": Explanation(
            "Azure could not finish the import.",
            "The message holds Azure's reason; if it holds none, try again, and quote the correlation ID to support.",
        ),
        "OUTCOME_UNKNOWN": Explanation(
            "Azure accepted the import and goes on with it, but cannot be asked from here how it ended.",
            "Look whether the tag has appeared.",
        ),
        "STILL_RUNNING": Explanation(
            "The import had not ended at the deadline. Azure goes on with it.",
            "Look whether the tag has appeared, or wait longer with --timeout.",
        ),
        "INTERRUPTED": Explanation(
            "You stopped waiting, or a copy. What was sent to Azure goes on there; a copy has ended.",
            "Look whether the tag has appeared.",
        ),
        "ARM_REFUSED": Explanation(
            "Azure Resource Manager refused the request.", "The message holds its reason."
        ),
        "ARM_FORBIDDEN": Explanation(
            "The account lacks a right on the resource.", "Ask for a role that has the action in the message."
        ),
        "RESOURCE_NOT_FOUND": Explanation(
            "Azure Resource Manager knows no such resource.", "Check name, resource group and subscription."
        ),
        "SERVICE_ERROR": Explanation(
            "The service failed again and again.", "Try again later; quote the correlation ID to support."
        ),
        "ANSWER_UNINTELLIGIBLE": Explanation(
            "The answer is not what the service's protocol promises; often a proxy or portal answered instead.",
            "Check what stands between this computer and the service.",
        ),
        "LOCATION_UNTRUSTED": Explanation(
            "The answer points to another host, where the token must not go.",
            "Nothing was sent there. Check what stands between this computer and Azure.",
        ),
        "ANSWER_TOO_LARGE": Explanation(
            "The answer is larger than such an answer can be.",
            "Check what stands between this computer and the service.",
        ),
        # The registry, read from here
        "REGISTRY_UNAUTHORIZED": Explanation(
            "The registry did not accept the credentials, or they lack the right.",
            "Ask for AcrPull (to read), AcrPush (to write) or AcrDelete (to delete) on it,"
            " or give --username and --password.",
        ),
        "REGISTRY_FIREWALL": Explanation(
            "The registry's firewall does not let this computer in.",
            "Add this address to its network rules, or work from inside its network.",
        ),
        "REGISTRY_REFUSED": Explanation("The registry refused the request.", "The message holds its reason."),
        "REPOSITORY_NOT_FOUND": Explanation(
            "The registry has no such repository, tag or manifest.",
            "List what is there: acrbridge acr repository list --name NAME",
        ),
        "MANIFEST_AMBIGUOUS": Explanation(
            "The manifest can be read in two ways, so that what was checked may not be what runs (CVE-2021-41190).",
            "Do not use this image; ask its publisher for a sound one.",
        ),
        "CHALLENGE_UNTRUSTED": Explanation(
            "The registry sends its clients to a token server on another host, where the password must not go.",
            "Check the registry's name.",
        ),
        "SOURCE_BLOB_MISSING": Explanation(
            "The source has a manifest, but not a blob that it refers to.",
            "Have the image pushed again; a registry that collected its garbage while it was pushed does this.",
        ),
        "PART_FAILED": Explanation(
            "Some of several images could not be copied; the others were, but for an archive's.",
            "Mend what the lines above say, and run the same command again: what is there is not sent again.",
        ),
        "TAGS_NOT_FOUND": Explanation(
            "No tag of the repository is one of those that were asked for.",
            "Compare --only, --only-regex, --only-semver, --newest and --exclude with the tags in the message.",
        ),
        "PLATFORM_NOT_FOUND": Explanation(
            "The image lacks a platform that was asked for.",
            "Choose from those in the message with --platform OS[(VERSION)]/ARCHITECTURE[/VARIANT].",
        ),
        "MANIFEST_INVALID": Explanation(
            "A manifest breaks the rules of the OCI image specification, or means two things at once.",
            "Have the image built and pushed again.",
        ),
        "TARGET_BLOB_MISSING": Explanation(
            "The target refused a manifest because it lacks a blob that was sent, or that it claimed to have.",
            "Copy again; tell us if it stays.",
        ),
        "LOGIN_NOT_KEPT": Explanation(
            "No login is kept for that registry.", "List those that are: acrbridge registry list"
        ),
        # Verification
        "UPLOAD_LOST": Explanation(
            "The registry did not go on with an upload that it had begun.",
            "Copy again: what arrived stays, and is not sent again.",
        ),
        "RANGE_NOT_HONOURED": Explanation(
            "A registry did not serve the part of a blob that it was asked for.",
            "Nothing to do: the blob starts anew.",
        ),
        "DIGEST_MISMATCH": Explanation(
            "What was read or stored is not what its digest says: it is damaged where it lies, or came so.",
            "Try again; if it stays, have the image pushed or saved anew at the place in the message.",
        ),
        "TARGET_TAG_ABSENT": Explanation(
            "Azure reported success, but the tag is not in the target registry.", "Import again."
        ),
        "UNVERIFIED": Explanation(
            "The target could not be read from here, or is not known to have been written by this import;"
            " --require-verified asks for both.",
            "The warning says which; ask for AcrPull on the target, or leave --require-verified out.",
        ),
        # The network
        "HOST_NOT_FOUND": Explanation(
            "The host's name does not resolve.", "Check the name, DNS and proxy settings."
        ),
        "UNREACHABLE": Explanation(
            "The host does not answer.", "Check network, firewall and proxy settings."
        ),
        "TIMED_OUT": Explanation(
            "The host took too long to answer.", "Try again, or check network and proxy."
        ),
        "TLS_UNTRUSTED": Explanation(
            "The host's certificate is not trusted here; a proxy that opens TLS connections is the usual cause.",
            "Give the authority's certificate with --ca-file or REQUESTS_CA_BUNDLE.",
        ),
        "PROXY_REFUSED": Explanation(
            "The proxy does not let the connection through.",
            "Check the host's name, which may be misspelt; then HTTPS_PROXY, NO_PROXY, and the proxy's user.",
        ),
        "THROTTLED": Explanation("The service limits how often it may be asked.", "Wait, and try again."),
        "PLAIN_HTTP_REFUSED": Explanation(
            "Credentials go over TLS only; plain HTTP is for loopback and link-local addresses, and for registries"
            " that are not Azure's.",
            "Use https, or name the registry with --plain-http.",
        ),
        # The emulator
        "EMULATOR_NOT_INSTALLED": Explanation(
            "The emulator's packages are not installed.", "Install them: pip install 'acrbridge[emulator]'"
        ),
        "EMULATOR_NOT_RUNNING": Explanation(
            "No emulator runs with this state.", "Start one: acrbridge emulator start"
        ),
        "EMULATOR_FAILED": Explanation("The emulator did not start.", "The message holds its last words."),
        "COMMAND_NOT_FOUND": Explanation("The command to run is not there.", "Check its spelling and PATH."),
        # Ourselves
        "CODE_UNKNOWN": Explanation("There is no such error code.", "Copy it from an error's last line."),
        "MESSAGE_INVALID": Explanation(
            "A client of acrbridge serve sent what the protocol does not allow.",
            "Send one JSON-RPC 2.0 object a line, initialize first, each id once at a time; see docs/protocol.md.",
        ),
        "METHOD_UNKNOWN": Explanation(
            "A client of acrbridge serve asked for a method that there is not.",
            "See docs/protocol.md for those that there are; or use the module and the engine of one release.",
        ),
        "PARAMETERS_INVALID": Explanation(
            "A client of acrbridge serve sent parameters that a method does not take.",
            "The message names them; see docs/protocol.md.",
        ),
        "PROTOCOL_MISMATCH": Explanation(
            "The module and the engine are of releases that do not understand each other.",
            "Have the module install the engine that it brings, with Install-AcrBridgeEngine -Force.",
        ),
        "ENGINE_MISSING": Explanation(
            "The PowerShell module found no Python with acrbridge.",
            "Run Install-AcrBridgeEngine, or let $env:ACRBRIDGE_PYTHON name a Python that has acrbridge.",
        ),
        "ENGINE_ENDED": Explanation(
            "The engine of the PowerShell module ended while a request was under way.",
            "Run the command again: it starts a new engine. See first whether an import went on in Azure.",
        ),
        "ENGINE_GARBLED": Explanation(
            "What the PowerShell module took for its engine sent something else than messages.",
            "Run Install-AcrBridgeEngine -Force, or let $env:ACRBRIDGE_PYTHON name a Python that prints nothing.",
        ),
        "ENGINE_SILENT": Explanation(
            "The engine of the PowerShell module started, and did not answer.",
            "Run the command again, or Install-AcrBridgeEngine -Force.",
        ),
        "ENGINE_NOT_INSTALLED": Explanation(
            "Install-AcrBridgeEngine did not get to its end. What was there before is there again.",
            "Mend what the message says, or give another Python with -Python, another package index with -IndexUrl.",
        ),
        "PYTHON_MISSING": Explanation(
            "Install-AcrBridgeEngine found no Python 3.11 or later.",
            "Install Python from https://www.python.org/downloads/ and name it with -Python where it is not on PATH.",
        ),
        "IMPORT_PARAMETERS_INVALID": Explanation(
            "The description of an import, as Azure's ImportImageParameters have it, makes no sense.",
            'Write it like {"source":{"registryUri":"docker.io","sourceImage":"library/hello-world:latest"},'
            '"targetTags":["hello-world:latest"],"mode":"NoForce"}.',
        ),
        "INTERNAL": Explanation(
            "A defect in acrbridge.", "Run again with --debug, and report what it prints."
        ),
    }
)
