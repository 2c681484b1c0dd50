"""What the demo says to try next can be copied as it is."""

from __future__ import annotations

from pathlib import Path

from emulator.demo.advice import next_steps
from emulator.demo.storage import DemoStorage
from emulator.demo.system import System
from emulator.demo.tap import BADGE, Kiosk

CONNECTION = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=dGVzdA==;BlobEndpoint=http://127.0.0.1:1/a;"


def test_addresses_key_connection_and_relative_places_are_all_there() -> None:
    root = Path("/checkout")
    system = System(
        storage=DemoStorage(CONNECTION),
        connection_string=CONNECTION,
        emulator_url="https://localhost:9443",
        host_url="http://localhost:7071",
        function_key="the-key",
        paper=root / ".work" / "run" / "universal-print" / "paper",
        settings_file=root / ".work" / "run" / "local.settings.json",
        ca_bundle="ca.pem",
        kiosk=Kiosk("http://localhost:7071/api/kiosk#kiosk=desk&secret=s", {}),
        check=lambda: None,
    )
    text = next_steps(system, root)
    for part in (
        "https://localhost:9443/",
        "http://localhost:7071/api/status?code=the-key",
        f"--settings {Path('.work/run/local.settings.json')}",
        str(Path(".work/run/universal-print/paper")),
        f'AZURE_STORAGE_CONNECTION_STRING="{CONNECTION}"',
        "http://localhost:7071/api/kiosk#kiosk=desk&secret=s",
        BADGE,
        "http://localhost:7071/api/usage/latest?code=the-key",
        "az storage blob upload --container-name print-inbox --name finance/",
    ):
        assert part in text
    assert "/checkout" not in text
