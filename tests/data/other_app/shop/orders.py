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


@blueprint.queue_trigger(arg_name="message", queue_name="refunds", connection="ShopStorage")
@blueprint.queue_output(arg_name="paid", queue_name="paid", connection="ShopStorage")
@blueprint.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:07")
def refund(message: func.QueueMessage, paid: func.Out[bytes], context: func.Context) -> None:
    """Work at the third attempt of one delivery, and never for a bad one."""
    attempt = context.retry_context.retry_count
    print("frames must not mind", "\x00\x00\x00\x05" * 3)
    if attempt < context.retry_context.max_retry_count or message.get_body() == b"bad":
        raise ValueError(f"attempt {attempt}")
    paid.set(message.get_body())
