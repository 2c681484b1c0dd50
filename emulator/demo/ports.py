"""The ports on which a run of the demo is reached."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ports:
    """Those of the functions and of the emulator; 0 is any free one."""

    host: int
    emulator: int


# The same from run to run, so that addresses stay; 7071 is that of Azure's own local host.
USUAL_PORTS = Ports(7071, 9443)
ANY_PORTS = Ports(0, 0)


def preferred_port(port: int) -> int:
    """The port itself where it is free, so that addresses stay the same from run to run; else 0 for any free one."""
    with socket.socket() as probe:
        if os.name == "posix":
            # As servers do: an address whose last connections are still fading counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def free_port(port: int) -> int:
    """The port itself where it is free, else one that is free now: for an address that must be known beforehand."""
    if preferred_port(port):
        return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
