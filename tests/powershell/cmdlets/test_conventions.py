"""What the commands look like: as Az's where Az has such a command, and with help that says all."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from acrbridge.errors import CATALOGUE
from powershell.cmdlets.conftest import MODULE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from powershell.cmdlets.conftest import MakeShell

AZ = json.loads((Path(__file__).parents[2] / "data" / "az-powershell.json").read_text("utf-8"))["cmdlets"]
REGISTRY = [name for name in AZ if "ContainerRegistry" in name]
COMMON = {"DefaultProfile", "Confirm", "WhatIf"}
OTHER_TYPES = {
    ("Import-AzContainerRegistryImage", "Password"): "System.Object",  # a String as in Az, or a SecureString
}
DESCRIBE = """
$common = [System.Management.Automation.PSCmdlet]::CommonParameters
foreach ($command in Get-Command -Module AcrBridge) {
    $help = Get-Help $command.Name -Full
    $examples = @($help.examples.example | ForEach-Object { $_.code + [char]10 + $_.remarks.Text })
    $parameters = [ordered]@{}
    foreach ($parameter in $command.Parameters.Values | Where-Object { $_.Name -notin $common }) {
        $sets = [ordered]@{}
        foreach ($set in $parameter.ParameterSets.Keys) {
            $in = $parameter.ParameterSets[$set]
            $pipeline = $(
                if ($in.ValueFromPipeline) { 'ByValue' }
                if ($in.ValueFromPipelineByPropertyName) { 'ByPropertyName' }
            )
            $sets[$set] = @{ required = $in.IsMandatory; position = $in.Position; pipeline = @($pipeline) }
        }
        $described = $help.parameters.parameter | Where-Object { $_.name -eq $parameter.Name }
        $parameters[$parameter.Name] = @{
            type = $parameter.ParameterType.FullName; aliases = @($parameter.Aliases); sets = $sets
            help = "$($described.description.Text)"
        }
    }
    @{
        name = $command.Name; default = $command.DefaultParameterSet; parameters = $parameters
        sets = @($command.ParameterSets.Name); synopsis = $help.Synopsis; description = "$($help.description.Text)"
        examples = $examples
    }
}
"""


@pytest.fixture(scope="module")
def described(make_shell: MakeShell, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """Each command of the module, by name."""
    shell = make_shell(tmp_path_factory.mktemp("described") / "profile")
    return {command["name"]: command for command in shell.values(DESCRIBE)}


def names_of_az(command: str) -> list[str]:
    return [name for name in AZ[command]["parameters"] if name not in COMMON]


def spelled(parameter: Mapping[str, Any], az_set: str) -> Mapping[str, Any]:
    """A parameter's place in one of Az's sets."""
    place: Mapping[str, Any] = parameter["sets"].get(az_set) or parameter["sets"]["__AllParameterSets"]
    return place


@pytest.mark.parametrize("command", REGISTRY)
def test_a_command_of_az_has_all_its_sets_here(described: Mapping[str, Any], command: str) -> None:
    assert described[command]["default"] == AZ[command]["default"]
    assert set(AZ[command]["sets"]) <= set(described[command]["sets"])


@pytest.mark.parametrize(("command", "name"), [(c, n) for c in REGISTRY for n in names_of_az(c)])
def test_a_parameter_of_az_has_its_type_aliases_and_place_here(
    described: Mapping[str, Any], command: str, name: str
) -> None:
    ours = described[command]["parameters"][name]
    kind = re.sub(r"\[\[([\w.]+),.*\]\]", r"[\1]", ours["type"])
    for az in AZ[command]["parameters"][name]:
        assert kind == OTHER_TYPES.get((command, name), az["type"])
        assert {alias.lower() for alias in az["aliases"]} <= {alias.lower() for alias in ours["aliases"]}
        for az_set in AZ[command]["sets"] if az["sets"] == ["(All)"] else az["sets"]:
            place = spelled(ours, az_set)
            assert place["required"] == az["required"]
            assert all(way in place["pipeline"] for way in re.findall(r"By\w+", az["pipeline"]))


@pytest.mark.parametrize("command", [name for name in AZ if name not in REGISTRY])
def test_a_parameter_of_a_sign_in_command_is_one_of_az(described: Mapping[str, Any], command: str) -> None:
    for name, ours in described[command]["parameters"].items():
        known = AZ[command]["parameters"][name]
        assert ours["type"] in {az["type"] for az in known}
        assert {alias.lower() for az in known for alias in az["aliases"]} >= {
            a.lower() for a in ours["aliases"]
        }
        sets = {name for az in known for name in az["sets"]} | {"(All)", "__AllParameterSets"}
        assert set(ours["sets"]) <= sets


def test_all_that_an_import_takes_binds_by_property_name(described: Mapping[str, Any]) -> None:
    parameters = described["Import-AzContainerRegistryImage"]["parameters"]
    switches = {name for name, one in parameters.items() if one["type"].endswith("SwitchParameter")}
    by_value = {"Parameter", "DefaultProfile"}
    ways = {
        name: {way for place in one["sets"].values() for way in place["pipeline"]}
        for name, one in parameters.items()
        if name not in switches | by_value
    }
    assert [name for name, found in ways.items() if "ByPropertyName" not in found] == []


def test_every_command_and_parameter_has_help_and_an_example(described: Mapping[str, Any]) -> None:
    silent = [
        f"{command} {name}"
        for command, one in described.items()
        for name, parameter in one["parameters"].items()
        if not parameter["help"] and name not in ("WhatIf", "Confirm")
    ]
    assert silent == []
    for one in described.values():
        assert one["synopsis"].rstrip().endswith(".")
        assert one["description"]
        assert one["examples"]


def test_every_exported_command_is_there(described: Mapping[str, Any]) -> None:
    files = {file.stem for file in (MODULE.parent / "Public").glob("*.ps1")}
    exported = set(re.findall(r"'(\w+-\w+)'", MODULE.read_text(encoding="utf-8")))
    assert exported == files == set(described)


def test_remedies_name_codes_of_the_engine_and_parameters_and_commands_that_exist(
    described: Mapping[str, Any],
) -> None:
    text = (MODULE.parent / "Private" / "Remedies.ps1").read_text(encoding="utf-8")
    remedies = dict(re.findall(r"^    ([A-Z_]+) += '(.+)'$", text, re.MULTILINE))
    assert set(remedies) <= set(CATALOGUE)
    known = {name for command in described.values() for name in command["parameters"]} | {"Force"}
    words = " ".join(remedies.values())
    assert set(re.findall(r"(?<![\w-])-([A-Z]\w+)", words)) <= known
    assert set(re.findall(r"\b[A-Z]\w+-Az\w+", words)) <= set(described)


def test_tables_fit_into_80_columns() -> None:
    views = ElementTree.parse(MODULE.with_name("AcrBridge.format.ps1xml"))
    for headers in views.iter("TableHeaders"):
        widths = [int(column.findtext("Width", "20")) for column in headers]
        assert sum(widths) + len(widths) - 1 <= 80


def test_the_topic_about_the_module_fits_into_80_columns() -> None:
    topic = MODULE.parent / "en-US" / "about_AcrBridge.help.txt"
    assert max(len(line) for line in topic.read_text(encoding="utf-8").splitlines()) <= 80
