"""What the queues and the clock start."""

import asyncio
import json
import os
import time

import azure.functions as func

blueprint = func.Blueprint()


@blueprint.queue_trigger(arg_name="message", queue_name="orders", connection="ShopStorage")
@blueprint.queue_output(arg_name="$return", queue_name="bills", connection="ShopStorage")
async def bill(message: func.QueueMessage) -> str:
    """Answer an order with a bill, or fail, or wait, as the order says."""
    text = message.get_body().decode()
    if text.startswith("bad"):
        raise ValueError(f"no such article: {text}")
    if text.startswith("slow"):
        await asyncio.sleep(30)
    return json.dumps(
        {
            "order": text,
            "id": message.id,
            "count": message.dequeue_count,
            "inserted": message.insertion_time.isoformat() if message.insertion_time else None,
            "pid": os.getpid(),
        }
    )


@blueprint.queue_trigger(arg_name="parcel", queue_name="parcels", connection="ShopStorage")
@blueprint.blob_output(arg_name="label", path="labels/{street}/{number}.txt", connection="ShopStorage")
def ship(parcel: func.QueueMessage, label: func.Out[str]) -> None:
    """Write a label where the parcel's own fields say."""
    time.sleep(0.01)
    label.set(f"to {parcel.get_json()['street']}")


@blueprint.timer_trigger(arg_name="timer", schedule="%CLOSING_TIME%")
@blueprint.queue_output(arg_name="report", queue_name="reports", connection="ShopStorage")
def close(timer: func.TimerRequest, report: func.Out[str]) -> None:
    """Report the closing of the shop."""
    report.set(json.dumps({"past_due": timer.past_due, "last": (timer.schedule_status or {}).get("Last")}))
