"""What can go wrong with an app, before or while it runs."""

from __future__ import annotations


class HostError(Exception):
    """Base of everything below."""


class AppBroken(HostError):
    """The app cannot be loaded. `trace` is the app's own traceback, empty when there is none."""

    def __init__(self, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.trace = trace


class StartError(HostError):
    """A function, a setting or host.json asks for what cannot be; the message names it."""


class WorkerLost(HostError):
    """The worker process ended before it answered."""

    def __init__(self) -> None:
        super().__init__("the worker process ended while it ran the function")


class InvocationFailed(HostError):
    """A function raised, or what it gave back could not be used."""
