"""What is known of a call that was refused, and how a refusal is told. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from shared.doctor.finding import mending
from shared.permissions import Kind


@dataclass(frozen=True, slots=True)
class Asked:
    """As whom, and about what, Graph or storage was asked, as far as it is known.

    `granted` are the permissions of the token, `account` the user name of a delegated one, `subject` a share's or
    printer's name, `storage` the storage account's name.
    """

    kind: Kind | None = None
    client_id: str = ""
    account: str = ""
    subject: str = ""
    granted: frozenset[str] | None = None
    storage: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """An error under its stable name (`cause`): what is wrong, and how to mend it in the portal or in a shell."""

    cause: str
    what: str
    portal: str = ""
    command: str = ""

    @property
    def remedy(self) -> str:
        """The step that mends it, in one sentence."""
        return mending(self.portal, self.command)
