"""The names of storage containers, queues and state paths. They are fixed: other systems rely on them."""

INBOX = "print-inbox"
ARCHIVE = "print-archive"
FAILED = "print-failed"
USAGE = "print-usage"
STATE = "print-state"

SUBMISSIONS_QUEUE = "print-submissions"
JOBS_QUEUE = "print-jobs"
EVENTS_QUEUE = "print-events"
POISON_SUFFIX = "-poison"

CONTAINERS = (INBOX, ARCHIVE, FAILED, USAGE, STATE)
QUEUES = (SUBMISSIONS_QUEUE, JOBS_QUEUE, EVENTS_QUEUE)

KIOSKS_PREFIX = "kiosks/"
ATTEMPTS_PREFIX = "attempts/"
BADGES_PREFIX = "badges/"

CATALOG_PATH = "catalog.json"
HELD_PREFIX = "held/"
RECEIPT_SUFFIX = ".receipt.json"
TICKET_SUFFIX = ".print.json"
FOLDER_TICKET = "_print.json"


def submission_path(key: str) -> str:
    """Where the record of one submission lies in the state container."""
    return f"submissions/{key}.json"


def open_marker_path(key: str) -> str:
    """The empty blob that stands while a submission is open, so that a sweep lists only open ones."""
    return f"open/{key}"


def job_owner_path(share_id: str, job_id: str) -> str:
    """The blob that says which submission a Graph job belongs to. It is written once and never changed."""
    return f"jobs/{share_id}/{job_id}.json"


def collected_path(key: str) -> str:
    """What became of a dropped document that was held for a person, written once by the held job's end."""
    return f"collected/{key}.json"


def account_path(user_principal_name: str) -> str:
    """Where an account's budget and health lie in the state container."""
    return f"accounts/{user_principal_name.lower()}.json"


def token_cache_path(user_principal_name: str) -> str:
    """Where an account's encrypted token cache lies in the state container."""
    return f"accounts/{user_principal_name.lower()}.cache"


def administrator_cache_path(user_principal_name: str) -> str:
    """Where an administrator's encrypted token cache lies, for commands that are told to remember the sign-in."""
    return f"accounts/{user_principal_name.lower()}.administrator.cache"


def printer_path(printer_id: str) -> str:
    """Where the shared budget of one printer lies in the state container."""
    return f"printers/{printer_id}.json"


def held_prefix(user_id: str) -> str:
    """Below this path lie the held jobs that the person may collect."""
    return f"{HELD_PREFIX}{user_id.lower()}/"


def held_path(user_id: str, printer_id: str, job_id: str) -> str:
    """Where one held job lies. `printer_id` and `job_id` are those of the virtual printer's job."""
    return f"{held_prefix(user_id)}{printer_id.lower()}/{job_id}"


def task_path(task_id: str) -> str:
    """The record of one print task, kept until the service has forgotten the task."""
    return f"tasks/{task_id.lower()}.json"


def kiosk_path(kiosk_id: str) -> str:
    """The record of one kiosk: its printer and its secret's hash."""
    return f"{KIOSKS_PREFIX}{kiosk_id.lower()}.json"


def kiosk_attempts_path(kiosk_id: str) -> str:
    """How many taps at a kiosk failed in a row."""
    return f"{ATTEMPTS_PREFIX}kiosks/{kiosk_id.lower()}.json"


def person_attempts_path(name_hash: str) -> str:
    """How many wrong PINs were typed in a row for the user name with this keyed hash."""
    return f"{ATTEMPTS_PREFIX}people/{name_hash}.json"


def badge_path(badge_hash: str) -> str:
    """The record that says whose badge has this keyed hash."""
    return f"{BADGES_PREFIX}{badge_hash}.json"


def person_path(user_principal_name: str) -> str:
    """The record of a person who may tap: user id and the PIN's hash."""
    return f"people/{user_principal_name.lower()}.json"


def subscription_path(name: str) -> str:
    """The record of a Graph subscription that upkeep maintains."""
    return f"subscriptions/{name}.json"
