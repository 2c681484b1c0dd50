"""What the work on tasks and held jobs asks of Graph as the application. `shared/graph/task_client.py` offers it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, Protocol

from shared.graph.task_client import Job, PrinterStatus, Task, User
from shared.upload.session import UploadSession


class TaskGraph(Protocol):
    """Calls Graph as the application. Every call raises GraphError's branches, NoReply and NotNow."""

    async def list_tasks(self, definition_id: str) -> list[Task]:
        """The running and recently completed tasks of the definition."""
        ...

    async def get_task(self, definition_id: str, task_id: str) -> Task:
        """One task."""
        ...

    async def complete_task(self, definition_id: str, task_id: str) -> None:
        """Report the task done: the job goes on where it is."""
        ...

    async def get_job(self, printer_id: str, job_id: str) -> Job:
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
        """The document in pieces, no more than `most` bytes and one piece."""
        ...

    async def get_printer(self, printer_id: str) -> PrinterStatus:
        """How ready the printer is."""
        ...

    async def get_user(self, name: str) -> User:
        """The user with this user principal name or id."""
        ...

    async def member_of(self, user_id: str, group_ids: Collection[str]) -> frozenset[str]:
        """Those of the groups that the user belongs to, nested ones included."""
        ...
