"""The functions of an app, read from what the worker indexed, and checked for what this host can run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.functions_host.connections import HOST_CONNECTION
from emulator.functions_host.errors import StartError

TRIGGERS = {"httpTrigger", "queueTrigger", "blobTrigger", "timerTrigger"}
OUTPUTS = {"http", "queue", "blob"}
_SETTING = re.compile(r"%([^%]+)%")


@dataclass(frozen=True, slots=True)
class Retry:
    """A function's own retry policy; delays in seconds."""

    count: int
    fixed: bool
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Function:
    """One indexed function. `trigger` and `outputs` are bindings with `%SETTING%` already filled in."""

    id: str
    name: str
    trigger: Mapping[str, Any]
    outputs: Sequence[Mapping[str, Any]]
    retry: Retry | None
    disabled: bool

    @property
    def kind(self) -> str:
        """The trigger's type, such as `queueTrigger`."""
        return str(self.trigger["type"])

    @property
    def scale_group(self) -> str:
        """What shares instances on Flex Consumption: HTTP together, blobs together, every other function alone."""
        return {"httpTrigger": "http", "blobTrigger": "blob"}.get(self.kind, f"function:{self.name}")

    @property
    def connection(self) -> str:
        """The name of the trigger's connection."""
        return str(self.trigger.get("connection") or HOST_CONNECTION)

    @property
    def deferred(self) -> bool:
        """Whether the trigger gets a reference instead of the content.

        The host drops the reference when another binding holds an expression (azure-functions-dotnet-worker #1969).
        """
        wanted = bool(self.trigger.get("properties", {}).get("SupportsDeferredBinding"))
        texts = (value for output in self.outputs for value in output.values() if isinstance(value, str))
        return wanted and not any("{" in text for text in texts)


def read_functions(described: Iterable[Mapping[str, Any]], settings: Mapping[str, str]) -> list[Function]:
    """Make functions of what the worker indexed.

    Raises StartError naming the function when a trigger or binding is not one that this host runs, or when the real
    host would refuse it: a blob trigger that polls (Flex Consumption), a `%SETTING%` that is not set.
    """
    functions = [_read(item, settings) for item in described]
    names: set[str] = set()
    for function in functions:
        if function.name.lower() in names:
            raise StartError(f"two functions are called {function.name}")
        names.add(function.name.lower())
    return functions


def _read(item: Mapping[str, Any], settings: Mapping[str, str]) -> Function:
    name = str(item["name"])
    bindings = [_filled(json.loads(text), settings, name) for text in item["bindings"]]
    triggers = [binding for binding in bindings if str(binding["type"]).lower().endswith("trigger")]
    if len(triggers) != 1:
        raise StartError(f"the function {name} has {len(triggers)} triggers; it must have one")
    trigger = triggers[0]
    outputs = [binding for binding in bindings if binding is not trigger]
    if trigger["type"] not in TRIGGERS:
        raise StartError(f"the function {name} has a {trigger['type']}, which this host does not run")
    for output in outputs:
        if str(output.get("direction")).upper() != "OUT" or output["type"] not in OUTPUTS:
            direction = str(output.get("direction")).lower()
            raise StartError(
                f"the function {name} has an {direction} binding of type {output['type']}, "
                "which this host does not have"
            )
    if trigger["type"] == "blobTrigger" and str(trigger.get("source", "")).lower() != "eventgrid":
        raise StartError(
            f'the blob trigger of {name} polls its container, which Flex Consumption refuses: give source="EventGrid"'
        )
    return Function(
        id=str(item["id"]),
        name=name,
        trigger=trigger,
        outputs=outputs,
        retry=_retry(item.get("retry")),
        disabled=settings.get(f"AzureWebJobs.{name}.Disabled", "").lower() in ("1", "true"),
    )


def _retry(policy: Mapping[str, Any] | None) -> Retry | None:
    if not policy:
        return None
    if policy["strategy"] == "fixed_delay":
        return Retry(policy["count"], True, policy["delay_interval"], policy["delay_interval"])
    return Retry(policy["count"], False, policy["minimum_interval"], policy["maximum_interval"])


def _filled(binding: dict[str, Any], settings: Mapping[str, str], function: str) -> dict[str, Any]:
    def value_of(match: re.Match[str]) -> str:
        value = settings.get(match[1])
        if value is None:
            raise StartError(f"the function {function} needs the setting {match[1]}, which is not set")
        return value

    # A connection is the name of a setting, never a value, so it is not looked into.
    return {
        key: _SETTING.sub(value_of, value) if isinstance(value, str) and key != "connection" else value
        for key, value in binding.items()
    }
