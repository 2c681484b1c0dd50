"""What the emulator itself did wrong: answers that Graph's schema does not allow. Tests assert that there are none."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Violations:
    """Each entry names the operation and the complaint."""

    found: list[str] = field(default_factory=list)

    def record(self, operation: str, complaints: list[str]) -> None:
        """Remember complaints about an answer."""
        self.found += [f"{operation}: {complaint}" for complaint in complaints]
