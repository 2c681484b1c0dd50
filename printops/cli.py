"""The command line: one module for each group of commands, put together here."""

from __future__ import annotations

import typer

from printops import alerts, attributes, badge, held, key, kiosk, login, submissions, submit, usage

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
app.command("submit")(submit.submit)
app.add_typer(submissions.app, name="submissions")
app.add_typer(held.app, name="held")
app.add_typer(kiosk.app, name="kiosk")
app.add_typer(badge.app, name="badge")
app.add_typer(usage.app, name="usage")
app.add_typer(attributes.app, name="printer-attributes")


def main() -> None:
    """Run the command that the arguments name."""
    app()
