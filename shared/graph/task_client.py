"""The calls that Graph takes from the application alone: tasks, and what is done to a job that a task holds.

Plain HTTP instead of the SDK's models: a release waits for these calls, and the models cost a cold start half a second.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.errors import GraphError
from shared.graph.application_calls import ApplicationCalls, segment
from shared.graph.times import read_time
from shared.graph.translation import reading, refusal, translated
from shared.upload.session import UploadSession

# Graph: directoryobject-checkmembergroups takes this many groups at a time.
GROUPS_AT_ONCE = 20
# Graph: printtask, parentUrl, and printjob, redirectedTo, redirectedFrom.
_JOB_URL = re.compile(r".*/print/printers/([^/?]+)/jobs/([^/?]+)")


@dataclass(frozen=True, slots=True)
class Task:
    """A print task (Graph: printTask); the ids are those in its `parentUrl`, None where that cannot be read."""

    id: str
    state: str
    printer_id: str | None
    job_id: str | None


@dataclass(frozen=True, slots=True)
class User:
    """A user (Graph: user, userIdentity)."""

    id: str
    user_principal_name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class JobDocument:
    """A job's one document (Graph: printDocument). `size` is bytes."""

    id: str
    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Job:
    """A job (Graph: printJob). `redirected_to` is the (printer id, job id) of the job that it became."""

    id: str
    state: str
    details: tuple[str, ...]
    description: str
    created: datetime | None
    created_by: User | None
    configuration: Mapping[str, Any]
    document: JobDocument | None
    redirected_to: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """How ready a printer is (Graph: printer). `state` is Graph's printerProcessingState."""

    id: str
    display_name: str
    state: str
    accepting: bool


class TaskClient:
    """Calls Graph as the application. Raises GraphError's branches, NoReply and NotNow."""

    def __init__(self, calls: ApplicationCalls) -> None:
        self._calls = calls
        self._base_url = self._calls.base_url

    async def list_tasks(self, definition_id: str) -> list[Task]:
        """The running and recently completed tasks of the definition (Graph: printtaskdefinition-list-tasks)."""
        address = f"{self._base_url}/print/taskDefinitions/{segment(definition_id)}/tasks"
        return [_task(values) async for values in self._calls.entries("list tasks", address)]

    async def get_task(self, definition_id: str, task_id: str) -> Task:
        """Graph: printtask-get."""
        return _task(await self._calls.run("get task", "GET", self._task(definition_id, task_id), repeatable=True))

    async def complete_task(self, definition_id: str, task_id: str) -> None:
        """Report the task done: a job that waits goes on where it is (Graph: printtaskdefinition-update-task)."""
        body = {"status": {"state": "completed", "description": "Task execution is completed."}}
        await self._calls.run("complete task", "PATCH", self._task(definition_id, task_id), body, repeatable=False)

    async def get_job(self, printer_id: str, job_id: str) -> Job:
        """The job with its document (Graph: printjob-get)."""
        address = f"{self._job(printer_id, job_id)}?$expand=documents"
        return _job(await self._calls.run("get job", "GET", address, repeatable=True))

    async def patch_configuration(self, printer_id: str, job_id: str, configuration: Mapping[str, Any]) -> None:
        """Graph: printjob-update; what is not named keeps its value. Repeatable: it sets, and does not add."""
        body = {"configuration": dict(configuration)}
        await self._calls.run("update job", "PATCH", self._job(printer_id, job_id), body, repeatable=True)

    async def redirect(
        self, printer_id: str, job_id: str, destination_printer_id: str, configuration: Mapping[str, Any] | None
    ) -> str:
        """Graph: printjob-redirect; the job's id at the destination. Never repeated: the caller looks the job up."""
        body: dict[str, Any] = {"destinationPrinterId": destination_printer_id}
        body["configuration"] = dict(configuration) if configuration is not None else None
        address = f"{self._job(printer_id, job_id)}/redirect"
        return _job(await self._calls.run("redirect job", "POST", address, body, repeatable=False)).id

    async def abort(self, printer_id: str, job_id: str, reason: str) -> None:
        """Graph: printjob-abort. Not repeated: after a lost reply the caller looks the job up."""
        address = f"{self._job(printer_id, job_id)}/abort"
        await self._calls.run("abort job", "POST", address, {"reason": reason}, repeatable=False)

    async def create_upload_session(
        self, printer_id: str, job_id: str, document_id: str, name: str, content_type: str, size: int
    ) -> UploadSession:
        """Graph: printdocument-createuploadsession, to replace the document. Repeatable: it has one content."""
        address = f"{self._document(printer_id, job_id, document_id)}/createUploadSession"
        body = {"properties": {"documentName": name, "contentType": content_type, "size": size}}
        values = await self._calls.run("create upload session", "POST", address, body, repeatable=True)
        with reading("create upload session"):
            return UploadSession.opened(
                upload_url=_text(values, "uploadUrl"),
                expires=read_time(values.get("expirationDateTime")),
                next_expected_ranges=values.get("nextExpectedRanges") or [],
                size=size,
            )

    async def download(self, printer_id: str, job_id: str, document_id: str, *, most: int) -> AsyncIterator[bytes]:
        """The document in pieces, no more than `most` bytes and one piece (Graph: printdocument-get-file, 302)."""
        address = f"{self._document(printer_id, job_id, document_id)}/$value"
        location = await self._calls.run("download", "GET", address, repeatable=True)
        size = 0
        with translated("download"):
            # The address is pre-authenticated: the token stays with Graph.
            async with self._calls.http.stream("GET", _text(location, "location")) as answer:
                if answer.status_code != 200:
                    raise refusal("download", answer.status_code, dict(answer.headers), b"")
                async for piece in answer.aiter_bytes():
                    size += len(piece)
                    yield piece
                    if size > most:
                        return

    async def get_printer(self, printer_id: str) -> PrinterStatus:
        """Graph: printer-get."""
        query = "$select=id,displayName,status,isAcceptingJobs"
        address = f"{self._base_url}/print/printers/{segment(printer_id)}?{query}"
        values = await self._calls.run("get printer", "GET", address, repeatable=True)
        with reading("get printer"):
            state = str((values.get("status") or {}).get("state") or "unknown")
        name = str(values.get("displayName") or printer_id)
        return PrinterStatus(printer_id, name, state, values.get("isAcceptingJobs") is not False)

    async def get_user(self, name: str) -> User:
        """The user with this user principal name or id (Graph: user-get)."""
        address = f"{self._base_url}/users/{segment(name)}?$select=id,displayName,userPrincipalName"
        user = _user(await self._calls.run("get user", "GET", address, repeatable=True))
        if user is None:
            raise GraphError("get user", 200, "emptyAnswer", "the answer holds no user")
        return user

    async def member_of(self, user_id: str, group_ids: Collection[str]) -> frozenset[str]:
        """Those of the groups that the user is in, nested ones included (Graph: directoryobject-checkmembergroups)."""
        address = f"{self._base_url}/users/{segment(user_id)}/checkMemberGroups"
        wanted = sorted(group_ids)
        found: set[str] = set()
        for start in range(0, len(wanted), GROUPS_AT_ONCE):
            body = {"groupIds": wanted[start : start + GROUPS_AT_ONCE]}
            values = await self._calls.run("check member groups", "POST", address, body, repeatable=True)
            with reading("check member groups"):
                found |= {str(group).lower() for group in values.get("value") or []}
        return frozenset(found)

    def _task(self, definition_id: str, task_id: str) -> str:
        return f"{self._base_url}/print/taskDefinitions/{segment(definition_id)}/tasks/{segment(task_id)}"

    def _job(self, printer_id: str, job_id: str) -> str:
        return f"{self._base_url}/print/printers/{segment(printer_id)}/jobs/{segment(job_id)}"

    def _document(self, printer_id: str, job_id: str, document_id: str) -> str:
        return f"{self._job(printer_id, job_id)}/documents/{segment(document_id)}"


def _task(values: Mapping[str, Any]) -> Task:
    with reading("read task"):
        return _read_task(values)


def _read_task(values: Mapping[str, Any]) -> Task:
    if not values.get("id"):
        raise GraphError("read task", 200, "emptyAnswer", "the answer holds no task")
    parent = _parent(values.get("parentUrl"))
    state = (values.get("status") or {}).get("state")
    return Task(str(values["id"]), str(state or "unknown"), *(parent or (None, None)))


def _parent(url: object) -> tuple[str, str] | None:
    found = _JOB_URL.fullmatch(url) if isinstance(url, str) else None
    return (found[1], found[2]) if found else None


def _job(values: Mapping[str, Any]) -> Job:
    with reading("read job"):
        return _read_job(values)


def _read_job(values: Mapping[str, Any]) -> Job:
    if not values.get("id"):
        raise GraphError("read job", 200, "emptyAnswer", "the answer holds no job")
    status = values.get("status") or {}
    documents = values.get("documents") or []
    configuration = values.get("configuration") or {}
    return Job(
        id=str(values["id"]),
        state=str(status.get("state") or "unknown"),
        details=tuple(str(detail) for detail in status.get("details") or ()),
        description=str(status.get("description") or ""),
        created=read_time(values.get("createdDateTime")),
        created_by=_user(values.get("createdBy") or {}),
        configuration={
            name: value for name, value in configuration.items() if value not in (None, []) and "@" not in name
        },
        document=_document(documents[0]) if documents else None,
        redirected_to=_parent(values.get("redirectedTo")),
    )


def _document(values: Mapping[str, Any]) -> JobDocument:
    return JobDocument(
        str(values.get("id") or ""),
        str(values.get("displayName") or ""),
        str(values.get("contentType") or ""),
        int(values.get("size") or 0),
    )


def _user(values: Mapping[str, Any]) -> User | None:
    if not values.get("id"):
        return None
    name = str(values.get("userPrincipalName") or values["id"])
    return User(str(values["id"]), name, str(values.get("displayName") or name))


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"the answer holds no {name}")
    return value
