"""The steps after provisioning. Each looks first at what is there, so that all can be run again at any time."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.deployment.azure_cli import AzureCli, CommandFailed, NoUseToRepeat

KEY_BYTES = 32
# Fernet keys: 32 bytes in URL-safe base64. The client state may have 128 characters (Graph: subscription).
SECRETS = ("token-cache-key", "kiosk-key", "notification-client-state", "usage-pseudonym-key")
OUTPUTS = ("AZURE_RESOURCE_GROUP", "FUNCTION_APP_NAME", "KEY_VAULT_NAME", "EVENT_TOPIC_NAME", "DOCUMENT_STORAGE_NAME")
# New roles count after a minute or two, a fresh app answers after its first start.
FIRST_WAIT_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 60.0
ATTEMPTS = 12
_NOT_FOUND = ("SecretNotFound", "was not found in this key vault")

# App Service: Key Vault references, rotation.
_REFERENCES = "config/configreferences/appsettings"
_REFERENCES_VERSION = "api-version=2022-03-01"

type Say = Callable[[str], None]
type Sleep = Callable[[float], None]


# Set by whoever may consent for the tenant; without it nothing of the directory is touched.
GRANT_SWITCH = "GRANT_GRAPH_PERMISSIONS"
_SWITCHED = {
    **dict.fromkeys(("on", "true", "1", "yes"), True),
    **dict.fromkeys(("off", "false", "0", "no", ""), False),
}
GRANT_NEEDS = ("AZURE_RESOURCE_GROUP", "GRAPH_CLIENT_ID", "IDENTITY_NAME")


class OutputsMissing(Exception):
    """The environment lacks what provisioning puts out, or has what cannot be understood."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to deploy, as `main.bicep` puts it out and azd hands it to its hooks."""

    resource_group: str
    function_app: str
    vault: str
    topic: str
    storage: str


@dataclass(frozen=True, slots=True)
class Grant:
    """Which app gets Graph's permissions. `unique_name` is the app registration's, empty where it has none."""

    resource_group: str
    client_id: str
    identity: str
    unique_name: str


def read_grant(environ: Mapping[str, str]) -> Grant | None:
    """The grant that is switched on in the environment, or None. Raises OutputsMissing with what is wrong."""
    switch = environ.get(GRANT_SWITCH, "").strip()
    granting = _SWITCHED.get(switch.lower())
    if granting is None:
        raise OutputsMissing(f"{GRANT_SWITCH} is {switch!r}, neither on nor off: `azd env set {GRANT_SWITCH} true`.")
    if not granting:
        return None
    missing = [name for name in GRANT_NEEDS if not environ.get(name)]
    if missing:
        raise OutputsMissing(
            f"{', '.join(missing)}: not set, and {GRANT_SWITCH} is on. `azd env set GRAPH_CLIENT_ID …` names the app; "
            "azd sets the others in its hooks; by hand, run `azd env get-values` and export what it shows."
        )
    group, client, identity = (environ[name] for name in GRANT_NEEDS)
    return Grant(group, client, identity, environ.get("GRAPH_APP_UNIQUE_NAME", ""))


def read_target(environ: Mapping[str, str]) -> Target:
    """The target in the environment. Raises OutputsMissing with all that is missing."""
    missing = [name for name in OUTPUTS if not environ.get(name)]
    if missing:
        raise OutputsMissing(
            f"{', '.join(missing)}: not set. azd sets them in its hooks; by hand, run `azd env get-values` and export "
            "what it shows."
        )
    return Target(*(environ[name] for name in OUTPUTS))


def make_secrets(target: Target, az: AzureCli, say: Say, random_bytes: Callable[[int], bytes]) -> None:
    """Put the keys into the vault that are not there yet. One that is there is never changed."""
    for name in SECRETS:
        where = ["--vault-name", target.vault, "--name", name]
        try:
            az(["keyvault", "secret", "show", *where, "--query", "id"])
            continue
        except CommandFailed as error:
            if not any(word in str(error) for word in _NOT_FOUND):
                raise
        with _kept_secret(base64.urlsafe_b64encode(random_bytes(KEY_BYTES)).decode()) as file:
            az(["keyvault", "secret", "set", *where, "--file", str(file), "--encoding", "utf-8", "--query", "id"])
        say(f"made the secret {name}")


def read_secrets_anew(target: Target, az: AzureCli, say: Say) -> None:
    """Let the app read its settings from the vault now: what was missing when it was made it looks for a day later.

    Raises CommandFailed with the settings that it cannot read, or where the answer does not tell.
    """
    app = az(["functionapp", "show", *_place(target), "--query", "id"])
    az(["rest", "--method", "post", "--url", f"{app}/{_REFERENCES}/refresh?{_REFERENCES_VERSION}"])
    found = az(["rest", "--method", "get", "--url", f"{app}/{_REFERENCES}?{_REFERENCES_VERSION}"])
    try:
        states = {str(entry["name"]): entry["properties"]["status"] for entry in found["value"]}
    except (TypeError, KeyError):
        raise CommandFailed(f"the app's references could not be read: Azure answered {found!r:.200}") from None
    unread = [f"{name} ({state})" for name, state in sorted(states.items()) if state != "Resolved"]
    if unread:
        raise CommandFailed(f"The app cannot read from the vault: {', '.join(unread)}")
    say(f"the app reads {len(states)} settings from the vault")


def deploy_package(target: Target, package: Path, az: AzureCli, say: Say) -> None:
    """Deploy the zip as it is: the packages are in it, built for the target."""
    say(f"deploying {package.name} to {target.function_app}, which takes some minutes")
    zipped = ["--src", str(package), "--build-remote", "false"]
    az(["functionapp", "deployment", "source", "config-zip", *_place(target), *zipped])
    say(f"deployed {package.name} to {target.function_app}")


def subscribe_to_events(target: Target, template: Path, az: AzureCli, say: Say) -> None:
    """Let Event Grid tell the app of new files. The app must run: it makes the key and answers the validation."""
    parameters = {
        "topicName": target.topic,
        "functionAppName": target.function_app,
        "storageName": target.storage,
    }
    az(
        [
            *("deployment", "group", "create", "--resource-group", target.resource_group),
            *(
                "--name",
                "print-inbox-events",
                "--template-file",
                str(template),
                "--query",
                "properties.provisioningState",
            ),
            *("--parameters", *(f"{name}={value}" for name, value in parameters.items())),
        ]
    )
    say("new files are announced to the app")


def grant_permissions(grant: Grant, template: Path, az: AzureCli, say: Say) -> None:
    """Consent to the app's permissions for the tenant, and let the identity be the app where its name is known."""
    given = {"clientId": grant.client_id, "identityName": grant.identity, "applicationUniqueName": grant.unique_name}
    az(
        [
            *("deployment", "group", "create", "--resource-group", grant.resource_group),
            *("--name", "graph-permissions", "--template-file", str(template)),
            *("--query", "properties.provisioningState"),
            *("--parameters", *(f"{name}={value}" for name, value in given.items())),
        ]
    )
    say("the app has its permissions of Graph")


def persistently(step: Callable[[], None], what: str, say: Say, sleep: Sleep, attempts: int = ATTEMPTS) -> None:
    """Do a step until it succeeds. Raises CommandFailed after the last attempt, or where another would be of no use."""
    wait = FIRST_WAIT_SECONDS
    for attempt in range(1, attempts + 1):
        try:
            step()
        except NoUseToRepeat:
            raise
        except CommandFailed as error:
            if attempt == attempts:
                raise
            say(f"{what} did not succeed yet, again in {wait:.0f} s: {_first_line(str(error))}")
            sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)
        else:
            return


def _place(target: Target) -> list[str]:
    return ["--resource-group", target.resource_group, "--name", target.function_app]


def _first_line(text: str) -> str:
    return text.splitlines()[0][:200] if text else "no reason was given"


@contextmanager
def _kept_secret(value: str) -> Iterator[Path]:
    """A file that only this user can read, for the length of the block: an argument could be seen by others."""
    descriptor, name = tempfile.mkstemp()
    path = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(value)
        yield path
    finally:
        path.unlink(missing_ok=True)
