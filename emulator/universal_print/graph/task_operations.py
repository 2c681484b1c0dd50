"""Task definitions, tasks and triggers (Graph: printtaskdefinition, printtask, printer-post-tasktriggers)."""

from __future__ import annotations

import re
from typing import Any

from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.caller import require_printer_administrator
from emulator.universal_print.graph.errors import GraphError, access_denied, bad_request, conflict, not_found
from emulator.universal_print.graph.lookup import printer_of
from emulator.universal_print.graph.paging import expand, listing, page
from emulator.universal_print.graph.views import task_definition_view, task_trigger_view, task_view
from emulator.universal_print.tasks import ABORTED, COMPLETED, DONE, PROCESSING, PrintTask, TaskDefinition, TaskTrigger

_GRAPH = "https://graph.microsoft.com/v1.0"
_DEFINITION = re.compile(r"/print/taskDefinitions/([^/]+)")
_DESCRIPTIONS = {COMPLETED: DONE, ABORTED: "The task was aborted."}


async def list_definitions(call: Call) -> Result:
    """GET /print/taskDefinitions: the calling app's own."""
    shown, next_link = page(call, _own_definitions(call))
    return Result(200, listing(call, "print/taskDefinitions", [task_definition_view(one) for one in shown], next_link))


async def create_definition(call: Call) -> Result:
    """POST /print/taskDefinitions."""
    name, created_by = _definition_members(call)
    if name is None:
        raise bad_request("displayName is required.")
    definition = call.service.tasks.define(call.caller.app, name, created_by)
    return Result(201, _definition_body(call, definition))


async def get_definition(call: Call) -> Result:
    """GET /print/taskDefinitions/{definition}."""
    return Result(200, _definition_body(call, definition_of(call)))


async def update_definition(call: Call) -> Result:
    """PATCH /print/taskDefinitions/{definition}."""
    definition = definition_of(call)
    name, created_by = _definition_members(call)
    definition.display_name = name if name is not None else definition.display_name
    definition.created_by_name = created_by if created_by is not None else definition.created_by_name
    return Result(200, _definition_body(call, definition))


async def delete_definition(call: Call) -> Result:
    """DELETE /print/taskDefinitions/{definition}."""
    definition = definition_of(call)
    if call.service.tasks.triggers_of(definition):
        raise conflict("The task definition is in use by a task trigger.")
    call.service.tasks.forget(definition)
    return Result(204)


async def list_tasks(call: Call) -> Result:
    """GET /print/taskDefinitions/{definition}/tasks: those that run, and those that ended recently."""
    definition = definition_of(call)
    shown, next_link = page(call, call.service.tasks.of_definition(definition, call.now))
    context = f"print/taskDefinitions('{definition.id}')/tasks"
    return Result(200, listing(call, context, [task_view(task, call.root) for task in shown], next_link))


async def get_task(call: Call) -> Result:
    """GET /print/taskDefinitions/{definition}/tasks/{task}."""
    return Result(200, _task_body(call, _task_of(call)))


async def update_task(call: Call) -> Result:
    """PATCH /print/taskDefinitions/{definition}/tasks/{task}: `completed` lets the job go on."""
    task = _task_of(call)
    status = call.checked(call.body_of("status").get("status"), "printTaskStatus", "status", complete=False)
    state = status.get("state", task.state)
    if not task.is_processing:
        raise conflict(f"The task is {task.state} and can't be changed.")
    if state not in {PROCESSING, COMPLETED, ABORTED}:
        raise bad_request(f"A task can't become {state}.")
    description = status.get("description") or _DESCRIPTIONS.get(state, task.description)
    if state == PROCESSING:
        task.description = description
    else:
        call.service.tasks.end(task, state, description, call.now)
        if state == COMPLETED and task.job.is_held:
            call.service.queues.resume(task.job)
    return Result(200, _task_body(call, task))


async def list_triggers(call: Call) -> Result:
    """GET /print/printers/{printer}/taskTriggers: one at most, with what it starts where that is expanded."""
    printer = printer_of(call)
    expanded = expand(call, *(("definition",) if call.service.settings.triggers_show_definition else ()))
    trigger = call.service.tasks.trigger_of(printer)
    shown = [task_trigger_view(trigger)] if trigger is not None else []
    if trigger is not None and "definition" in expanded:
        shown[0]["definition"] = task_definition_view(trigger.definition)
    return Result(200, listing(call, f"print/printers('{printer.id}')/taskTriggers", shown, None))


async def create_trigger(call: Call) -> Result:
    """POST /print/printers/{printer}/taskTriggers, with a token of the app that made the definition."""
    printer = printer_of(call)
    body = call.body_of("event", "definition@odata.bind")
    if body.get("event") != "jobStarted":
        raise bad_request("event must be jobStarted.")
    definition = _bound_definition(call, body.get("definition@odata.bind"))
    if definition.app is not call.caller.app:
        raise access_denied("Only the app that created the task definition may create a trigger for it.")
    if call.service.tasks.trigger_of(printer) is not None:
        raise conflict("The printer has a task trigger already.")
    return Result(201, _trigger_body(call, call.service.tasks.add_trigger(printer, definition)))


async def get_trigger(call: Call) -> Result:
    """GET /print/printers/{printer}/taskTriggers/{trigger}."""
    return Result(200, _trigger_body(call, _trigger_of(call)))


async def delete_trigger(call: Call) -> Result:
    """DELETE /print/printers/{printer}/taskTriggers/{trigger}."""
    require_printer_administrator(call.caller)
    call.service.tasks.remove_trigger(_trigger_of(call))
    return Result(204)


def definition_of(call: Call) -> TaskDefinition:
    """The definition of the path. Raises GraphError 404, also for one of another app's."""
    definition = call.service.tasks.definitions.get(call.parameters["definition"])
    if definition is None or definition.app is not call.caller.app:
        raise not_found("The task definition")
    return definition


def _own_definitions(call: Call) -> list[TaskDefinition]:
    return [one for one in call.service.tasks.definitions.values() if one.app is call.caller.app]


def _definition_members(call: Call) -> tuple[str | None, str | None]:
    """The display name and the app's own word for itself, where the body has them. Raises GraphError 400."""
    body = call.checked(
        call.body_of("displayName", "createdBy"), "printTaskDefinition", "The task definition", complete=False
    )
    created_by = body.get("createdBy", {})
    if created_by.keys() - {"displayName"}:
        raise bad_request("Of createdBy only displayName can be given.")
    name = body.get("displayName")
    if name is not None and not name.strip():
        raise bad_request("displayName must not be empty.")
    return name, created_by.get("displayName")


def _task_of(call: Call) -> PrintTask:
    task = call.service.tasks.find(definition_of(call), call.parameters["task"], call.now)
    if task is None:
        raise not_found("The task")
    return task


def _trigger_of(call: Call) -> TaskTrigger:
    trigger = call.service.tasks.trigger_of(printer_of(call))
    if trigger is None or trigger.id != call.parameters["trigger"]:
        raise not_found("The task trigger")
    return trigger


def _bound_definition(call: Call, url: Any) -> TaskDefinition:
    for root in (call.root, _GRAPH):
        found = _DEFINITION.fullmatch(url.removeprefix(root)) if isinstance(url, str) and url.startswith(root) else None
        definition = call.service.tasks.definitions.get(found[1]) if found else None
        if definition is not None:
            return definition
    raise GraphError(400, "invalidRequest", "definition@odata.bind must be the URL of a task definition.")


def _definition_body(call: Call, definition: TaskDefinition) -> dict[str, Any]:
    return {"@odata.context": call.context("print/taskDefinitions/$entity"), **task_definition_view(definition)}


def _task_body(call: Call, task: PrintTask) -> dict[str, Any]:
    context = call.context(f"print/taskDefinitions('{task.definition.id}')/tasks/$entity")
    return {"@odata.context": context, **task_view(task, call.root)}


def _trigger_body(call: Call, trigger: TaskTrigger) -> dict[str, Any]:
    context = call.context(f"print/printers('{trigger.printer.id}')/taskTriggers/$entity")
    return {"@odata.context": context, **task_trigger_view(trigger)}


HANDLERS: dict[str, Handler] = {
    "listTaskDefinitions": list_definitions,
    "createTaskDefinition": create_definition,
    "getTaskDefinition": get_definition,
    "updateTaskDefinition": update_definition,
    "deleteTaskDefinition": delete_definition,
    "listTasks": list_tasks,
    "getTask": get_task,
    "updateTask": update_task,
    "listTaskTriggers": list_triggers,
    "createTaskTrigger": create_trigger,
    "getTaskTrigger": get_trigger,
    "deleteTaskTrigger": delete_trigger,
}
