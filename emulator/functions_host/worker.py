"""The worker process: indexes a function app with Microsoft's worker library and runs its functions.

It speaks in frames with the host that started it, over its standard input and output; what the app prints goes to
standard error. It ends when the host does, however that went, because its input ends then.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

from emulator.functions_host import worker_protocol
from emulator.functions_host.frames import FrameError, pack, read_frame
from emulator.functions_host.packages import hide, packages_folder

# Python's own records carry the level as a number; below this the worker of Azure sends nothing either.
_LOG_LEVEL = logging.INFO


class _Output:
    """Sends frames, one whole frame at a time, from any thread."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: dict[str, Any]) -> None:
        frame = pack(message)
        with self._lock:
            self._stream.write(frame)
            self._stream.flush()


class _ForwardedLogs(logging.Handler):
    """Sends the app's log records to the host, with the invocation that they belong to."""

    def __init__(self, output: _Output) -> None:
        super().__init__(_LOG_LEVEL)
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        from azure_functions_runtime import invocation_id_cv

        try:
            text = self.format(record)
            self._output.send(
                {
                    "kind": "log",
                    "logger": record.name,
                    "level": record.levelno,
                    "text": text,
                    "id": invocation_id_cv.get(),
                }
            )
        except Exception:  # noqa: BLE001 - as every logging handler: a log line never fails its function
            self.handleError(record)


class Worker:
    """One indexed app and its running invocations."""

    def __init__(self, app: str, output: _Output) -> None:
        self._app = app
        self._output = output
        self._running: set[asyncio.Task[None]] = set()

    async def index(self) -> bool:
        """Import the app and tell the host its functions, or why there are none; whether it can serve."""
        import azure_functions_runtime as runtime
        from azure_functions_runtime import handle_event, http_v2

        answer = await runtime.worker_init_request(worker_protocol.init_request(self._app))
        if answer.result.status != worker_protocol.StatusResult.Success:
            error = answer.result.exception
            self._output.send({"kind": "broken", "message": error.message, "trace": error.stack_trace})
            return False
        if http_v2.HttpV2Registry.http_v2_enabled():
            message = "the app imports azurefunctions-extensions-http-fastapi, whose streaming this host does not have"
            self._output.send({"kind": "broken", "message": message, "trace": ""})
            return False
        functions = handle_event._metadata_result  # noqa: SLF001 - None only here, where the script file is missing
        runtime.start_threadpool_executor()
        self._output.send(
            {
                "kind": "ready",
                "pid": os.getpid(),
                "functions": None if functions is None else [_described(function) for function in functions],
            }
        )
        return True

    def accept(self, message: dict[str, Any]) -> None:
        """Start an invocation."""
        task = asyncio.get_running_loop().create_task(self._invoke(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _invoke(self, message: dict[str, Any]) -> None:
        import azure_functions_runtime as runtime

        runtime.invocation_id_cv.set(message["id"])
        try:
            answer = await runtime.invocation_request(worker_protocol.invocation_request(message))
            error = getattr(answer.result, "exception", None)
            result: dict[str, Any] = {
                "ok": answer.result.status == worker_protocol.StatusResult.Success,
                "error": error and error.message,
                "trace": error and error.stack_trace,
            }
            if result["ok"]:
                result["return"] = worker_protocol.typed_value(answer.return_value)
                result["outputs"] = [[item.name, worker_protocol.typed_value(item.data)] for item in answer.output_data]
            self._output.send({"kind": "result", "id": message["id"], **result})
        except Exception as error:  # noqa: BLE001 - whatever a value of the app does here fails this invocation alone
            self._output.send({"kind": "result", "id": message["id"], "ok": False, "error": repr(error), "trace": ""})


def _described(function: Any) -> dict[str, Any]:
    retry = function.retry_options
    return {
        "id": function.function_id,
        "name": function.name,
        "bindings": function.raw_bindings,
        "retry": retry
        and {
            "strategy": retry.retry_strategy,
            "count": retry.max_retry_count,
            **{
                name: getattr(retry, name).total_seconds()
                for name in ("delay_interval", "minimum_interval", "maximum_interval")
                if hasattr(retry, name)
            },
        },
    }


async def serve(app: str, requests: BinaryIO, output: _Output) -> int:
    """Index, then run what the host asks until it asks no more; give the exit code."""
    worker = Worker(app, output)
    if not await worker.index():
        return 1
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, "host-requests") as reader:
        while True:
            try:
                message = await loop.run_in_executor(reader, read_frame, requests)
            except (FrameError, OSError):
                message = None
            if message is None:
                # The host is gone. What still runs is cut off, as when an instance is taken away.
                os._exit(0)
            worker.accept(message)


def main(app: str, forbidden: Sequence[str]) -> None:
    """Run the worker for the app in folder `app`, the working directory too, without the modules `forbidden`."""
    requests = os.fdopen(os.dup(0), "rb")
    output = _Output(os.fdopen(os.dup(1), "wb"))
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    brought = packages_folder(Path(app))
    sys.path[:0] = [app, *([str(brought)] if brought else [])]
    hide(forbidden)
    root = logging.getLogger()
    root.setLevel(_LOG_LEVEL)
    root.addHandler(_ForwardedLogs(output))
    sys.exit(asyncio.run(serve(app, requests, output)))
