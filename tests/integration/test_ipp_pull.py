"""The attributes of a real IPP printer, asked for over ipp and ipps."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.ipp.checking import check
from shared.ipp.decoding import decode_group
from shared.ipp.encoding import encode_group
from shared.ipp.pulling import IppUnreachable, pull
from shared.ipp.values import Resolution, Tag, Value
from tests.support.ipp_printer import RealPrinter, real_printer

# The first use installs Debian packages where they are missing.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[RealPrinter]:
    with real_printer(tmp_path, "-2", "-M", "Contoso", "-m", "Office 9000", "-K", str(tmp_path)) as found:
        yield found


async def test_a_real_printer_tells_everything_and_it_encodes_for_graph(machine: RealPrinter) -> None:
    pulled = await pull(machine.uri)
    values = {attribute.name: attribute.values for attribute in pulled.attributes}
    assert pulled.version == (2, 0)
    assert values["printer-make-and-model"] == (Value(Tag.TEXT, "Contoso Office 9000"),)
    assert Value(Tag.RESOLUTION, Resolution(600, 600)) in values["printer-resolution-supported"]
    assert len(values["media-col-database"]) > 1
    assert decode_group(encode_group(pulled.attributes)) == pulled.attributes
    assert [finding for finding in check(pulled.attributes) if finding.required] == []


async def test_the_same_comes_over_tls_where_the_certificate_is_trusted(machine: RealPrinter) -> None:
    uri = machine.uri.replace("ipp://", "ipps://")
    with pytest.raises(IppUnreachable, match="certificate verify failed"):
        await pull(uri)
    any_certificate = ssl.create_default_context()
    any_certificate.check_hostname = False
    any_certificate.verify_mode = ssl.CERT_NONE
    pulled = await pull(uri, trust=any_certificate)
    assert {attribute.name for attribute in pulled.attributes} >= {"printer-name", "media-col-database"}
