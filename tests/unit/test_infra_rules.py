"""What Bicep's compiler or Azure would refuse, as far as it can be told without either."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support import bicep

# Characters that `uniqueString` gives.
UNIQUE_STRING = 13
# No stable version of this type was ever published.
ONLY_PREVIEW = {"Microsoft.Insights/diagnosticSettings"}
# Of the public cloud alone; `environment()` has those of the cloud that is deployed to.
PUBLIC_HOST = re.compile(r"\b(?:azure\.net|windows\.net|azurewebsites\.net|microsoftonline\.com|microsoft\.com)\b")
VERSION = re.compile(r"'(Microsoft\.[A-Za-z]+(?:/[A-Za-z]+)+)@([^']+)'")


def versions() -> dict[str, set[str]]:
    """Every API version that the templates use, by resource type."""
    found: dict[str, set[str]] = {}
    for name in bicep.names():
        for kind, version in VERSION.findall(bicep.text(name)):
            found.setdefault(kind, set()).add(version)
    return found


def test_a_type_and_its_children_have_one_api_version() -> None:
    used = versions()
    assert {kind: found for kind, found in used.items() if len(found) > 1} == {}
    children = [(kind, kind.rpartition("/")[0]) for kind in used if kind.rpartition("/")[0] in used]
    assert ("Microsoft.Storage/storageAccounts/managementPolicies", "Microsoft.Storage/storageAccounts") in children
    assert [kind for kind, parent in children if used[kind] != used[parent]] == []


def test_an_api_version_is_a_stable_one() -> None:
    previews = {kind for kind, found in versions().items() if any("preview" in version for version in found)}
    assert previews == ONLY_PREVIEW


@pytest.mark.parametrize("child", ["config", "basicPublishingCredentialsPolicies"])
def test_a_name_that_says_what_a_resource_has_is_written_out(child: str) -> None:
    """The compiler checks nothing of a resource whose kind it learns from a loop, and warns."""
    named = [entry["config"].get("name") for _, entry in bicep.resources(f"Microsoft.Web/sites/{child}")]
    assert named
    assert set(named) <= {"appsettings", "ftp", "scm"}


def test_a_key_is_read_with_the_version_of_its_app() -> None:
    """Written out, it would stay behind when the app's version moves on."""
    calls = [call for name in bicep.names() for call in re.findall(r"\blist[A-Z]\w*\((.*?)\)\.", bicep.text(name))]
    assert calls == ["'${app.id}/host/default', app.apiVersion"]


def test_no_address_of_the_public_cloud_is_written_out() -> None:
    """But that of Graph, which is a parameter: Bicep knows none."""
    found = [host for name in bicep.names() for host in PUBLIC_HOST.findall(bicep.text(name))]
    assert found == PUBLIC_HOST.findall(bicep.template("main.bicep")["parameters"]["graphBaseUrl"]["default"])


@pytest.mark.parametrize(
    ("module", "allowed", "longest"),
    [
        ("hostStorage", r"[a-z0-9]+", 24),
        ("documentStorage", r"[a-z0-9]+", 24),
        ("vault", r"[a-z][a-z0-9-]*[a-z0-9]", 24),
        # The host makes its id of the first 32 characters of the app's name.
        ("functionApp", r"[a-z][a-z0-9-]*[a-z0-9]", 32),
        ("events", r"[a-z0-9-]+", 50),
    ],
)
def test_a_name_is_one_that_the_service_takes(module: str, allowed: str, longest: int) -> None:
    entry = bicep.template("main.bicep")["modules"][module]
    name = entry["config"]["params"]["name"].replace("${token}", "a" * UNIQUE_STRING)
    assert re.fullmatch(allowed, name)
    assert len(name) <= longest
    if longest == 24:
        limits = bicep.template(entry["detail"]["path"])["parameters"]["name"]["decorators"]
        assert {"type": "max_length", "argument": longest} in limits, "the compiler knows it, too"


def test_the_name_of_a_role_assignment_is_known_before_anything_is_made() -> None:
    """What a resource is told after it was made (`principalId`) may stand in no name. It comes as a parameter."""
    found = bicep.resources("Microsoft.Authorization/roleAssignments")
    assert len(found) > 5
    for template, entry in found:
        config = entry["config"]
        name = config.get("config", config)["name"]
        assert set(name) == {"function"}, template
        assert name["function"]["type"] == "guid", template
        for part in name["function"]["parameters"].values():
            if isinstance(part, dict):
                assert part["operator"]["operands"]["operand_2"] == "id", (template, part)
            else:
                assert part in bicep.template(template)["parameters"] or template_constant(template, part, config)


def test_a_role_is_named_after_who_gets_it() -> None:
    """The same name for another identity, as of something that was made again, is refused."""
    for template, entry in bicep.resources("Microsoft.Authorization/roleAssignments"):
        config = entry["config"].get("config", entry["config"])
        who = config["properties"]["principalId"]
        assert who in config["name"]["function"]["parameters"].values(), (template, who)


def template_constant(template: str, symbol: str, config: dict[str, Any]) -> bool:
    """Whether a symbol is a plain text of the template, or goes over such texts."""
    loop = config.get("loop_type", {}).get("detail", {})
    symbol = loop["array_name"] if symbol == loop.get("item_name") else symbol
    value = bicep.variable(template, symbol)
    return all(isinstance(entry, str) for entry in ([value] if isinstance(value, str) else value))


@pytest.mark.parametrize("name", bicep.names())
def test_every_parameter_and_variable_is_used(name: str) -> None:
    source = re.sub(r"^\s*//.*$", "", bicep.text(name), flags=re.MULTILINE)
    declared = re.findall(r"^(?:param|var) (\w+)", source, flags=re.MULTILINE)
    # A key of an object is not a use; what a loop goes over is.
    used = {symbol: re.findall(rf"\b{symbol}\b(?!:)|\bin {symbol}:", source) for symbol in declared}
    assert [symbol for symbol, places in used.items() if len(places) < 2] == []
