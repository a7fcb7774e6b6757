"""`acrbridge copy`: between registries and layouts, through this computer."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from acrbridge.cli.command import Run, Subscription, command
from acrbridge.cli.copy_logins import (
    SourcePasswordStdin,
    SourceUsername,
    TargetPasswordStdin,
    TargetUsername,
    logins,
)
from acrbridge.cli.rates import Bandwidth, bytes_a_second
from acrbridge.jobs import CopyJob


def add_to(parent: typer.Typer) -> None:
    """Add the command."""
    command(parent, "copy", own=True, columns=_columns)(copy)


def copy(
    run: Run,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="HOST/REPOSITORY, oci:PATH or oci-archive:PATH, with :TAG or @DIGEST."
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(metavar="TARGET", help="HOST/REPOSITORY, oci:PATH or oci-archive:PATH, with :TAG."),
    ],
    all_tags: Annotated[
        bool, typer.Option("--all-tags", help="All tags of the repository or layout.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="GLOB", help="Of all tags only those that match. Repeatable."),
    ] = None,
    only_regex: Annotated[
        str | None,
        typer.Option("--only-regex", metavar="RE", help="Of all tags only those that match as a whole."),
    ] = None,
    only_semver: Annotated[
        str | None,
        typer.Option("--only-semver", metavar="RANGE", help="Of all tags only versions such as '>=1.2 <2'."),
    ] = None,
    newest: Annotated[
        int | None,
        typer.Option("--newest", metavar="N", help="Of all tags only the N highest versions.", min=1),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="GLOB", help="Of all tags not those that match. Repeatable."),
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="A further tag for the target. Repeatable.")
    ] = None,
    untagged: Annotated[bool, typer.Option("--untagged", help="Store the image by its digest only.")] = False,
    platform: Annotated[
        list[str] | None,
        typer.Option("--platform", metavar="OS/ARCH", help="Only this platform of an index. Repeatable."),
    ] = None,
    no_referrers: Annotated[
        bool, typer.Option("--no-referrers", help="Leave signatures, SBOMs and the like behind.")
    ] = False,
    artifact_type: Annotated[
        list[str] | None,
        typer.Option("--artifact-type", metavar="TYPE", help="Of referrers only this type. Repeatable."),
    ] = None,
    foreign_layers: Annotated[
        bool,
        typer.Option(
            "--foreign-layers",
            help="Copy layers that registries do not hold by their licence, from their URLs.",
        ),
    ] = False,
    no_clobber: Annotated[
        bool, typer.Option("--no-clobber", help="Refuse to move a tag that the target has for another image.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read both sides, and print what would be sent.")
    ] = False,
    source_username: SourceUsername = None,
    source_password_stdin: SourcePasswordStdin = False,
    target_username: TargetUsername = None,
    target_password_stdin: TargetPasswordStdin = False,
    concurrency: Annotated[
        int, typer.Option("--concurrency", help="Requests at once, at most.", min=1, max=64)
    ] = 32,
    bandwidth: Bandwidth = None,
    requests_per_second: Annotated[
        float | None,
        typer.Option("--requests-per-second", metavar="N", help="That each host gets at most.", min=0.01),
    ] = None,
    subscription: Subscription = None,
) -> dict[str, Any] | None:
    """Copy images between registries and layouts, with signatures.

    Passwords come from standard input, from ACRBRIDGE_SOURCE_PASSWORD and ACRBRIDGE_TARGET_PASSWORD, or from a prompt.
    """
    from acrbridge.operations.copy_image import copy_image

    source_login, target_login = logins(
        run, source_username, source_password_stdin, target_username, target_password_stdin
    )
    job = CopyJob(
        source=source,
        target=target,
        all_tags=all_tags,
        only=tuple(only or ()),
        regex=only_regex,
        semver=only_semver,
        newest=newest,
        exclude=tuple(exclude or ()),
        tags=tuple(tag or ()),
        untagged=untagged,
        platforms=tuple(platform or ()),
        referrers=not no_referrers,
        artifact_types=tuple(artifact_type or ()),
        foreign_layers=foreign_layers,
        clobber=not no_clobber,
        dry_run=dry_run,
        source_login=source_login,
        target_login=target_login,
        concurrency=concurrency,
        bandwidth=bytes_a_second(bandwidth),
        requests_per_second=requests_per_second,
    )
    with run.session(subscription) as session:
        return copy_image(session, job).as_json()


def _columns(result: Any) -> list[dict[str, Any]]:
    """A line for each tag; of a dry run one for all that would be sent."""
    if result["dryRun"]:
        names = ("kind", "digest", "tag", "size", "outcome")
        return [{name.upper(): item[name] or "" for name in names} for item in result["items"]]
    return [
        {"TARGET": result["target"], "TAG": tag, "DIGEST": digest}
        for tag, digest in result["digests"].items()
    ]
