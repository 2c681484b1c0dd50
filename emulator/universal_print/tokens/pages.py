"""The few pages that a person sees while signing in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from emulator.universal_print.world import User

_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem}}
button,input{{font:inherit;padding:.6rem .8rem;width:100%;box-sizing:border-box;margin:.25rem 0;text-align:left}}
p.note{{color:#555}}</style></head>
<body><h1>{title}</h1>{content}</body></html>"""


def page(title: str, content: str) -> str:
    """A page; `content` is HTML."""
    return _FRAME.format(title=escape(title), content=content)


def choose_user(title: str, action: str, hidden: Mapping[str, str], users: Iterable[User], hint: str = "") -> str:
    """A button per user, posted to `action` as `userPrincipalName` with the hidden fields; the hinted user first."""
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in hidden.items()
    )
    ordered = sorted(users, key=lambda user: user.user_principal_name.lower() != hint.lower())
    buttons = "".join(
        f'<button name="userPrincipalName" value="{escape(user.user_principal_name)}">'
        f"{escape(user.display_name)} ({escape(user.user_principal_name)})</button>"
        for user in ordered
    )
    note = '<p class="note">This is the emulator: nobody is asked for a password.</p>'
    return page(title, f'<form method="post" action="{escape(action)}">{fields}{buttons}</form>{note}')


def ask_user_code(action: str, problem: str = "") -> str:
    """Where a person types the code that a device shows."""
    warning = f"<p>{escape(problem)}</p>" if problem else ""
    form = (
        f'{warning}<form method="get" action="{escape(action)}"><label>Code<input name="otc" autofocus></label>'
        "<button>Next</button></form>"
    )
    return page("Enter code", form)


def post_back(action: str, fields: Mapping[str, str]) -> str:
    """The page of `response_mode=form_post`: it posts itself to the app."""
    inputs = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
    form = f'<form method="post" action="{escape(action)}">{inputs}<button>Continue</button></form>'
    return page("Signing in", f"{form}<script>document.forms[0].submit()</script>")
