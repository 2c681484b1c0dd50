"""Answers a POST of Graph: the validation of an endpoint, or notifications. No Graph call, and no client is loaded."""

from __future__ import annotations

import json
import logging
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import azure.functions as func

from shared import metrics
from shared.errors import SettingsError
from shared.notifications.messages import messages_of, trace_of
from shared.notifications.reading import NotificationUnreadable, read_notifications
from shared.problems import NO_STORE
from shared.settings import Settings, load_settings
from shared.telemetry.signals import count
from shared.telemetry.switch import switch

logger = logging.getLogger(__name__)

# The token is text of whoever sends it: no browser may take it for a page.
PLAIN = {**NO_STORE, "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
TEXT = "text/plain"
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Received:
    """The answer, and the messages to queue before it is sent: where that fails the host answers 500 instead."""

    answer: func.HttpResponse
    messages: list[str] = field(default_factory=list)


_settings: Settings | None = None


def receive(request: func.HttpRequest, trace_parent: str | None) -> Received:
    """Answer one POST with the settings of the environment. `trace_parent` is the host's own trace."""
    global _settings
    token = request.params.get("validationToken")
    if token is not None:
        return Received(answer_validation(token))
    try:
        if _settings is None:
            _settings = load_settings(os.environ)
            switch(os.environ, telemetry=_settings.telemetry, log_names=_settings.log_names)
    except SettingsError as error:
        # The list of what is wrong is for the operator: this route is open to anybody.
        logger.error("notifications cannot be taken: %s", error)  # noqa: TRY400 - the sentence says it all
        return Received(_refusal(503, "Notifications cannot be taken now", "The settings of this app need attention."))
    trace = trace_of(trace_parent, request.headers.get("traceparent"), token_hex=secrets.token_hex)
    return receive_notifications(request.get_body(), trace, _settings, datetime.now(UTC))


def answer_validation(token: str) -> func.HttpResponse:
    """The token as it is, in plain text (Graph: change-notifications-delivery-webhooks)."""
    body = token.encode(errors="replace")
    return func.HttpResponse(body, status_code=200, mimetype=TEXT, charset="utf-8", headers=PLAIN)


def receive_notifications(body: bytes, traceparent: str, settings: Settings, now: datetime) -> Received:
    """Check a POST of notifications and make messages of its good items. `now` is aware."""
    if not settings.notification_client_states:
        return Received(_refusal(503, "Notifications cannot be taken now", "NOTIFICATION_CLIENT_STATE is not set."))
    most = settings.bounds.notification_body_bytes
    if len(body) > most:
        return Received(_refusal(413, "The request is too large", f"At most {most} bytes are taken."))
    try:
        notices = read_notifications(body, settings.notification_client_states, settings.graph_tenant_id)
    except NotificationUnreadable as error:
        logger.warning("a POST to the webhook cannot be read: %s", error)
        return Received(_refusal(400, "The request holds no notifications", str(error)))
    for reason, items in notices.refused.items():
        logger.warning("%d notifications were passed over: %s", items, reason)
        metrics.record("notifications_refused", items, reason=reason)
    messages = messages_of(notices, traceparent, now, most=settings.bounds.notification_tasks_per_message)
    if notices.tasks:
        # No line of the log: it would cost a fifth of the answer, and the queue function writes one for each task.
        count("print.notifications", len(notices.tasks))
    return Received(func.HttpResponse(status_code=202, headers=NO_STORE), [_text(message) for message in messages])


def _text(message: Mapping[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"))


def _refusal(status: int, title: str, detail: str) -> func.HttpResponse:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return func.HttpResponse(json.dumps(body), status_code=status, mimetype=PROBLEM, headers=NO_STORE)
