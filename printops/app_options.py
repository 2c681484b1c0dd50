"""The options of `printops app`, and what they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from printops.session import LOCAL_SETTINGS, read_environment
from shared.directory.wanted import DEFAULT_NAME, Certificate, DirectoryProblem, read_certificate
from shared.doctor.on_this_machine import Machine, machine_of
from shared.permissions import Part
from shared.setting_values import GUID
from shared.settings import CLOUDS, Settings, load_directory_settings

# "Microsoft Graph Command Line Tools", a public client of Microsoft's own that every tenant knows.
COMMAND_LINE_TOOLS = "14d82eec-204b-4c2f-b7e8-296a70dab67e"


class Cloud(StrEnum):
    """The clouds that Graph is in."""

    GLOBAL = "global"
    US_GOVERNMENT = "us-government"
    US_DOD = "us-dod"
    CHINA = "china"


_GRAPH_HOSTS = {
    Cloud.GLOBAL: "graph.microsoft.com",
    Cloud.US_GOVERNMENT: "graph.microsoft.us",
    Cloud.US_DOD: "dod-graph.microsoft.us",
    Cloud.CHINA: "microsoftgraph.chinacloudapi.cn",
}

TenantOption = Annotated[
    str, typer.Option("--tenant", metavar="ID", help="The tenant's id or a domain of it. Else GRAPH_TENANT_ID.")
]
CloudOption = Annotated[
    Cloud | None, typer.Option("--cloud", help="The cloud of the tenant. Else GRAPH_BASE_URL and GRAPH_AUTHORITY.")
]
AppIdOption = Annotated[
    str, typer.Option("--app-id", metavar="ID", help="The app's client id. Else GRAPH_CLIENT_ID, else its name.")
]
NameOption = Annotated[str, typer.Option("--name", help=f"The app's name; {DEFAULT_NAME} unless it is found by id.")]
WithOption = Annotated[list[Part], typer.Option("--with", help="A part of the product to add the permissions of.")]
WithoutOption = Annotated[list[Part], typer.Option("--without", help="A part of the product to do without.")]
IdentityOption = Annotated[
    str,
    typer.Option(
        "--managed-identity", metavar="OBJECT_ID", help="The managed identity that may be the app: its principal id."
    ),
]
CertificateOption = Annotated[
    Path | None,
    typer.Option("--certificate", metavar="FILE", help="A certificate in PEM or DER; its public part is uploaded."),
]
ExactOption = Annotated[bool, typer.Option("--exact", help="Take away permissions of Graph that are not needed.")]
SignInClientOption = Annotated[
    str, typer.Option("--sign-in-client", metavar="ID", help="Another public client to sign in with than Microsoft's.")
]
AdministratorOption = Annotated[
    str,
    typer.Option("--administrator", metavar="NAME", envvar="PRINTOPS_ADMINISTRATOR", help="Who must sign in."),
]


@dataclass(frozen=True, slots=True)
class Target:
    """Where the app registration is: the tenant, and what names the app, its client id or else its name."""

    settings: Settings
    client_id: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Proof:
    """How the app is to prove itself. `certificate_file` has the key too, None where it has not."""

    identity_id: str = ""
    certificate: Certificate | None = None
    certificate_file: Path | None = None


def target(
    settings_file: Path | None, *, tenant: str, cloud: Cloud | None, app_id: str, name: str, sign_in_client: str
) -> Target:
    """What these options name. Raises SettingsError and DirectoryProblem."""
    environ = read_environment(settings_file)
    settings = load_directory_settings(
        _over(environ, tenant, cloud), _guid("--sign-in-client", sign_in_client or COMMAND_LINE_TOOLS)
    )
    set_before = environ.get("GRAPH_CLIENT_ID", "").strip()
    # The example's words in pointed brackets name no app; nor does the setting where a name was given.
    fallback = set_before.lower() if GUID.fullmatch(set_before) and not name else None
    return Target(settings, _guid("--app-id", app_id) if app_id else fallback, name or DEFAULT_NAME)


def machine(settings_file: Path | None, cloud: Cloud | None) -> Machine:
    """Where the steps are to be taken that mend what a command with these options meets."""
    return machine_of(_over(read_environment(settings_file), "", cloud), str(settings_file or LOCAL_SETTINGS))


def proof(identity_id: str, certificate_file: Path | None) -> Proof:
    """What these options name. Raises DirectoryProblem."""
    identity = _guid("--managed-identity", identity_id) if identity_id else ""
    if certificate_file is None:
        return Proof(identity)
    try:
        content = certificate_file.read_bytes()
    except OSError as error:
        raise DirectoryProblem(f"{certificate_file} cannot be read: {error.strerror}") from error
    has_key = b"PRIVATE KEY-----" in content
    certificate = read_certificate(content, datetime.now(UTC))
    return Proof(identity, certificate, certificate_file.absolute() if has_key else None)


def _over(environ: Mapping[str, str], tenant: str, cloud: Cloud | None) -> dict[str, str]:
    chosen = dict(environ)
    if tenant:
        chosen["GRAPH_TENANT_ID"] = tenant
    if cloud is not None:
        host = _GRAPH_HOSTS[cloud]
        chosen |= {"GRAPH_BASE_URL": f"https://{host}/v1.0", "GRAPH_AUTHORITY": f"https://{CLOUDS[host]}"}
    return chosen


def _guid(option: str, value: str) -> str:
    if not GUID.fullmatch(value.strip()):
        raise DirectoryProblem(f"{option} must be a GUID such as 01234567-89ab-cdef-0123-456789abcdef, not {value!r}.")
    return value.strip().lower()
