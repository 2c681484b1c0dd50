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
ME = ("User.Read", "User.ReadWrite", *USER_LIST[1:])
# Graph: directoryobject-checkmembergroups. Each of the pairs that it names is one of the users' and one of the groups'.
MEMBER_USERS = ("User.ReadBasic.All", "User.Read.All", "Directory.Read.All")
MEMBER_USERS_APP = ("User.Read.All", "Directory.Read.All")
MEMBER_GROUPS = ("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All")
SUBSCRIPTION = ("PrintTaskDefinition.ReadWrite.All", "Printer.Read.All", "Printer.ReadWrite.All")
# Services: any delegated permission of Universal Print will do.
ANY_PRINT = tuple(
    sorted({*JOB_READ, "PrintJob.Create", *PRINTER_CREATE, *PRINTER_READ, *SHARE_READ, *CONNECTOR_READ, *SETTINGS_READ})
)
