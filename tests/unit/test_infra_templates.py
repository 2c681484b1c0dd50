"""The templates fit the code: every container, queue, setting and role that it needs, and no key anywhere."""

from __future__ import annotations

import json
import os
import re

import pytest

from infra.deployment.steps import OUTPUTS, SECRETS
from shared import names
from shared.directory.wanted import Identity, trust_of
from shared.permissions import Kind, permissions
from shared.settings import DEFAULT_GRAPH_AUTHORITY, SETTINGS, STORAGE
from tests.support import bicep
from tests.support.tenant import ROOT

APP, STORE, EVENTS = "app/function-app.bicep", "app/document-storage.bicep", "app/event-subscription.bicep"
GRANT = "graph/app-permissions.bicep"
# Of Microsoft Graph itself, in every tenant.
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
# Settings that an identity replaces, or that are for private and local endpoints only.
NOT_IN_AZURE = {STORAGE, "GRAPH_CLIENT_SECRET", "GRAPH_CLIENT_CERTIFICATE_PATH", "GRAPH_CA_BUNDLE"}
OPTIONAL = {"REPORTS_ACCOUNT", "USAGE_PSEUDONYM_KEY", "ALERT_WEBHOOK_URL"}


@pytest.mark.parametrize("name", bicep.names())
def test_a_template_can_be_parsed(name: str) -> None:
    assert bicep.template(name)


def test_every_container_and_queue_of_the_code_is_made_with_its_poison_queue() -> None:
    assert set(bicep.variable(STORE, "containers")) == set(names.CONTAINERS)
    queues = {name + suffix for name in names.QUEUES for suffix in ("", names.POISON_SUFFIX)}
    assert set(bicep.variable(STORE, "queues")) == queues | {"webjobs-blobtrigger-poison"}


def test_every_setting_that_the_code_reads_is_set_and_none_that_it_does_not_read() -> None:
    always = set(bicep.variable(APP, "always"))
    ours = {name for name in always if not name.startswith(("AzureWebJobs", "APPLICATIONINSIGHTS"))}
    assert ours == set(SETTINGS) - NOT_IN_AZURE - OPTIONAL
    for name in OPTIONAL:
        assert f"{{ {name}:" in bicep.text(APP)


def test_what_flex_consumption_refuses_is_not_set() -> None:
    """Functions: app settings reference, deprecations of the Flex Consumption plan."""
    prefixes = ("FUNCTIONS_", "WEBSITE_", "SCM_", "ENABLE_ORYX_BUILD", "TZ", "linuxFxVersion")
    assert not [name for name in bicep.variable(APP, "always") if name.startswith(prefixes)]
    site = bicep.template(APP)["resources"]["app"]["config"]["properties"]
    assert set(site["siteConfig"]) == {"minTlsVersion", "http20Enabled", "ftpsState"}
    scale = site["functionAppConfig"]["scaleAndConcurrency"]
    assert set(scale) == {"instanceMemoryMB", "maximumInstanceCount", "alwaysReady", "triggers"}
    allowed = bicep.template("main.bicep")["parameters"]["instanceMemoryMB"]["decorators"]
    assert {"type": "allowed", "argument": [512, 2048, 4096]} in allowed


def test_secrets_are_references_into_the_vault_that_the_deployment_fills() -> None:
    used = set(re.findall(r"\$\{vaultUri\}secrets/([a-z-]+)", bicep.text(APP)))
    assert used == {*SECRETS, "alert-webhook-url"}
    for name in ("TOKEN_CACHE_KEY", "KIOSK_KEY", "NOTIFICATION_CLIENT_STATE"):
        assert bicep.variable(APP, "always")[name].startswith("@Microsoft.KeyVault(")


@pytest.mark.parametrize(
    ("kind", "switches"),
    [
        (
            "Microsoft.Storage/storageAccounts",
            {"allowSharedKeyAccess": False, "allowBlobPublicAccess": False, "minimumTlsVersion": "TLS1_2"},
        ),
        ("Microsoft.KeyVault/vaults", {"enableRbacAuthorization": True, "enablePurgeProtection": True}),
        ("Microsoft.Insights/components", {"DisableLocalAuth": True}),
        ("Microsoft.Web/sites", {"httpsOnly": True}),
        ("Microsoft.Web/sites/basicPublishingCredentialsPolicies", {"allow": False}),
    ],
)
def test_nothing_can_be_reached_with_a_key(kind: str, switches: dict[str, object]) -> None:
    found = bicep.resources(kind)
    assert found
    for name, entry in found:
        config = entry["config"]
        body = config.get("loop", {}).get("body", config) if isinstance(config, dict) else config
        properties = json.dumps(body)
        for switch, value in switches.items():
            assert f"{json.dumps(switch)}: {json.dumps(value)}" in properties, (name, switch)


def test_no_template_reads_a_key_but_that_of_the_event_hook() -> None:
    readers = [
        name for name in bicep.names() if re.search(r"list(Keys|AccountSas|Secrets)|\.listKeys", bicep.text(name))
    ]
    assert readers == [EVENTS]
    assert not any("AccountKey" in bicep.text(name) for name in bicep.names())


def test_roles_are_those_that_the_code_needs_and_no_wider() -> None:
    roles = {
        STORE: {"ba92f5b4-2d11-453d-a403-e96b0029c9fe", "974c5e8b-45b9-4653-ba55-5f855dd0fb88"},
        "app/host-storage.bicep": {
            "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
            "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
            "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
            "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        },
        "app/vault.bicep": {"4633458b-17de-408a-b874-0445c86b69e6", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"},
        "app/monitoring.bicep": {"3913510d-42f4-4e42-8a64-420c390055eb"},
        "app/event-dead-letters.bicep": {"ba92f5b4-2d11-453d-a403-e96b0029c9fe"},
    }
    guid = re.compile(r"'([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})'")
    found = {name: set(guid.findall(bicep.text(name))) for name in bicep.names() if guid.search(bicep.text(name))}
    assert found.pop(GRANT) == {GRAPH_APP_ID}
    assert found == roles


def test_the_app_is_granted_what_the_code_needs_and_no_more() -> None:
    template = bicep.template(GRANT)
    assert set(template["parameters"]["permissions"]["default"]) == set(permissions(Kind.APPLICATION))
    kinds = {(entry["type"], entry["existing"]) for entry in template["resources"].values()}
    assert kinds == {
        ("Microsoft.ManagedIdentity/userAssignedIdentities", True),
        ("Microsoft.Graph/servicePrincipals", True),
        ("Microsoft.Graph/appRoleAssignedTo", False),
        ("Microsoft.Graph/applications/federatedIdentityCredentials", False),
    }


def test_the_trust_in_the_identity_is_the_one_that_the_command_line_makes() -> None:
    text = bicep.text(GRANT)
    identity = Identity("01234567-89ab-cdef-0123-456789abcdef", "client", "id-print-abc")
    trust = trust_of(identity, "tenant", DEFAULT_GRAPH_AUTHORITY)
    assert trust.name == f"{identity.display_name}-{identity.id[:8]}"
    assert "/${identityName}-${substring(identity.properties.principalId, 0, 8)}'" in text
    assert bicep.variable(GRANT, "exchangeAudience") == trust.audience
    # The login endpoint of Bicep's environment() ends with a slash.
    assert "issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'" in text
    assert trust.issuer == f"{DEFAULT_GRAPH_AUTHORITY.rstrip('/')}/tenant/v2.0"


def test_only_the_grant_needs_the_extension_of_graph() -> None:
    """Whoever deploys the rest needs no right in the directory, and loads nothing for it."""
    users = [name for name in bicep.names() if bicep.template(name).get("extensions")]
    assert users == [GRANT]
    (alias,) = bicep.template(GRANT)["extensions"]
    configured = json.loads((bicep.INFRA / "graph" / "bicepconfig.json").read_text("utf-8"))["extensions"]
    assert re.search(r"/v1\.0:\d+\.\d+\.\d+$", configured[alias]), "a fixed version"
    assert "extensions" not in json.loads((bicep.INFRA / "bicepconfig.json").read_text("utf-8"))
    assert "graph/" not in bicep.text("main.bicep")


def test_events_name_the_function_and_the_inbox_with_its_last_slash() -> None:
    source = (ROOT / "functions" / "submissions.py").read_text("utf-8")
    function = re.search(r'function_name\("(\w+)"\)\n@blueprint\.blob_trigger', source)
    assert function
    assert f"functionName=Host.Functions.{function[1]}&" in bicep.text(EVENTS)
    assert f"'/blobServices/default/containers/{names.INBOX}/'" in bicep.text(EVENTS)
    assert "'Microsoft.Storage.BlobCreated'" in bicep.text(EVENTS)


def test_a_file_that_was_only_opened_is_not_announced() -> None:
    """`SftpCommit`, `FlushWithClose` and what else completes a file are: the filter leaves out, it does not let in."""
    filters = bicep.template(EVENTS)["resources"]["subscription"]["config"]["properties"]["filter"]["advancedFilters"]
    assert filters == [{"operatorType": "StringNotIn", "key": "data.api", "values": ["CreateFile", "SftpCreate"]}]


def test_an_alert_of_the_app_is_seen_by_its_line_and_by_its_metric() -> None:
    """Lines are sampled under load, and there may be no metrics."""
    rule = next(rule for rule in bicep.variable("app/alerts.bicep", "rules") if rule["name"] == "app-alert")
    assert re.match(r"union \(traces \| .*\), \(customMetrics \| where name == \"print\.alert\" .*\)", rule["query"])
    sampled = json.loads((ROOT / "host.json").read_text("utf-8"))["logging"]["applicationInsights"]["samplingSettings"]
    assert sampled["isEnabled"]
    assert "Trace" not in sampled["excludedTypes"]


def test_the_runtime_is_the_one_that_the_package_is_built_for() -> None:
    from infra.package.assembling import PYTHON

    assert f"runtime: {{ name: 'python', version: '{PYTHON}' }}" in bicep.text(APP)


def test_the_hook_gets_every_output_that_it_reads() -> None:
    outputs = bicep.template("main.bicep")["outputs"]
    assert set(OUTPUTS) <= set(outputs)


def test_every_parameter_of_the_parameter_file_exists_and_those_without_default_are_given() -> None:
    parameters = bicep.template("main.bicep")["parameters"]
    given = set(json.loads((bicep.INFRA / "main.parameters.json").read_text("utf-8"))["parameters"])
    assert given <= set(parameters)
    # The parser has None where a parameter has no default.
    assert {name for name, entry in parameters.items() if entry["default"] is None} <= given


def test_modules_get_exactly_the_parameters_that_they_have() -> None:
    for name, module in bicep.template("main.bicep")["modules"].items():
        path = module["detail"]["path"] if "detail" in module else module["path"]
        parameters = bicep.template(path)["parameters"]
        given = _params(module["config"])
        assert given <= set(parameters), name
        assert {entry for entry, value in parameters.items() if value["default"] is None} <= given, name


def _params(body: object) -> set[str]:
    if isinstance(body, dict):
        if "params" in body:
            return set(body["params"])
        for value in body.values():
            found = _params(value)
            if found:
                return found
    return set()


def test_hooks_exist_for_both_shells_and_do_the_same() -> None:
    text = (ROOT / "azure.yaml").read_text("utf-8")
    for name in re.findall(r"run: (\S+)", text):
        assert "dev.py deploy" in (ROOT / name).read_text("utf-8")
    # azd starts it as a program.
    assert os.name == "nt" or os.access(ROOT / "infra" / "hooks" / "postprovision.sh", os.X_OK)
    assert {"sh", "ps1"} == {name.rpartition(".")[2] for name in re.findall(r"run: (\S+)", text)}
