"""The identity may do what the code does with storage, by roles and not by keys, and what the roles are on is there."""

from __future__ import annotations

import ast
import re

import pytest
from azure.storage.blob.aio import BlobClient, ContainerClient
from azure.storage.queue.aio import QueueClient

from infra.package.assembling import FOLDERS
from infra.package.shaking import app_modules, app_reached
from tests.support import bicep
from tests.support.tenant import ROOT

APP, STORE, HOST = "app/function-app.bicep", "app/document-storage.bicep", "app/host-storage.bicep"
# What built-in roles allow on blobs and queues (Azure: built-in roles, storage), as far as the code could need it.
BLOB_CONTRIBUTOR, QUEUE_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe", "974c5e8b-45b9-4653-ba55-5f855dd0fb88"
ALLOWED = {
    BLOB_CONTRIBUTOR: {
        *("containers/read", "containers/write", "containers/delete"),
        *("blobs/read", "blobs/write", "blobs/delete", "blobs/add/action", "blobs/move/action"),
    },
    QUEUE_CONTRIBUTOR: {
        *("queues/read", "queues/write", "queues/delete"),
        *("messages/read", "messages/write", "messages/delete", "messages/process/action"),
    },
}
# What each method of the SDK's clients takes (Storage: authorize with Microsoft Entra ID, permissions by operation).
# The host takes messages off the queues and reads the blobs of its trigger with the same identity.
NEEDED = {
    "append_block": {"blobs/add/action", "blobs/write"},
    "commit_block_list": {"blobs/write"},
    "create_append_blob": {"blobs/write", "blobs/add/action"},
    "delete_blob": {"blobs/delete"},
    "download_blob": {"blobs/read"},
    "exists": {"blobs/read"},
    "get_blob_properties": {"blobs/read"},
    "get_queue_properties": {"queues/read"},
    "list_blob_names": {"blobs/read"},
    "list_blobs": {"blobs/read"},
    "peek_messages": {"messages/read"},
    "send_message": {"messages/write"},
    "stage_block": {"blobs/write"},
    "start_copy_from_url": {"blobs/read", "blobs/write"},
    "upload_blob": {"blobs/write"},
}
BY_THE_HOST = {
    "messages/process/action",
    "messages/delete",
    "messages/write",
    "queues/read",
    "queues/write",
    "blobs/read",
}
# These only make a client, or end one.
NO_REQUEST = {"close", "from_connection_string", "get_blob_client", "get_container_client", "get_queue_client"}


def storage_methods() -> set[str]:
    """Every method of the SDK's storage clients that the functions call."""
    known = {
        name
        for client in (BlobClient, ContainerClient, QueueClient)
        for name in dir(client)
        if not name.startswith("_")
    }
    app = app_reached(app_modules(ROOT, FOLDERS, ["function_app.py"]), "function_app")
    return {
        node.func.attr
        for module in app
        if "azure.storage" in module.source
        or ".container(" in module.source
        or module.name.startswith("shared.storage")
        for node in ast.walk(ast.parse(module.source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in known
    }


def assigned(template: str) -> set[str]:
    """The roles of an account's template that the app's identity gets."""
    variables = bicep.template(template)["variables"]
    return {str(role) for name in ("roles", "hostRoles") if name in variables for role in variables[name]["value"]}


def test_the_roles_cover_every_operation_of_the_code_and_of_the_host() -> None:
    methods = storage_methods() - NO_REQUEST
    assert methods == set(NEEDED), "say what a new method takes, and forget what is not called any more"
    allowed = {action for role in assigned(STORE) for action in ALLOWED[role]}
    assert set().union(*NEEDED.values()) | BY_THE_HOST <= allowed


@pytest.mark.parametrize(("name", "roles"), [(STORE, "roles"), (HOST, "hostRoles")])
def test_every_role_is_given_to_the_identity_on_the_account(name: str, roles: str) -> None:
    given = [
        entry["config"]
        for template, entry in bicep.resources("Microsoft.Authorization/roleAssignments")
        if template == name and entry["config"].get("loop_type", {}).get("detail", {}).get("array_name") == roles
    ]
    (one,) = given
    assert one["config"]["scope"] == "account"
    assert one["config"]["properties"]["principalId"] == "identityPrincipalId"


@pytest.mark.parametrize("connection", ["AzureWebJobsStorage", "PrintStorage"])
def test_storage_is_reached_by_the_identity_and_by_nothing_else(connection: str) -> None:
    always = bicep.variable(APP, "always")
    parts = {name.partition("__")[2] for name in always if name.partition("__")[0] == connection}
    assert connection not in always, "a connection string has a key"
    assert {"blobServiceUri", "queueServiceUri", "credential", "clientId"} <= parts
    assert always[f"{connection}__credential"] == "managedidentity"
    assert always[f"{connection}__clientId"] == "identityClientId"


def test_the_package_is_read_by_the_identity_from_a_container_that_is_made() -> None:
    source = bicep.text(APP)
    assert "authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }" in source
    (container,) = re.findall(r"primaryEndpoints\.blob\}([\w-]+)'", source)
    made = [
        entry["config"]["name"]
        for name, entry in bicep.resources("Microsoft.Storage/storageAccounts/blobServices/containers")
        if name == HOST
    ]
    assert made == [container]


def test_what_events_could_not_be_delivered_goes_to_a_container_that_is_made() -> None:
    (named,) = re.findall(r"blobContainerName: '([\w-]+)'", bicep.text("app/event-subscription.bicep"))
    assert named == bicep.variable(STORE, "deadLetters")
    assert "union(containers, [deadLetters])" in bicep.text(STORE)
    assert f"/default/{named}'" in bicep.text("app/event-dead-letters.bicep"), "the topic's identity may write there"


def test_files_are_kept_as_long_as_the_documentation_says() -> None:
    rules = bicep.text(STORE)
    for container, days in (
        ("print-archive", "archiveDays"),
        ("print-failed", "failedDays"),
        ("print-usage", "usageDays"),
    ):
        assert f"prefix: '{container}/', days: {days}" in rules
    parameters = bicep.template("main.bicep")["parameters"]
    defaults = ", ".join(str(parameters[name]["default"]) for name in ("archiveDays", "failedDays", "usageDays"))
    assert f"| `archiveDays`, `failedDays`, `usageDays` | {defaults} |" in (ROOT / "docs" / "deploy.md").read_text(
        "utf-8"
    )
