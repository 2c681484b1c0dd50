"""Whether Graph tells this app of print tasks: the subscription is there, at the right address, with the secret."""

from __future__ import annotations

from shared.catalog import Catalog
from shared.doctor.finding import Finding, failed, skipped, warning, works
from shared.graph.subscription_client import Subscription
from shared.subscriptions.deciding import Decision, Existing, Move, Wanted, decide
from shared.subscriptions.record import SubscriptionRecord, secret_mark
from shared.subscriptions.services import SubscriptionServices
from shared.subscriptions.upkeep import load_record

# Functions: run a function that no HTTP request triggers, by hand.
_PORTAL = "Function App > Functions > upkeep > Code + Test > Test/Run; within 15 minutes it runs by itself"
_EFFECT = "held jobs appear up to a minute late"
_COMMAND = (
    "curl --request POST https://APP.azurewebsites.net/admin/functions/upkeep --header 'x-functions-key: MASTER_KEY' "
    "--json '{}'"
)


async def check_subscription(catalog: Catalog, services: SubscriptionServices) -> Finding:
    """Look at the one that upkeep keeps, and at what upkeep would do with it."""
    definition = catalog.task_definition_id
    if services.notification_url is None or definition is None:
        what = "NOTIFICATION_URL is not set" if services.notification_url is None else "the catalog holds no jobs"
        return skipped(f"{what}: no subscription is wanted")
    wanted = Wanted.of(definition, services.notification_url)
    record, _ = await load_record(services.state)
    found = await services.graph.get(record.id) if record.id else None
    existing = Existing(found, is_current(record, services.client_states)) if found is not None else None
    decision = decide(existing, wanted, services.now(), services.bounds)
    stranger = None
    if decision.move is Move.CREATE:
        others = await services.graph.list_own()
        stranger = next((one for one in others if one.subject == wanted.resource.lower()), None)
    return subscription_finding(decision, found, stranger, record)


def is_current(record: SubscriptionRecord, client_states: tuple[str, ...]) -> bool:
    """Whether it was made with the secret that is in force, which Graph does not show."""
    return bool(record.salt) and secret_mark(client_states[0], record.salt) == record.secret


def subscription_finding(
    decision: Decision, found: Subscription | None, stranger: Subscription | None, record: SubscriptionRecord
) -> Finding:
    """What the decision of upkeep means. `stranger` is one for the same tasks that the state knows nothing of. Pure."""
    trouble = f" ({record.trouble})" if record.trouble else ""
    if decision.move is Move.KEEP and found is not None:
        return works(
            f"alive until {found.expires:%Y-%m-%d %H:%M} UTC, at {found.notification_url}, with the secret in force"
        )
    if decision.move is Move.RENEW:
        return warning(
            f"alive, but {decision.reason}, and upkeep has not renewed it{trouble}",
            portal=_PORTAL,
            command=_COMMAND,
            cause="subscriptionOld",
        )
    if stranger is not None:
        words = f"a subscription to print tasks is there ({stranger.id}) that the state does not know, nor its secret"
        return failed(f"{words}{trouble}", portal=_PORTAL, command=_COMMAND, cause="subscriptionUnknown")
    if found is None:
        words = f"there is no subscription to print tasks: {decision.reason}{trouble}; {_EFFECT}"
        return failed(words, portal=_PORTAL, command=_COMMAND, cause="subscriptionMissing")
    words = f"the subscription to print tasks is wrong: {decision.reason}{trouble}; {_EFFECT}"
    return failed(words, portal=_PORTAL, command=_COMMAND, cause="subscriptionWrong")
