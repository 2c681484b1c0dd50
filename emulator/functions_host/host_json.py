"""What host.json says, with the overrides that app settings may make (Functions: host.json reference)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from emulator.functions_host.errors import StartError

OVERRIDE_PREFIX = "AzureFunctionsJobHost__"
MAXIMUM_BATCH_SIZE = 32
_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):([0-5]?\d)(?::([0-5]?\d)(\.\d{1,7})?)?")


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """How a queue is listened to. Defaults: Functions, host.json section `queues`; polling as in development."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: timedelta = timedelta()
    max_polling_interval: timedelta = timedelta(seconds=2)
    base64: bool = True


@dataclass(frozen=True, slots=True)
class HostOptions:
    """The parts of host.json that the local host follows."""

    route_prefix: str = "api"
    function_timeout: timedelta | None = timedelta(minutes=30)
    queues: QueueOptions = QueueOptions()
    blob_parallelism: int = 8
    poison_blob_threshold: int = 5


def load_host_options(app: Path, settings: Mapping[str, str]) -> HostOptions:
    """Read `host.json` of the app. Raises StartError when it is missing or says something impossible."""
    path = app / "host.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise StartError(f"host.json is missing in {app}") from None
    except ValueError as error:
        raise StartError(f"host.json is not JSON: {error}") from None
    if not isinstance(content, dict) or content.get("version") != "2.0":
        raise StartError('host.json must be an object with "version": "2.0"')
    return host_options(_overridden(content, settings))


def host_options(content: Mapping[str, Any]) -> HostOptions:
    """Read the content of host.json. Raises StartError naming the value that is wrong."""
    extensions = content.get("extensions", {})
    http, queues, blobs = (_section(extensions, name) for name in ("http", "queues", "blobs"))
    batch_size = _number(queues, "queues.batchSize", 16, 1, MAXIMUM_BATCH_SIZE)
    encoding = str(queues.get("messageEncoding", "base64")).lower()
    if encoding not in ("base64", "none"):
        raise StartError(f'host.json: queues.messageEncoding is "base64" or "none", not "{encoding}"')
    timeout = content.get("functionTimeout", "00:30:00")
    return HostOptions(
        route_prefix=str(http.get("routePrefix", "api")).strip("/"),
        function_timeout=None if timeout == "-1" else _time(content, "functionTimeout", "00:30:00"),
        queues=QueueOptions(
            batch_size=batch_size,
            new_batch_threshold=_number(queues, "queues.newBatchThreshold", batch_size // 2, 0, 1000),
            max_dequeue_count=_number(queues, "queues.maxDequeueCount", 5, 1, 2**31 - 1),
            visibility_timeout=_time(queues, "queues.visibilityTimeout", "00:00:00"),
            max_polling_interval=_time(queues, "queues.maxPollingInterval", "00:00:02"),
            base64=encoding == "base64",
        ),
        blob_parallelism=_number(blobs, "blobs.maxDegreeOfParallelism", 8, 1, 1000),
        poison_blob_threshold=_number(blobs, "blobs.poisonBlobThreshold", 5, 1, 2**31 - 1),
    )


def parse_time_span(text: str) -> timedelta:
    """Read a .NET TimeSpan such as `00:00:30` or `1.02:00:00`. Raises ValueError for anything else."""
    match = _TIME_SPAN.fullmatch(text.strip())
    if not match or int(match[2]) > 23:
        raise ValueError(f"{text!r} is not a time span like 00:00:30")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:4])
    fraction = float(match[5] or 0)
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds + fraction)


def _section(extensions: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = extensions.get(name, {})
    if not isinstance(section, dict):
        raise StartError(f"host.json: extensions.{name} must be an object")
    return section


def _number(section: Mapping[str, Any], path: str, default: int, least: int, most: int) -> int:
    value = section.get(path.rpartition(".")[2], default)
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = least - 1
    if isinstance(value, bool) or not least <= number <= most:
        raise StartError(f"host.json: {path} must be a number from {least} to {most}, not {value!r}")
    return number


def _time(section: Mapping[str, Any], path: str, default: str) -> timedelta:
    try:
        return parse_time_span(str(section.get(path.rpartition(".")[2], default)))
    except ValueError as error:
        raise StartError(f"host.json: {path}: {error}") from None


def _overridden(content: dict[str, Any], settings: Mapping[str, str]) -> dict[str, Any]:
    for name, value in settings.items():
        if not name.startswith(OVERRIDE_PREFIX):
            continue
        *sections, last = name.removeprefix(OVERRIDE_PREFIX).split("__")
        target = content
        for section in sections:
            target = target.setdefault(_same_name(target, section), {})
            if not isinstance(target, dict):
                raise StartError(f"the setting {name} does not fit host.json")
        target[_same_name(target, last)] = value
    return content


def _same_name(target: Mapping[str, Any], name: str) -> str:
    """Settings are compared without regard to case, so `QUEUES` overrides `queues`."""
    return next((known for known in target if known.lower() == name.lower()), name)
