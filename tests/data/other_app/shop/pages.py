"""What a browser asks for."""

import asyncio
import json
import logging
import os
import time
import typing

import azure.functions as func

blueprint = func.Blueprint()
_seen: list[str] = []


@blueprint.route(route="items/{kind}/{number:int}", methods=["GET", "PUT"], auth_level=func.AuthLevel.ANONYMOUS)
def item(req: func.HttpRequest) -> func.HttpResponse:
    """Say what was asked, in another thread than other requests."""
    answer = {
        "route": dict(req.route_params),
        "query": dict(req.params),
        "method": req.method,
        "url": req.url,
        "header": req.headers.get("X-Shelf"),
        "body": req.get_body().decode(),
    }
    headers = {"X-Shop": "open", "Set-Cookie": "basket=7; Path=/; HttpOnly; SameSite=Lax"}
    return func.HttpResponse(json.dumps(answer), mimetype="application/json", headers=headers, status_code=203)


@blueprint.route(route="files/{*path}", auth_level=func.AuthLevel.ANONYMOUS)
async def files(req: func.HttpRequest, context: func.Context) -> str:
    """Return plain text, and log with the invocation's id."""
    print("printed by the shop")
    logging.info("asked for a file")
    return f"{context.function_name} {context.invocation_id} {req.route_params['path']}"


@blueprint.route(route="private")
async def private(req: func.HttpRequest) -> func.HttpResponse:
    """Need a key."""
    return func.HttpResponse(f"hello, pid {os.getpid()}")


@blueprint.route(route="keeper", auth_level=func.AuthLevel.ADMIN)
async def keeper(req: func.HttpRequest) -> func.HttpResponse:
    """Need the master key."""
    return func.HttpResponse("hello, keeper")


@blueprint.route(route="broken", auth_level=func.AuthLevel.ANONYMOUS)
async def broken(req: func.HttpRequest) -> func.HttpResponse:
    """Fail."""
    raise RuntimeError("the till is stuck: secret 4711")


@blueprint.route(route="wait/{seconds}", auth_level=func.AuthLevel.ANONYMOUS)
async def wait(req: func.HttpRequest) -> func.HttpResponse:
    """Take a while without blocking others."""
    await asyncio.sleep(float(req.route_params["seconds"]))
    return func.HttpResponse("waited")


@blueprint.route(route="counter", auth_level=func.AuthLevel.ANONYMOUS)
async def counter(req: func.HttpRequest) -> func.HttpResponse:
    """Count in this process's memory."""
    _seen.append("page")
    return func.HttpResponse(f"{len(_seen)} {os.getpid()}")


@blueprint.route(route="order", auth_level=func.AuthLevel.ANONYMOUS)
@blueprint.queue_output(arg_name="queued", queue_name="orders", connection="ShopStorage")
async def order(req: func.HttpRequest, queued: func.Out[typing.List[str]]) -> func.HttpResponse:
    """Put each line of the body into the queue."""
    queued.set(req.get_body().decode().splitlines())
    return func.HttpResponse(status_code=202)


@blueprint.route(route="sleep", auth_level=func.AuthLevel.ANONYMOUS)
def sleep(req: func.HttpRequest) -> func.HttpResponse:
    """Block a thread of the pool, and tell the time zone."""
    time.sleep(0.3)
    return func.HttpResponse(time.tzname[0])
