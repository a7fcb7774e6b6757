"""Import container images into Azure Container Registry.

The public API. Names are loaded when they are first used, so that `import acrbridge` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, Unpack

    from acrbridge.errors import AcrBridgeError as AcrBridgeError
    from acrbridge.jobs import Copying as Copying
    from acrbridge.jobs import CopyItem as CopyItem
    from acrbridge.jobs import CopyResult as CopyResult
    from acrbridge.jobs import Event as Event
    from acrbridge.jobs import ImportedImage as ImportedImage
    from acrbridge.jobs import ImportResult as ImportResult
    from acrbridge.jobs import Listener as Listener
    from acrbridge.jobs import Login as Login
    from acrbridge.jobs import Notice as Notice
    from acrbridge.jobs import Secret as Secret
    from acrbridge.jobs import Waiting as Waiting
    from acrbridge.operations.client import Client as Client
    from acrbridge.operations.client import CopyOptions as CopyOptions

__version__ = "0.1.0"
_HOMES = {
    "AcrBridgeError": "acrbridge.errors",
    "Client": "acrbridge.operations.client",
    "CopyItem": "acrbridge.jobs",
    "CopyOptions": "acrbridge.operations.client",
    "CopyResult": "acrbridge.jobs",
    "Copying": "acrbridge.jobs",
    "Event": "acrbridge.jobs",
    "ImportResult": "acrbridge.jobs",
    "ImportedImage": "acrbridge.jobs",
    "Listener": "acrbridge.jobs",
    "Login": "acrbridge.jobs",
    "Notice": "acrbridge.jobs",
    "Secret": "acrbridge.jobs",
    "Waiting": "acrbridge.jobs",
}
__all__ = [
    "AcrBridgeError",
    "Client",
    "CopyItem",
    "CopyOptions",
    "CopyResult",
    "Copying",
    "Event",
    "ImportResult",
    "ImportedImage",
    "Listener",
    "Login",
    "Notice",
    "Secret",
    "Waiting",
    "__version__",
    "copy",
    "import_image",
]


def copy(
    source: str, target: str, *, listener: Listener | None = None, **options: Unpack[CopyOptions]
) -> CopyResult:
    """Copy an image, or all tags of a repository, from registry to registry through this computer.

    To copy more than once, use a `Client`: it keeps connections and tokens.

    Args:
        source: `HOST/REPOSITORY[:TAG|@DIGEST]`.
        target: `HOST/REPOSITORY[:TAG]`; without a tag it gets the source's.
        listener: called with each event while it runs, from another thread; it must not raise.
        options: as `CopyOptions` describes them.

    Returns:
        What was copied; the target was read back.

    Raises:
        AcrBridgeError: by cause; its `code` is stable, its `remedy` says what to do.
    """
    from acrbridge.operations.client import Client

    with Client(listener=listener) as client:
        return client.copy(source, target, **options)


def import_image(
    registry: str,
    source: str,
    *,
    images: str | Sequence[str] = (),
    repositories: str | Sequence[str] = (),
    source_registry: str | None = None,
    username: str | None = None,
    password: str | None = None,
    resource_group: str | None = None,
    subscription: str | None = None,
    force: bool = False,
    via: Literal["service", "client"] = "service",
    wait: bool = True,
    timeout: float = 3600.0,
    listener: Listener | None = None,
) -> ImportResult:
    """Import an image, as the account that `acrbridge login` signed in.

    Args:
        registry: name or login server of the target registry.
        source: the image, `HOST/REPOSITORY[:TAG|@DIGEST]`, or without the host when `source_registry` is given.
        images: one or more target images, `REPOSITORY[:TAG]`; by default named as the source is.
        repositories: one or more target repositories that receive the manifest without a tag.
        source_registry: resource ID, name or login server of a source that the account may read.
        username: user of the source registry.
        password: password or token of the source registry; alone, an Entra access token of its tenant.
        resource_group: the target's; by default it is looked for in the subscription.
        subscription: ID or name; by default the one in use.
        force: overwrite tags that exist.
        via: who copies, Azure's importImage or this computer.
        wait: until the import has ended; without, the result has no images.
        timeout: seconds to wait for Azure at the most.
        listener: called with each event while it runs.

    Returns:
        What was imported, read back from the target.

    Raises:
        AcrBridgeError: by cause; its `code` is stable, its `remedy` says what to do.
    """
    from acrbridge.jobs import ImportJob, Secret, ignore
    from acrbridge.operations.import_image import import_image as run
    from acrbridge.operations.session import Session
    from acrbridge.settings import Settings

    job = ImportJob(
        registry=registry,
        source=source,
        source_registry=source_registry,
        username=username,
        password=Secret(password) if password else None,
        images=_names(images),
        repositories=_names(repositories),
        resource_group=resource_group,
        force=force,
        via=via,
        wait=wait,
        timeout=timeout,
    )
    with Session(Settings.read(), subscription=subscription, listener=listener or ignore) as session:
        return run(session, job)


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several: a lone text is not a sequence of letters."""
    return (given,) if isinstance(given, str) else tuple(given)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
