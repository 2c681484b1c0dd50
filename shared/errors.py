"""Every error that this system raises on purpose.

    PrintFunctionsError
    ├── SettingsError            the environment is wrong: lists everything to mend
    ├── DocumentRejected         the file or its settings are wrong: its owner can mend it, a retry cannot
    ├── NotNow                   nothing is wrong, but it must wait: becomes a delayed message
    │   └── AccountLapsed        an account must sign in again
    ├── Superseded               another worker, or a newer file, took this over: stop quietly
    ├── StorageConflict          a conditional write lost: somebody else wrote first
    ├── KioskRefused             a kiosk or the person at it may not do that, or not yet
    ├── GraphError               Graph answered with an error status
    │   ├── GraphThrottled       429: carries the wait that Graph asks for
    │   ├── GraphUnavailable     408 or 5xx: the work may or may not have been done
    │   ├── GraphDenied          401 or 403
    │   ├── GraphNotFound        404 or 410
    │   └── GraphConflict        409
    ├── NoReply                  the connection ended without an answer: the work may have been done
    └── UploadFailed             an upload that cannot go on
        └── UploadSessionGone    the upload session ended before the document was complete

Callers branch on the class, never on the message.
"""

from __future__ import annotations

from collections.abc import Sequence


class PrintFunctionsError(Exception):
    """The root of the tree."""


class SettingsError(PrintFunctionsError):
    """Settings are missing, unknown or malformed.

    `problems` holds one sentence a setting, each with the fix.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("These settings need attention:\n" + "\n".join(f"- {problem}" for problem in problems))


class DocumentRejected(PrintFunctionsError):
    """A document cannot be printed as it is.

    `code` is a stable word for programs, `reason` a sentence for the person who sent the file.
    """

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


class NotNow(PrintFunctionsError):
    """The work must be tried again after `delay` seconds; `code` and `reason` say why."""

    def __init__(self, code: str, reason: str, delay: float) -> None:
        self.code = code
        self.reason = reason
        self.delay = delay
        super().__init__(reason)


class AccountLapsed(NotNow):
    """The account `user_principal_name` has no usable sign-in until somebody runs `printops login`."""

    def __init__(self, user_principal_name: str, reason: str, delay: float) -> None:
        self.user_principal_name = user_principal_name
        super().__init__("accountLapsed", reason, delay)


class Superseded(PrintFunctionsError):
    """The record changed under this worker, or the file was replaced: whoever changed it goes on."""


class StorageConflict(PrintFunctionsError):
    """A conditional write found another version than it was told to expect."""


class KioskRefused(PrintFunctionsError):
    """A kiosk's request is refused; nothing was done.

    `code` is a stable word for the kiosk's page and for device makers, `reason` a sentence for the person there,
    `delay` the seconds to wait where asking again later helps.
    """

    def __init__(self, code: str, reason: str, delay: float | None = None) -> None:
        self.code = code
        self.reason = reason
        self.delay = delay
        super().__init__(reason)


class GraphError(PrintFunctionsError):
    """Graph refused `operation` with an error body (Graph: errors).

    `status` is the HTTP status, `code` the error's code, `request_id` what Microsoft's support asks for.
    """

    def __init__(self, operation: str, status: int, code: str, message: str, request_id: str | None = None) -> None:
        self.operation = operation
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        super().__init__(f"{operation}: {status} {code}: {message} (request-id {request_id or 'unknown'})")


class GraphThrottled(GraphError):
    """Graph asks to wait `retry_after` seconds (Graph: throttling); None where it did not say."""

    retry_after: float | None = None


class GraphUnavailable(GraphError):
    """A 408 or 5xx: the service is in trouble and may have done the work nevertheless."""

    retry_after: float | None = None


class GraphDenied(GraphError):
    """The token is missing, too weak or of the wrong kind for the operation."""


class GraphNotFound(GraphError):
    """The job, share or session does not exist, or no longer does."""


class GraphConflict(GraphError):
    """The object is not in a state that allows the operation."""


class NoReply(PrintFunctionsError):
    """`operation` was sent and no answer came back: it may have been done."""

    def __init__(self, operation: str, cause: str) -> None:
        self.operation = operation
        super().__init__(f"{operation}: no reply ({cause})")


class UploadFailed(PrintFunctionsError):
    """The upload cannot go on; the message says why."""


class UploadSessionGone(UploadFailed):
    """The upload session expired or was cancelled before every byte had arrived."""
