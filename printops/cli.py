"""The command line: one module for each group of commands, put together here."""

from __future__ import annotations

import logging

import typer

from printops import (
    administrator,
    alerts,
    badge,
    definition,
    doctor,
    fleet,
    held,
    key,
    kiosk,
    login,
    printer,
    share,
    submissions,
    submit,
    trigger,
    usage,
)
from printops import app as app_registration

app = typer.Typer(
    name="printops",
    help="Set up and run Universal Print Functions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("login")(login.login)
app.command("key")(key.key)
app.command("alerts")(alerts.alerts)
app.command("doctor")(doctor.doctor)
app.command("submit")(submit.submit)
app.command("init")(fleet.init)
app.command("plan")(fleet.show_plan)
app.command("apply")(fleet.apply_fleet)
app.command("drift")(fleet.drift)
app.add_typer(app_registration.app, name="app")
app.add_typer(fleet.catalog_app, name="catalog")
app.add_typer(submissions.app, name="submissions")
app.add_typer(held.app, name="held")
app.add_typer(kiosk.app, name="kiosk")
app.add_typer(badge.app, name="badge")
app.add_typer(usage.app, name="usage")
app.add_typer(printer.app, name="printer")
app.add_typer(share.app, name="share")
app.add_typer(trigger.app, name="trigger")
app.add_typer(definition.app, name="definition")
app.add_typer(administrator.app, name="administrator")


def main() -> None:
    """Run the command that the arguments name."""
    # What the SDKs would log beside it is said by the command's own sentence.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    app()
