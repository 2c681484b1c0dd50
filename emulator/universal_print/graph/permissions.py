"""The groups of permissions that the operations table uses (fact: Microsoft's permissions.json for Graph)."""

from __future__ import annotations

JOB_WRITE = (
    "PrintJob.ReadWriteBasic",
    "PrintJob.ReadWrite",
    "PrintJob.ReadWriteBasic.All",
    "PrintJob.ReadWrite.All",
)
JOB_READ = (
    "PrintJob.ReadBasic",
    "PrintJob.Read",
    "PrintJob.ReadWriteBasic",
    "PrintJob.ReadWrite",
    "PrintJob.ReadBasic.All",
    "PrintJob.Read.All",
    "PrintJob.ReadWriteBasic.All",
    "PrintJob.ReadWrite.All",
)
JOB_READ_APP = (
    "PrintJob.ReadBasic.All",
    "PrintJob.Read.All",
    "PrintJob.ReadWriteBasic.All",
    "PrintJob.ReadWrite.All",
)
JOB_MANAGE_APP = ("PrintJob.ReadWriteBasic.All", "PrintJob.ReadWrite.All", "PrintJob.Manage.All")
DOCUMENT_WRITE = ("PrintJob.Create", "PrintJob.ReadWrite", "PrintJob.ReadWrite.All")
DOCUMENT_READ = ("PrintJob.Read", "PrintJob.Read.All", "PrintJob.ReadWrite", "PrintJob.ReadWrite.All")
DOCUMENT_READ_APP = ("PrintJob.Read.All", "PrintJob.ReadWrite.All")
GET_PRINTER_APP = ("Printer.Read.All", "Printer.ReadWrite.All")
PRINTER_READ = ("Printer.Read.All", "Printer.ReadWrite.All", "Printer.FullControl.All")
PRINTER_WRITE = ("Printer.ReadWrite.All", "Printer.FullControl.All")
PRINTER_CREATE = ("Printer.Create", "Printer.ReadWrite.All", "Printer.FullControl.All")
SHARE_READ = ("PrinterShare.ReadBasic.All", "PrinterShare.Read.All", "PrinterShare.ReadWrite.All")
SHARE_ACCESS_READ = ("PrinterShare.Read.All", "PrinterShare.ReadWrite.All")
SHARE_WRITE = ("PrinterShare.ReadWrite.All",)
CONNECTOR_READ = ("PrintConnector.Read.All", "PrintConnector.ReadWrite.All")
CONNECTOR_WRITE = ("PrintConnector.ReadWrite.All",)
SETTINGS_READ = ("PrintSettings.Read.All", "PrintSettings.ReadWrite.All")
SETTINGS_WRITE = ("PrintSettings.ReadWrite.All",)
TASK_DEFINITION = ("PrintTaskDefinition.ReadWrite.All",)
REPORTS = ("Reports.Read.All",)
USER_LIST = (
    "User.ReadBasic.All",
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
)
USER_LIST_APP = (
    "User.ReadBasic.All",
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
)
GROUP_LIST = (
    "GroupMember.Read.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
)
ME = ("User.Read", "User.ReadWrite", *USER_LIST)
# Graph: directoryobject-checkmembergroups. Each of the pairs that it names is one of the users' and one of the groups'.
MEMBER_USERS = ("User.ReadBasic.All", "User.Read.All", "Directory.Read.All")
MEMBER_USERS_APP = ("User.Read.All", "Directory.Read.All")
MEMBER_GROUPS = ("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All")
GROUP_MEMBERS = ("GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All")
SUBSCRIPTION = ("PrintTaskDefinition.ReadWrite.All", "Printer.Read.All", "Printer.ReadWrite.All")
# Services: any delegated permission of Universal Print will do.
ANY_PRINT = tuple(
    sorted({*JOB_READ, "PrintJob.Create", *PRINTER_CREATE, *PRINTER_READ, *SHARE_READ, *CONNECTOR_READ, *SETTINGS_READ})
)
# Of others than oneself it takes more than User.Read.
MEMBER_OF = ("User.Read", "GroupMember.Read.All", "Directory.Read.All", "Directory.ReadWrite.All")
MEMBER_OF_APP = ("Directory.Read.All", "Directory.ReadWrite.All")
MEMBER_OF_ALL = (*MEMBER_OF, "Group.Read.All", "User.Read.All")
MEMBER_OF_ALL_APP = (*MEMBER_OF_APP, "User.Read.All", "Group.Read.All", "GroupMember.Read.All")
ROLE_READ = (
    *("RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "Directory.Read.All"),
    "Directory.ReadWrite.All",
)
LICENSE_APP = (
    *("LicenseAssignment.Read.All", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All"),
    "Directory.ReadWrite.All",
)
LICENSE_MINE = ("User.Read", *LICENSE_APP)
SKUS = (
    *("LicenseAssignment.Read.All", "Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All"),
    "Directory.ReadWrite.All",
)
ORGANIZATION_APP = (
    *("Organization.Read.All", "Organization.ReadWrite.All", "User.Read.All", "Directory.Read.All"),
    "Directory.ReadWrite.All",
)
ORGANIZATION = ("User.Read", *ORGANIZATION_APP)
APPLICATION_WRITE = ("Application.ReadWrite.All",)
APPLICATION_WRITE_OR_DIRECTORY = (*APPLICATION_WRITE, "Directory.ReadWrite.All")
APPLICATION_READ = ("Application.Read.All", *APPLICATION_WRITE, "Directory.Read.All", "Directory.ReadWrite.All")
APPLICATION_READ_APP = ("Application.Read.All", *APPLICATION_WRITE, "Directory.Read.All")
FEDERATED_READ = ("Application.Read.All", *APPLICATION_WRITE)
ASSIGNMENT_READ = APPLICATION_READ
ASSIGNMENT_WRITE = ("AppRoleAssignment.ReadWrite.All",)
ASSIGNMENT_ALSO = ("Application.Read.All", *APPLICATION_WRITE, "Directory.Read.All")
GRANT_WRITE = ("DelegatedPermissionGrant.ReadWrite.All", "Directory.ReadWrite.All")
GRANT_READ = (*GRANT_WRITE, "Directory.Read.All")
