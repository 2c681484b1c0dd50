"""How often a list of everything is read anew while steps are done. Pure."""

from __future__ import annotations

# Entries of a list that one call brings, at the least: the size of Graph's pages is not documented.
_ENTRIES_A_CALL = 20


class Listing:
    """Decides when a list is read again: so seldom that it costs a call or two for each step, however long it is.

    A list of one page is read again for each step.
    """

    def __init__(self) -> None:
        self._steps_since: int | None = None

    def forget(self) -> None:
        """The list that was read is old: the next step reads it anew."""
        self._steps_since = None

    def is_due(self, entries: int) -> bool:
        """Whether to read it for the step at hand; `entries` is how many it had last."""
        if self._steps_since is None or self._steps_since >= (entries - 1) // _ENTRIES_A_CALL:
            self._steps_since = 0
            return True
        self._steps_since += 1
        return False
