"""The sections and words of `fleet.toml`: the one table that the parser, the JSON Schema and the docs are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

STATES = ("present", "absent")


class Kind(StrEnum):
    """What a word's value is."""

    TEXT = "text"
    TEXTS = "texts"
    SWITCH = "switch"
    NUMBER = "number"
    PRICE = "price"
    DATE = "date"
    TABLE = "table"
    TABLES = "tables"


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a section: its kind, what it says, and the words of its table where it has its own."""

    kind: Kind
    help: str
    required: bool = False
    choices: tuple[str, ...] = ()
    words: Mapping[str, Word] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A section. `form` is `table`, `tables` (a list, each with its words) or `named` (a table of tables by name)."""

    form: str
    help: str
    words: Mapping[str, Word]


def _text(help_text: str, *, required: bool = False) -> Word:
    return Word(Kind.TEXT, help_text, required)


_NAME = _text("The display name in Universal Print.", required=True)
_ID = _text("The id in Graph. With it the name may be changed, and may be that of another printer or share.")
_STATE = Word(Kind.TEXT, "`absent` removes it, after asking. Present without this.", choices=STATES)
_DEFAULTS = Word(Kind.TABLE, "What holds where a job does not say (Graph: printerDefaults).")
_LOCATION = Word(Kind.TABLE, "Where it stands (Graph: printerLocation), such as building and floor.")
_PRICES: Mapping[str, Word] = {
    "perSheet": Word(Kind.PRICE, "Price of a sheet."),
    "perDoubleSidedSheet": Word(Kind.PRICE, "Price of a sheet with both sides printed, where it differs."),
    "perBlackPage": Word(Kind.PRICE, "Price of a page without colour."),
    "perColorPage": Word(Kind.PRICE, "Price of a page in colour."),
}

SECTIONS: Mapping[str, Section] = {
    "settings": Section(
        "table",
        "Settings of the tenant. What is not named stays as it is.",
        {"document_conversion": Word(Kind.SWITCH, "Whether Universal Print converts documents for printers.")},
    ),
    "task_definition": Section(
        "table",
        "What triggers start: this system. One serves all printers.",
        {
            "name": _text("Its display name.", required=True),
            "app": _text("The app's name as Graph shows it beside the definition."),
        },
    ),
    "virtual_printers": Section(
        "tables",
        "Printers without a device: jobs wait on them for a kiosk.",
        {
            "name": _NAME,
            "id": _ID,
            "manufacturer": _text("Manufacturer that clients see. A new one has `Universal Print Functions`."),
            "model": _text("Model that clients see. A new one has `Virtual`."),
            "trigger": Word(
                Kind.SWITCH, "Whether jobs start a task. Yes without this, where there is a task definition."
            ),
            "accepting_jobs": Word(Kind.SWITCH, "Whether it takes jobs. Yes without this."),
            "attributes": _text("A file of IPP printer attributes, beside this one (docs/ipp.md)."),
            "capabilities": Word(Kind.TABLE, "What it offers (Graph: printerCapabilities)."),
            "defaults": _DEFAULTS,
            "location": _LOCATION,
            "state": _STATE,
        },
    ),
    "printers": Section(
        "tables",
        "Registered devices. A device registers itself or through a connector; this file does not make or remove it.",
        {
            "name": _NAME,
            "id": _ID,
            "trigger": Word(Kind.SWITCH, "Whether jobs sent to it start a task too. As it is without this."),
            "defaults": _DEFAULTS,
            "location": _LOCATION,
        },
    ),
    "profiles": Section(
        "named",
        "Print settings under a name (Graph: printJobConfiguration), for documents that do not say otherwise.",
        {},
    ),
    "shares": Section(
        "tables",
        "What people print to. A printer has one share at most.",
        {
            "name": _NAME,
            "id": _ID,
            "alias": _text("The folder of print-inbox that prints here. The name without this."),
            "printer": _text("The printer behind it, by name. Another one here swaps the device behind the share."),
            "everyone": Word(Kind.SWITCH, "Whether the whole organisation may print here."),
            "users": Word(Kind.TEXTS, "User names of people who may print here."),
            "groups": Word(Kind.TEXTS, "Names or ids of groups whose people may print here."),
            "exclusive": Word(
                Kind.SWITCH, "Whether people and groups not named here lose their access. No without it."
            ),
            "profile": _text("The profile that applies where a document does not say otherwise."),
            "paused": Word(Kind.SWITCH, "Whether dropped documents wait. No without this."),
            "accounts": Word(Kind.TEXTS, "The print accounts that may use the share. All without this."),
            "state": _STATE,
        },
    ),
    "printer_groups": Section(
        "tables",
        "Printers that a policy chooses from.",
        {
            "name": _text("Its name in policies.", required=True),
            "printers": Word(Kind.TEXTS, "Its printers by name, the first choice first.", required=True),
        },
    ),
    "policies": Section(
        "tables",
        "What becomes of a job, in order (docs/policies.md).",
        {
            "name": _text("Its name in the ledger.", required=True),
            "when": Word(Kind.TABLE, "What must hold. Groups by name or id, printers by name."),
            "action": Word(Kind.TABLE, "What happens: `do`, and what it needs.", required=True),
        },
    ),
    "delegates": Section(
        "tables",
        "Who may collect another person's jobs, and when (docs/kiosk.md).",
        {
            "owner": _text("User name of the person whose jobs they are.", required=True),
            "delegate": _text("User name of the person who may collect them.", required=True),
            "from": Word(Kind.DATE, "The first day.", required=True),
            "to": Word(Kind.DATE, "The last day.", required=True),
        },
    ),
    "price_list": Section(
        "table",
        "What printing costs (docs/usage-report.md).",
        {
            "currency": _text("Three letters (ISO 4217), such as EUR.", required=True),
            **_PRICES,
            "printers": Word(
                Kind.TABLES,
                "Printers with prices of their own.",
                words={"printer": _text("The printer by name.", required=True), **_PRICES},
            ),
        },
    ),
    "cost_centers": Section(
        "tables",
        "Who bears whose printing (docs/usage-report.md).",
        {
            "name": _text("Its name in the report.", required=True),
            "users": Word(Kind.TEXTS, "User names of its people."),
            "groups": Word(Kind.TEXTS, "Names or ids of groups whose people it bears."),
            "default": Word(Kind.SWITCH, "Whether it bears everybody else."),
        },
    ),
    "licence_pool": Section(
        "table",
        "The jobs that the tenant's licences include.",
        {"jobs_per_month": Word(Kind.NUMBER, "Jobs in a calendar month.", required=True)},
    ),
}
