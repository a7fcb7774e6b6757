"""Objects flow through the commands: lines of a CSV file, older Az's parameters, manifests, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from powershell.cmdlets.conftest import Shell

TARGET = "-RegistryName myregistry -ResourceGroupName myResourceGroup"
HELLO = "-SourceRegistryUri docker.io -SourceImage library/hello-world:latest"
LINES = """SourceRegistryUri,SourceImage,TargetTag,Username
docker.io,library/hello-world:latest,,
mcr.microsoft.com,windows/servercore:ltsc2019,{tag},
"""


def put_list(shell: Shell, tag: str) -> None:
    (shell.folder / "list.csv").write_text(LINES.format(tag=tag), encoding="utf-8")


def test_each_line_of_a_file_shows_its_plan(stranger: Shell) -> None:
    put_list(stranger, "core:1")
    shown = stranger.run(
        f"Import-Csv list.csv | Import-AzContainerRegistryImage {TARGET} -WhatIf"
    ).succeeded()
    assert shown.stdout.splitlines() == [
        "What if: Import docker.io/library/hello-world:latest into myregistry as library/hello-world:latest.",
        "What if: Import mcr.microsoft.com/windows/servercore:ltsc2019 into myregistry as core:1.",
    ]


def test_what_is_given_beside_a_line_holds_for_each(stranger: Shell) -> None:
    put_list(stranger, "core:1")
    ended = stranger.run(
        f"Import-Csv list.csv | Import-AzContainerRegistryImage {TARGET} -Mode Force -WhatIf"
    )
    assert ended.succeeded().stdout.count("what has that name is replaced.") == 2


def test_each_line_of_a_file_is_imported_and_gives_a_result(shell: Shell) -> None:
    put_list(shell, "from-a-file/core:1")
    found = shell.values(
        f"Import-Csv list.csv | Import-AzContainerRegistryImage {TARGET} -Mode Force -Detailed | "
        "ForEach-Object { $_.Status + ' ' + $_.Verified + ' ' + $_.Images[0].Reference }"
    )
    assert found == [
        "Succeeded True myregistry.azurecr.io/library/hello-world:latest",
        "Succeeded True myregistry.azurecr.io/from-a-file/core:1",
    ]


OBJECT = """[pscustomobject]@{
    sourceregistryuri = 'docker.io'; SourceImage = 'a/b:1'; TargetTag = 'x:1', 'y:2'; Mode = 'Force'
    Source = $null; CredentialsUsername = $null; CredentialsPassword = $null
}"""
SERIALIZER = "[System.Management.Automation.PSSerializer]"


@pytest.mark.parametrize(
    "parameter",
    [
        "@{ SourceRegistryUri = 'docker.io'; SourceImage = 'a/b:1'; TargetTag = 'x:1', 'y:2'; Mode = 'Force' }",
        OBJECT,
        f"{OBJECT}; $image = {SERIALIZER}::Deserialize({SERIALIZER}::Serialize($image))",
    ],
    ids=["hashtable", "object", "deserialized"],
)
def test_older_scripts_hand_an_import_over_in_one_object(stranger: Shell, parameter: str) -> None:
    text = "What if: Import docker.io/a/b:1 into myregistry as x:1, y:2; what has that name is replaced."
    ended = stranger.run(
        f"$image = {parameter}\n"
        f"$image | Import-AzContainerRegistryImage {TARGET} -WhatIf\n"
        f"Import-AzContainerRegistryImage {TARGET} -Parameter $image -WhatIf"
    )
    assert ended.succeeded().stdout.splitlines() == [text, text]


def test_an_import_comes_out_of_json_and_of_a_file_beside_the_users_location(stranger: Shell) -> None:
    document = '{"source":{"registryUri":"docker.io","sourceImage":"a/b:1"},"targetTags":["ñ:1"]}'
    folder = stranger.folder / "Ordner ñ 漢字 😀 'x'"
    folder.mkdir()
    (folder / "import.json").write_text(document.replace("ñ:1", "x:1"), encoding="utf-8")
    named = str(folder).replace("'", "''")
    ended = stranger.run(
        f"Set-Location -LiteralPath '{named}'\n"
        f"Import-AzContainerRegistryImage {TARGET} -JsonFilePath import.json -WhatIf\n"
        f"Import-AzContainerRegistryImage {TARGET} -JsonString (Get-Content import.json -Raw) -WhatIf"
    )
    text = "What if: Import docker.io/a/b:1 into myregistry as x:1."
    assert ended.succeeded().stdout.splitlines() == [text, text]


def test_pass_thru_gives_true_and_no_switch_gives_nothing(shell: Shell) -> None:
    line = f"Import-AzContainerRegistryImage {TARGET} {HELLO} -Mode Force"
    assert shell.values(f"{line} -TargetTag quiet:1\n{line} -TargetTag quiet:2 -PassThru") == [True]


def test_an_import_need_not_be_waited_for(shell: Shell) -> None:
    line = f"Import-AzContainerRegistryImage {TARGET} {HELLO} -TargetTag started:1 -NoWait -Detailed"
    assert shell.value(f"{line} -WarningAction SilentlyContinue")["Status"] == "Accepted"


def test_this_computer_can_copy_in_azures_place(shell: Shell) -> None:
    line = f"Import-AzContainerRegistryImage {TARGET} {HELLO} -TargetTag copied-here:1 -Via client -Detailed"
    assert shell.value(line)["Copied"]["ManifestsSent"] == 10


def test_manifests_flow_one_by_one_or_come_in_one_object_as_az_has_it(shell: Shell) -> None:
    shell.run(f"Import-AzContainerRegistryImage {TARGET} {HELLO} -TargetTag flow:1 -Mode Force").succeeded()
    ask = "Get-AzContainerRegistryManifest -RegistryName myregistry -RepositoryName flow"
    whole, one, shown = shell.values(
        f"$list = {ask}; $list\n"
        f"$one = {ask} -Expand | Where-Object Architecture -eq ppc64le; $one\n"
        "$one | Select-Object RegistryName, RepositoryName, @{n = 'Name'; e = { $_.Digest }} | "
        "Get-AzContainerRegistryManifest"
    )
    assert len(whole["ManifestsAttributes"]) == 10
    assert one["ChangeableAttributes"]["WriteEnabled"] is True
    assert (shown["ImageName"], shown["Attributes"]["Digest"]) == ("flow", one["Digest"])


def test_tags_repositories_and_times_are_as_az_names_them(shell: Shell) -> None:
    shell.run(f"Import-AzContainerRegistryImage {TARGET} {HELLO} -TargetTag named:1 -Mode Force").succeeded()
    at = "-RegistryName myregistry"
    tags, tag, repository, names = shell.values(
        f"Get-AzContainerRegistryTag {at} -RepositoryName named\n"
        f"Get-AzContainerRegistryTag {at} -RepositoryName named -Name 1\n"
        f"Get-AzContainerRegistryRepository {at} -Name named\n"
        f"(Get-AzContainerRegistryRepository {at} -First 1) -is [string]"
    )
    assert [one["Name"] for one in tags["Tags"]] == ["1"]
    assert tag["Attributes"]["Digest"] == tags["Tags"][0]["Digest"]
    assert isinstance(tag["Attributes"]["CreatedTime"], str)
    assert (repository["ImageName"], repository["TagCount"], names) == ("named", 1, True)


def test_copies_flow_out_of_a_file_and_bring_referrers(shell: Shell) -> None:
    (shell.folder / "copies.csv").write_text(
        "Source,Target,Tag,Platform\n"
        "docker.io/library/hello-world:latest,myregistry.azurecr.io/copy:1,extra,\n"
        "docker.io/library/hello-world:latest,myregistry.azurecr.io/small:1,,linux/386\n"
    )
    plan = shell.run("Import-Csv copies.csv | Copy-AzContainerRegistryImage -WhatIf").succeeded().stdout
    assert "What if: Copy docker.io/library/hello-world:latest to myregistry.azurecr.io/copy" in plan
    whole, small = shell.values("Import-Csv copies.csv | Copy-AzContainerRegistryImage")
    assert sorted(image["Tag"] for image in whole["Images"]) == ["1", "extra"]
    assert small["ManifestsSent"] == 2


def test_a_copy_moves_no_tag_where_it_must_not(shell: Shell) -> None:
    line = "Copy-AzContainerRegistryImage docker.io/library/hello-world:latest myregistry.azurecr.io/kept:1 -NoClobber"
    first, code = shell.values(
        f"{line}\ntry {{ {line} -Platform linux/386 -ErrorAction Stop }} catch {{ $_.FullyQualifiedErrorId }}"
    )
    assert [image["Tag"] for image in first["Images"]] == ["1"]
    assert code == "TARGET_TAG_EXISTS,Copy-AzContainerRegistryImage"


def test_a_layout_is_found_from_powershells_location(shell: Shell) -> None:
    (shell.folder / "läyout").mkdir()
    result = shell.value(
        "Set-Location läyout\nCopy-AzContainerRegistryImage docker.io/library/hello-world:latest oci:here:1"
    )
    assert [image["Tag"] for image in result["Images"]] == ["1"]
    assert (shell.folder / "läyout" / "here" / "index.json").exists()
