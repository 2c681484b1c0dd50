"""The emulated service with all that it remembers, apart from how it is reached."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from emulator.universal_print.clock import Clock
from emulator.universal_print.downloads import Downloads
from emulator.universal_print.faults import Faults
from emulator.universal_print.graph.api import GraphApi
from emulator.universal_print.graph.skip_tokens import SkipTokens
from emulator.universal_print.jobs import Job, JobBook
from emulator.universal_print.limits import SubscriptionUsage, Usage
from emulator.universal_print.notifications.bodies import job_fetchable, task_started
from emulator.universal_print.notifications.sender import NotificationSender
from emulator.universal_print.queues import PrintQueues
from emulator.universal_print.registrations import Registrations
from emulator.universal_print.reports.book import Reports
from emulator.universal_print.request_log import RequestLog
from emulator.universal_print.settings import Settings
from emulator.universal_print.subscriptions import SubscriptionBook
from emulator.universal_print.tasks import PrintTask, TaskBook
from emulator.universal_print.tokens.authority import Authority
from emulator.universal_print.uploads import Uploads
from emulator.universal_print.violations import Violations
from emulator.universal_print.world import User, World


class Service:
    """Universal Print, Graph and Entra for one tenant. `directory` holds payloads; `base_url` is set by the server."""

    def __init__(self, world: World, directory: Path, settings: Settings | None = None) -> None:
        self.world = world
        self.directory = directory
        self.settings = settings or Settings()
        self.authority = Authority(world, self.settings)
        self.jobs = JobBook(directory, self.settings)
        self.uploads = Uploads(self.jobs, self.settings, self._now)
        self.downloads = Downloads(self.settings)
        self.tasks = TaskBook(self.jobs, self.settings)
        self.queues = PrintQueues(world, self.jobs, self.tasks, self.settings)
        self.subscriptions = SubscriptionBook()
        self.usage = Usage(self.settings, self.jobs)
        self.subscription_usage = SubscriptionUsage(self.settings)
        self.registrations = Registrations(world, self.settings)
        self.reports = Reports(world, self.jobs, self.settings)
        self.violations = Violations()
        self.faults = Faults()
        self.notifications = NotificationSender(world, self.subscriptions, self.settings, self.faults)
        self.tasks.on_started = self._tell_of_task
        self.queues.on_fetchable = self._tell_of_fetchable_job
        self.requests = RequestLog()
        self.skip_tokens = SkipTokens()
        self.graph = GraphApi(self)

    @property
    def base_url(self) -> str:
        """Where the service is reached, without a path."""
        return self.authority.base_url

    @base_url.setter
    def base_url(self, value: str) -> None:
        self.authority.base_url = value

    @property
    def clock(self) -> Clock:
        """The service's time."""
        return self.world.clock

    def _now(self) -> datetime:
        return self.world.clock.now()

    def settle(self) -> None:
        """Let happen what time has brought: tasks are given up and subscriptions end."""
        now = self._now()
        self.tasks.expire(now)
        self.subscriptions.expire(now)
        self.registrations.settle(now)

    def _tell_of_task(self, task: PrintTask) -> None:
        change = task_started(task, f"{self.base_url}/v1.0")
        self.notifications.announce(change, self.subscriptions.about(task.definition))

    def _tell_of_fetchable_job(self, job: Job) -> None:
        self.notifications.announce(job_fetchable(job), self.subscriptions.about(job.printer))

    def revoke_sign_in(self, user: User, *, reject_access_tokens: bool = False) -> None:
        """End the user's sign-in: the next refresh fails. Access tokens stay valid unless told otherwise."""
        user.sign_in_valid_from = self._now()
        user.reject_access_tokens = reject_access_tokens

    def job(self, job_id: str) -> Job:
        """The job. Raises KeyError."""
        job = self.jobs.find(job_id)
        if job is None:
            raise KeyError(job_id)
        return job
