"""`printops printer attributes`: a printer's IPP attributes, from a device or a file to a virtual printer."""

from __future__ import annotations

import json
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from printops.administrator import app_client
from printops.common_options import JsonLines, SettingsFile
from printops.named import is_id
from printops.session import console, errors, guarded, run
from shared.catalog import parse_catalog
from shared.fleet.model import folded
from shared.ipp.capabilities import from_capabilities
from shared.ipp.checking import Level, check
from shared.ipp.decoding import decode_group, decode_response
from shared.ipp.document import IppDocumentError, read_document, to_document, write_document
from shared.ipp.encoding import encode_group
from shared.ipp.pulling import http_address
from shared.ipp.values import Attribute, GroupTag, IppDecodeError, IppError
from shared.ipp.virtual import completed, without_device
from shared.names import CATALOG_PATH
from shared.services import Services

app = typer.Typer(
    no_args_is_help=True, help="A printer's IPP attributes: read, check, edit as a file, give to a virtual printer."
)

Source = Annotated[Path, typer.Argument(help="A readable file, a group of IPP attributes, or an answer of a printer.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Where to write; without it, standard output.")]
Virtual = Annotated[str, typer.Option("--virtual", metavar="NAME", help="Make it fit a virtual printer of this name.")]

# The delimiter that a group alone begins with; an answer begins with the version of IPP, 1 or 2.
_GROUP = bytes([GroupTag.PRINTER])
_VERSIONS = (b"\x01", b"\x02")


class FileTrouble(IppError):
    """A file cannot be read, written or understood."""


@app.command("pull")
def pull_attributes(
    uri: Annotated[str, typer.Argument(help="The printer, as in ipp://printer.example/ipp/print, or ipps://.")],
    output: Output = None,
    virtual: Virtual = "",
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="The printer's certificate or its authority's, in PEM.")
    ] = None,
    any_certificate: Annotated[
        bool, typer.Option("--any-certificate", help="Trust whatever certificate the printer shows.")
    ] = False,
) -> None:
    """Ask a live printer for its attributes, and write them as a readable file."""
    try:
        http_address(uri)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error

    async def work() -> int:
        from shared.ipp.pulling import pull

        pulled = await pull(uri, trust=_trust(certificate, any_certificate))
        attributes = completed(without_device(pulled.attributes), virtual) if virtual else pulled.attributes
        _write(output, write_document(attributes).encode())
        major, minor = pulled.version
        errors.print(f"{len(attributes)} attributes, from IPP/{major}.{minor}", highlight=False, markup=False)
        for name in pulled.repeated:
            errors.print(f"{name} came more than once; the first is kept", highlight=False, markup=False)
        return 0

    raise typer.Exit(guarded(work))


@app.command("show")
def show_attributes(source: Source) -> None:
    """Show the attributes of a file."""

    async def work() -> int:
        table = Table(Column("attribute", overflow="fold"), "type", Column("values", overflow="fold"))
        for name, written in to_document(_read(source))["attributes"].items():
            for one in written if isinstance(written, list) else [written]:
                [(syntax, values)] = one.items()
                table.add_row(name, syntax, json.dumps(values, ensure_ascii=False))
        console.print(table)
        return 0

    raise typer.Exit(guarded(work))


@app.command("check")
def check_attributes(
    source: Source,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="Do not miss what only the service can say of a virtual printer.")
    ] = False,
    as_json: JsonLines = False,
) -> None:
    """Tell what clients will miss. Ends with 1 where a required attribute is missing, or one is wrong."""

    async def work() -> int:
        findings = check(_read(source), virtual=virtual)
        columns = ("attribute", "problem", "what it is for", "source")
        table = Table("level", *(Column(name, overflow="fold") for name in columns))
        for finding in findings:
            row = (finding.level.value, finding.attribute, finding.problem, finding.what_for, finding.source)
            if as_json:
                typer.echo(
                    json.dumps(dict(zip(("level", "attribute", "problem", "whatFor", "source"), row, strict=True)))
                )
            table.add_row(*row)
        if not as_json:
            console.print(table if findings else "nothing is missing and nothing is wrong", highlight=False)
        return int(any(finding.level is not Level.EXPECTED for finding in findings))

    raise typer.Exit(guarded(work))


@app.command("encode")
def encode_attributes(source: Source, output: Output = None) -> None:
    """Write the attributes as the body of Graph's printer update: one group, from its delimiter on."""
    _convert(lambda: encode_group(_read(source)), output)


@app.command("decode")
def decode_attributes(source: Source, output: Output = None, virtual: Virtual = "") -> None:
    """Write the attributes as a readable file."""

    def decoded() -> bytes:
        attributes = _read(source)
        return write_document(completed(without_device(attributes), virtual) if virtual else attributes).encode()

    _convert(decoded, output)


@app.command("convert")
def convert_capabilities(
    source: Annotated[Path, typer.Argument(help="A printer as Graph shows it: JSON with capabilities and defaults.")],
    output: Output = None,
    virtual: Virtual = "",
) -> None:
    """Write Graph's capabilities and defaults of a printer as IPP attributes, and tell what IPP has no word for."""

    def converted() -> bytes:
        printer = _graph_object(source)
        found = from_capabilities(printer.get("capabilities") or {}, printer.get("defaults") or {})
        for lost in found.left_out:
            errors.print(f"{lost.path}: {lost.value!r} is left out: {lost.reason}", highlight=False, markup=False)
        return write_document(completed(found.attributes, virtual) if virtual else found.attributes).encode()

    _convert(converted, output)


@app.command("push")
def push_attributes(
    source: Source,
    printer: Annotated[
        str, typer.Argument(help="A printer without a physical device: its id, or its name in the published catalog.")
    ],
    settings_file: SettingsFile = None,
) -> None:
    """Give a virtual printer these attributes, as the application. Attributes that the file leaves out stay."""

    async def work(services: Services) -> int:
        attributes = _read(source)
        printer_id = printer if is_id(printer) else await _virtual_printer(services, printer)
        await app_client(services).send_attributes(printer_id, encode_group(attributes))
        console.print(f"{len(attributes)} attributes are in place", highlight=False)
        return 0

    run(work, settings_file)


async def _virtual_printer(services: Services, name: str) -> str:
    """The id of a virtual printer of the catalog: the app itself cannot list printers. Raises FileTrouble."""
    stored = await services.storage.state.read(CATALOG_PATH)
    printers = parse_catalog(stored.content).printers if stored else ()
    named = [one for one in printers if folded(one.display_name) == folded(name)]
    if len(named) == 1 and named[0].virtual:
        return named[0].id
    if named and not named[0].virtual:
        raise FileTrouble(f"Nothing was sent. {name} has a device, and says itself what it offers.")
    virtual = ", ".join(one.display_name for one in printers if one.virtual) or "none"
    raise FileTrouble(
        f"Nothing was sent. The published catalog has no virtual printer {name} alone (it has {virtual}); name it by "
        "its id, which `python -m printops printer list` shows."
    )


def _convert(make: Callable[[], bytes], output: Path | None) -> None:
    async def work() -> int:
        _write(output, make())
        return 0

    raise typer.Exit(guarded(work))


def _read(source: Path) -> tuple[Attribute, ...]:
    """The attributes of a file of any of the three forms, told apart by its first byte."""
    content = _bytes(source)
    try:
        if content.startswith(_GROUP):
            return decode_group(content)
        if content.startswith(_VERSIONS):
            return decode_response(content).group(GroupTag.PRINTER)
        return read_document(_text(source, content))
    except (IppDecodeError, IppDocumentError) as error:
        raise FileTrouble(f"{source}: {str(error).removeprefix('the file: ')}") from error


def _graph_object(source: Path) -> dict[str, Any]:
    try:
        printer = json.loads(_text(source, _bytes(source)))
    except ValueError as error:
        raise FileTrouble(f"{source} is no JSON: {error}") from error
    parts = ("capabilities", "defaults")
    if not isinstance(printer, dict) or not all(isinstance(printer.get(part) or {}, dict) for part in parts):
        raise FileTrouble(f"{source} is no printer with capabilities and defaults")
    return printer


def _bytes(source: Path) -> bytes:
    try:
        return source.read_bytes()
    except OSError as error:
        raise FileTrouble(f"{source} cannot be read: {error.strerror}") from error


def _text(source: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileTrouble(f"{source} is neither UTF-8 nor IPP: {error.reason} at byte {error.start}") from error


def _write(output: Path | None, content: bytes) -> None:
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise FileTrouble(f"{output} cannot be written: {error.strerror}") from error


def _trust(certificate: Path | None, any_certificate: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if any_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        # Many printers exchange keys in a way that OpenSSL takes only at this level, and fail before any certificate.
        context.set_ciphers("DEFAULT:@SECLEVEL=1")
    elif certificate is not None:
        try:
            context.load_verify_locations(certificate)
        except (OSError, ssl.SSLError) as error:
            raise FileTrouble(f"{certificate} is no certificate in PEM: {error}") from error
    return context
