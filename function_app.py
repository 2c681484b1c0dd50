"""Registers the functions, and loads ahead what they need."""

import azure.functions as func

from functions import (
    job_watch,
    kiosk,
    kiosk_page,
    notifications,
    print_tasks,
    status,
    submissions,
    upkeep,
    usage_export,
    usage_report,
)
from shared.preloading import preload_when_idle

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
for module in (
    submissions,
    job_watch,
    notifications,
    print_tasks,
    kiosk,
    kiosk_page,
    upkeep,
    status,
    usage_export,
    usage_report,
):
    app.register_functions(module.blueprint)
preload_when_idle()
