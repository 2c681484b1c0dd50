"""Change notifications as Graph posts them, and settings that take them."""

from __future__ import annotations

import json
from typing import Any

from tests.support.sign_in import KEY
from tests.support.tenant import CLIENT_ID, TENANT_ID

DEFINITION = "0d1e2f3a-0000-0000-0000-00000000000d"
SECRET = "the-client-state"
BEFORE = "the-one-before"
SETTINGS = {
    "PrintStorage": "UseDevelopmentStorage=true",
    "GRAPH_TENANT_ID": TENANT_ID,
    "GRAPH_CLIENT_ID": CLIENT_ID,
    "PRINT_ACCOUNTS": "print1@contoso.example",
    "TOKEN_CACHE_KEY": KEY,
    "NOTIFICATION_URL": "https://print.contoso.example",
    "NOTIFICATION_CLIENT_STATE": f"{SECRET},{BEFORE}",
}


def task_id(number: int) -> str:
    """A GUID with this number at its end."""
    return f"00000000-0000-0000-0000-{number:012}"


def notice(number: int = 1, **changes: Any) -> dict[str, Any]:
    """One notification of a task that began (Microsoft's S2S sample); a change to None leaves a member out."""
    resource = f"print/taskDefinitions/{DEFINITION}/tasks/{task_id(number)}"
    item = {
        "subscriptionId": "5d5d5d5d-0000-0000-0000-000000000005",
        "subscriptionExpirationDateTime": "2026-12-01T00:00:00Z",
        "clientState": SECRET,
        "changeType": "created",
        "tenantId": TENANT_ID,
        "resource": resource,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.PrintTask",
            "@odata.id": resource,
            "@odata.etag": 'W/"1"',
            "id": task_id(number),
            "parentUrl": "https://graph.microsoft.com/v1.0/print/printers/f000/jobs/1",
        },
        **changes,
    }
    return {name: value for name, value in item.items() if value is not None}


def lifecycle(event: str = "reauthorizationRequired", **changes: Any) -> dict[str, Any]:
    """A lifecycle notification, which has no resource (Graph: change-notifications-lifecycle-events)."""
    return notice(resource=None, resourceData=None, changeType=None, lifecycleEvent=event, **changes)


def body_of(*items: Any) -> bytes:
    """The body of a POST."""
    return json.dumps({"value": list(items)}).encode()
