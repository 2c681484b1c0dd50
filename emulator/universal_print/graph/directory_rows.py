"""The operations of the directory that set-up needs: people, groups, roles, licences, app registrations, consent.

Permissions: Microsoft's permissions.json, without those that no print software asks for.
"""

from __future__ import annotations

from collections.abc import Iterable

from emulator.universal_print.graph import permissions as p
from emulator.universal_print.graph.operation import STRINGS, Operation
from emulator.universal_print.graph.operation import query_options as _query

_APP, _SP = "/applications/{application}", "/servicePrincipals/{principal}"
_PAGE = _query("select", "filter", "top", "skiptoken")


def _membership_rows() -> Iterable[Operation]:
    for whose, path in (("My", "/me"), ("User", "/users/{user}")):
        for kind, delegated, application in (
            ("memberOf", p.MEMBER_OF, p.MEMBER_OF_APP),
            ("transitiveMemberOf", p.MEMBER_OF_ALL, p.MEMBER_OF_ALL_APP),
        ):
            name, row = f"list{whose}{kind[0].upper()}{kind[1:]}", f"{path}/{kind}"
            apps = () if whose == "My" else application
            yield Operation(name, "GET", row, delegated, apps, "Collection(directoryObject)", query=_PAGE)
            yield Operation(
                f"{name}Roles", "GET", f"{row}/microsoft.graph.directoryRole", delegated, apps,
                "Collection(directoryRole)", query=_PAGE,
            )  # fmt: skip


_PEOPLE_ROWS = (
    Operation("getMe", "GET", "/me", p.ME, (), "user", query=_query("select")),
    Operation("listUsers", "GET", "/users", p.USER_LIST, p.USER_LIST_APP, "Collection(user)", query=_PAGE),
    Operation("getUser", "GET", "/users/{user}", p.ME, p.USER_LIST_APP, "user", query=_query("select")),
    Operation(
        "checkUserMemberGroups", "POST", "/users/{user}/checkMemberGroups", p.MEMBER_USERS, p.MEMBER_USERS_APP,
        STRINGS, p.MEMBER_GROUPS, p.MEMBER_GROUPS,
    ),
    Operation("listGroups", "GET", "/groups", p.GROUP_LIST, p.GROUP_LIST, "Collection(group)", query=_PAGE),
    Operation("getGroup", "GET", "/groups/{group}", p.GROUP_LIST, p.GROUP_LIST, "group", query=_query("select")),
    Operation(
        "listGroupTransitiveUsers", "GET", "/groups/{group}/transitiveMembers/microsoft.graph.user", p.GROUP_MEMBERS,
        p.GROUP_MEMBERS, "Collection(user)", query=_query("select", "top", "count", "skiptoken"),
    ),
    *_membership_rows(),
    Operation("listMyLicenseDetails", "GET", "/me/licenseDetails", p.LICENSE_MINE, (), "Collection(licenseDetails)"),
    Operation(
        "listUserLicenseDetails", "GET", "/users/{user}/licenseDetails", p.LICENSE_MINE, p.LICENSE_APP,
        "Collection(licenseDetails)",
    ),
    Operation("listSubscribedSkus", "GET", "/subscribedSkus", p.SKUS, p.SKUS, "Collection(subscribedSku)"),
    Operation(
        "listOrganization", "GET", "/organization", p.ORGANIZATION, p.ORGANIZATION_APP, "Collection(organization)",
        query=_query("select"),
    ),
)  # fmt: skip

_APPLICATION_ROWS = (
    Operation(
        "listApplications", "GET", "/applications", p.APPLICATION_READ, p.APPLICATION_READ_APP,
        "Collection(application)", query=_PAGE,
    ),
    Operation(
        "createApplication", "POST", "/applications", p.APPLICATION_WRITE, p.APPLICATION_WRITE, "application"
    ),
    Operation(
        "getApplication", "GET", _APP, p.APPLICATION_READ, p.APPLICATION_READ_APP, "application",
        query=_query("select"),
    ),
    Operation(
        "getApplicationByAppId", "GET", "/applications(appId={appId})", p.APPLICATION_READ, p.APPLICATION_READ_APP,
        "application", query=_query("select"),
    ),
    Operation("updateApplication", "PATCH", _APP, p.APPLICATION_WRITE, p.APPLICATION_WRITE),
    Operation("deleteApplication", "DELETE", _APP, p.APPLICATION_WRITE, p.APPLICATION_WRITE),
    Operation(
        "addApplicationPassword", "POST", f"{_APP}/addPassword", p.APPLICATION_WRITE_OR_DIRECTORY,
        p.APPLICATION_WRITE_OR_DIRECTORY, "passwordCredential",
    ),
    Operation(
        "listFederatedIdentityCredentials", "GET", f"{_APP}/federatedIdentityCredentials", p.FEDERATED_READ,
        p.FEDERATED_READ, "Collection(federatedIdentityCredential)", query=_PAGE,
    ),
    Operation(
        "createFederatedIdentityCredential", "POST", f"{_APP}/federatedIdentityCredentials", p.APPLICATION_WRITE,
        p.APPLICATION_WRITE, "federatedIdentityCredential",
    ),
    Operation(
        "updateFederatedIdentityCredential", "PATCH", f"{_APP}/federatedIdentityCredentials/{{credential}}",
        p.APPLICATION_WRITE, p.APPLICATION_WRITE,
    ),
    Operation(
        "deleteFederatedIdentityCredential", "DELETE", f"{_APP}/federatedIdentityCredentials/{{credential}}",
        p.APPLICATION_WRITE, p.APPLICATION_WRITE,
    ),
)  # fmt: skip

_CONSENT_ROWS = (
    Operation(
        "listServicePrincipals", "GET", "/servicePrincipals", p.APPLICATION_READ, p.APPLICATION_READ_APP,
        "Collection(servicePrincipal)", query=_PAGE,
    ),
    Operation(
        "createServicePrincipal", "POST", "/servicePrincipals", p.APPLICATION_WRITE_OR_DIRECTORY,
        p.APPLICATION_WRITE_OR_DIRECTORY, "servicePrincipal",
    ),
    Operation(
        "getServicePrincipal", "GET", _SP, p.APPLICATION_READ, p.APPLICATION_READ_APP, "servicePrincipal",
        query=_query("select"),
    ),
    Operation(
        "getServicePrincipalByAppId", "GET", "/servicePrincipals(appId={appId})", p.APPLICATION_READ,
        p.APPLICATION_READ_APP, "servicePrincipal", query=_query("select"),
    ),
    Operation("updateServicePrincipal", "PATCH", _SP, p.APPLICATION_WRITE_OR_DIRECTORY, p.APPLICATION_WRITE),
    Operation(
        "listAppRoleAssignments", "GET", f"{_SP}/appRoleAssignments", p.ASSIGNMENT_READ, p.ASSIGNMENT_READ,
        "Collection(appRoleAssignment)", query=_query("filter", "skiptoken"),
    ),
    Operation(
        "createAppRoleAssignment", "POST", f"{_SP}/appRoleAssignments", p.ASSIGNMENT_WRITE, p.ASSIGNMENT_WRITE,
        "appRoleAssignment", p.ASSIGNMENT_ALSO, p.ASSIGNMENT_ALSO,
    ),
    Operation(
        "createAppRoleAssignedTo", "POST", f"{_SP}/appRoleAssignedTo", p.ASSIGNMENT_WRITE, p.ASSIGNMENT_WRITE,
        "appRoleAssignment", p.ASSIGNMENT_ALSO, p.ASSIGNMENT_ALSO,
    ),
    Operation(
        "deleteAppRoleAssignment", "DELETE", f"{_SP}/appRoleAssignments/{{assignment}}", p.ASSIGNMENT_WRITE,
        p.ASSIGNMENT_WRITE,
    ),
    Operation(
        "listOAuth2PermissionGrants", "GET", "/oauth2PermissionGrants", p.GRANT_READ, p.GRANT_READ,
        "Collection(oAuth2PermissionGrant)", query=_query("filter", "top", "skiptoken"),
    ),
    Operation(
        "createOAuth2PermissionGrant", "POST", "/oauth2PermissionGrants", p.GRANT_WRITE, p.GRANT_WRITE,
        "oAuth2PermissionGrant",
    ),
    Operation("updateOAuth2PermissionGrant", "PATCH", "/oauth2PermissionGrants/{grant}", p.GRANT_WRITE, p.GRANT_WRITE),
    Operation("deleteOAuth2PermissionGrant", "DELETE", "/oauth2PermissionGrants/{grant}", p.GRANT_WRITE, p.GRANT_WRITE),
)  # fmt: skip

DIRECTORY_ROWS: tuple[Operation, ...] = (*_PEOPLE_ROWS, *_APPLICATION_ROWS, *_CONSENT_ROWS)
