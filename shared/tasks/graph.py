"""What the work on tasks and held jobs asks of Graph as the application. `shared/graph/task_client.py` offers it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from typing import Any, Protocol

from shared.upload.session import UploadSession


class TaskSeen(Protocol):
    """A print task (Graph: printTask); the ids are those in its `parentUrl`, None where that cannot be read."""

    @property
    def id(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def printer_id(self) -> str | None: ...
    @property
    def job_id(self) -> str | None: ...


class PersonSeen(Protocol):
    """A user (Graph: user, userIdentity)."""

    @property
    def id(self) -> str: ...
    @property
    def user_principal_name(self) -> str: ...
    @property
    def display_name(self) -> str: ...


class DocumentSeen(Protocol):
    """A job's one document (Graph: printDocument)."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def content_type(self) -> str: ...
    @property
    def size(self) -> int: ...


class JobSeen(Protocol):
    """A job (Graph: printJob). `redirected_to` is the (printer id, job id) in `redirectedTo`."""

    @property
    def id(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def details(self) -> tuple[str, ...]: ...
    @property
    def description(self) -> str: ...
    @property
    def created(self) -> datetime | None: ...
    @property
    def created_by(self) -> PersonSeen | None: ...
    @property
    def configuration(self) -> Mapping[str, Any]: ...
    @property
    def document(self) -> DocumentSeen | None: ...
    @property
    def redirected_to(self) -> tuple[str, str] | None: ...


class PrinterSeen(Protocol):
    """A printer's readiness (Graph: printer). `state` is Graph's printerProcessingState."""

    @property
    def id(self) -> str: ...
    @property
    def display_name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def accepting(self) -> bool: ...


class TaskGraph(Protocol):
    """Calls Graph as the application. Every call raises GraphError's branches, NoReply and NotNow."""

    async def list_tasks(self, definition_id: str) -> list[TaskSeen]:
        """The running and recently completed tasks of the definition."""
        ...

    async def get_task(self, definition_id: str, task_id: str) -> TaskSeen:
        """One task."""
        ...

    async def complete_task(self, definition_id: str, task_id: str) -> None:
        """Report the task done: the job goes on where it is."""
        ...

    async def get_job(self, printer_id: str, job_id: str) -> JobSeen:
        """The job with its document."""
        ...

    async def patch_configuration(self, printer_id: str, job_id: str, configuration: Mapping[str, Any]) -> None:
        """Change settings of the job; what is not named keeps its value."""
        ...

    async def redirect(
        self, printer_id: str, job_id: str, destination_printer_id: str, configuration: Mapping[str, Any] | None
    ) -> str:
        """Send the job to another printer; its id there. Never repeated: after a lost reply the caller looks it up."""
        ...

    async def abort(self, printer_id: str, job_id: str, reason: str) -> None:
        """End the job."""
        ...

    async def create_upload_session(
        self, printer_id: str, job_id: str, document_id: str, name: str, content_type: str, size: int
    ) -> UploadSession:
        """A session that replaces the document."""
        ...

    def download(self, printer_id: str, job_id: str, document_id: str, *, most: int) -> AsyncIterator[bytes]:
        """The document in pieces. Raises DocumentTooLarge after `most` bytes."""
        ...

    async def get_printer(self, printer_id: str) -> PrinterSeen:
        """How ready the printer is."""
        ...

    async def get_user(self, name: str) -> PersonSeen:
        """The user with this user principal name or id."""
        ...

    async def member_of(self, user_id: str, group_ids: Collection[str]) -> frozenset[str]:
        """Those of the groups that the user belongs to, nested ones included."""
        ...
