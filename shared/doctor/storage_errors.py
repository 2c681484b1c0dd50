"""What the refusals of storage mean here (Storage: common error codes, authorize with Entra ID). Pure."""

from __future__ import annotations

from dataclasses import replace

from shared.doctor.asked import Asked, Explanation
from shared.storage.error_codes import error_code

BLOB_ROLE = "Storage Blob Data Contributor"
QUEUE_ROLE = "Storage Queue Data Contributor"
_NO_ROLE = frozenset({"AuthorizationPermissionMismatch", "InsufficientAccountPermissions"})
_NO_KEY = frozenset({"AuthenticationFailed", "InvalidAuthenticationInfo", "NoAuthenticationInformation"})
_SHUT_OUT = frozenset({"AuthorizationFailure", "AuthorizationSourceIPMismatch", "PublicAccessNotPermitted"})


def role_missing(role: str, storage: str) -> Explanation:
    """The identity at hand has no such role on the storage account."""
    account = storage or "STORAGE_ACCOUNT"
    return Explanation(
        "roleMissing",
        f"the identity at hand lacks the role {role} on the storage account {account}",
        f"Azure portal > Storage accounts > {account} > Access control (IAM) > Add role assignment > {role}; it takes "
        "up to ten minutes",
        f'az role assignment create --role "{role}" --assignee "$(az ad signed-in-user show --query id --output tsv)" '
        f'--scope "$(az storage account show --name {account} --query id --output tsv)"',
    )


def explain_storage(error: Exception, asked: Asked) -> Explanation | None:
    """What it means; None for what is no refusal of storage, or speaks for itself."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError

    if isinstance(error, ServiceRequestError):
        account = f"the storage account {asked.storage}" if asked.storage else "storage"
        return Explanation(
            "unreachable",
            f"{account} cannot be reached ({_first_line(error)})",
            "check the address in PrintStorage, the network and, for an account without public access, that this "
            "machine is in its network; for Azurite, that it runs",
        )
    asked = replace(asked, storage=asked.storage or "STORAGE_ACCOUNT")
    code = error_code(error)
    if isinstance(error, HttpResponseError) and code in _NO_ROLE:
        return role_missing(QUEUE_ROLE if asked.subject.startswith("queue ") else BLOB_ROLE, asked.storage)
    if isinstance(error, HttpResponseError) and code in _SHUT_OUT:
        return Explanation(
            "firewall",
            f"the storage account {asked.storage} does not let this machine in",
            f"Azure portal > Storage accounts > {asked.storage} > Networking > add this machine's address",
            f"az storage account network-rule add --account-name {asked.storage} --ip-address ADDRESS",
        )
    if code == "KeyBasedAuthenticationNotPermitted":
        return Explanation(
            "keysOff",
            f"the storage account {asked.storage} takes no keys, and PrintStorage is a connection string",
            "set PrintStorage__blobServiceUri and PrintStorage__queueServiceUri in place of PrintStorage",
        )
    if isinstance(error, HttpResponseError) and code in _NO_KEY:
        return Explanation(
            "storageKeyRefused",
            f"the storage account {asked.storage} does not take what PrintStorage proves itself with",
            f"Azure portal > Storage accounts > {asked.storage} > Access keys, or another clock on this machine",
            f"az storage account show-connection-string --name {asked.storage}",
        )
    if isinstance(error, ClientAuthenticationError):
        return Explanation(
            "noIdentity",
            f"no identity is at hand for storage ({_first_line(error)})",
            "in Azure: Function App > Settings > Identity",
            "az login",
        )
    return None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200].rstrip(".") if str(error).strip() else type(error).__name__
