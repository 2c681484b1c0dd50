"""Registers the functions, and nothing else."""

import azure.functions as func

from functions import job_watch, status, submissions, upkeep

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
for module in (submissions, job_watch, upkeep, status):
    app.register_functions(module.blueprint)
