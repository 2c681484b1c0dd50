"""What a printer should say of itself: the attributes, their types, what each is for, and who asks for it.

`REQUIRED` is RFC 8011 5.4, every attribute that its table marks REQUIRED. `EXPECTED` is what public documents tell of
Windows and other Mopria clients: docs/ipp.md names them, and says why there is no better list.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.ipp.values import Tag

_KEYWORD_OR_NAME = (Tag.KEYWORD, Tag.NAME, Tag.NAME_WITH_LANGUAGE)
_TEXTS = (Tag.TEXT, Tag.TEXT_WITH_LANGUAGE)
_RFC = "RFC 8011 5.4"
_TEMPLATE = "RFC 8011 5.2"
_MEDIA = "PWG 5100.7"
_EVERYWHERE = "PWG 5100.14"


@dataclass(frozen=True, slots=True)
class Requirement:
    """An attribute that should be there, with one of `tags`; `single` where it has one value."""

    name: str
    tags: tuple[Tag, ...]
    what_for: str
    source: str
    single: bool = False


def _required(name: str, tag: Tag | tuple[Tag, ...], what_for: str, *, single: bool = False) -> Requirement:
    return Requirement(name, tag if isinstance(tag, tuple) else (tag,), what_for, _RFC, single)


def _expected(
    name: str, tag: Tag | tuple[Tag, ...], what_for: str, source: str, *, single: bool = False
) -> Requirement:
    return Requirement(name, tag if isinstance(tag, tuple) else (tag,), what_for, source, single)


REQUIRED = (
    _required("charset-configured", Tag.CHARSET, "the charset of the printer's own texts", single=True),
    _required("charset-supported", Tag.CHARSET, "the charsets of requests; utf-8 is one of them"),
    _required("compression-supported", Tag.KEYWORD, "how a document may be compressed; none is one of them"),
    _required("document-format-default", Tag.MIME_MEDIA_TYPE, "the format of a document without one", single=True),
    _required("document-format-supported", Tag.MIME_MEDIA_TYPE, "the formats that a client may send"),
    _required("generated-natural-language-supported", Tag.NATURAL_LANGUAGE, "the languages of the printer's texts"),
    _required("ipp-versions-supported", Tag.KEYWORD, "the versions of IPP; a client picks one"),
    _required("natural-language-configured", Tag.NATURAL_LANGUAGE, "the language of a text without one", single=True),
    _required("operations-supported", Tag.ENUM, "what a client may ask for"),
    _required("pdl-override-supported", Tag.KEYWORD, "whether settings win over those in the document", single=True),
    _required("printer-is-accepting-jobs", Tag.BOOLEAN, "whether clients may send jobs", single=True),
    _required("printer-name", (Tag.NAME, Tag.NAME_WITH_LANGUAGE), "what people see it called", single=True),
    _required("printer-state", Tag.ENUM, "idle, processing or stopped", single=True),
    _required("printer-state-reasons", Tag.KEYWORD, "why it is so; none where there is nothing to say"),
    _required("printer-up-time", Tag.INTEGER, "the clock that its times are told by", single=True),
    _required("printer-uri-supported", Tag.URI, "where it is reached"),
    _required("queued-job-count", Tag.INTEGER, "how many jobs wait", single=True),
    _required("uri-authentication-supported", Tag.KEYWORD, "how each address wants clients to sign in"),
    _required("uri-security-supported", Tag.KEYWORD, "whether each address speaks TLS"),
)
EXPECTED = (
    _expected("printer-make-and-model", _TEXTS, "the name of the device under which clients install it", _RFC),
    _expected("printer-info", _TEXTS, "the name that clients show beside the printer's", _RFC),
    _expected("printer-device-id", _TEXTS, "tells Windows the driver and the print support app", "PWG 5107.2"),
    _expected("printer-uuid", Tag.URI, "tells clients that it is the printer they know", "PWG 5100.13", single=True),
    _expected("ipp-features-supported", Tag.KEYWORD, "names the profiles, as in ipp-everywhere", "PWG 5100.13"),
    _expected("mopria-certified", _TEXTS, "Windows asks for it to know a Mopria printer", "OpenPrinting/cups 105"),
    _expected("color-supported", Tag.BOOLEAN, "offers colour", _RFC, single=True),
    _expected("copies-default", Tag.INTEGER, "the number of copies without a choice", _TEMPLATE, single=True),
    _expected("copies-supported", Tag.RANGE_OF_INTEGER, "how many copies people may choose", _TEMPLATE),
    _expected("sides-default", Tag.KEYWORD, "one-sided or two-sided without a choice", _TEMPLATE, single=True),
    _expected("sides-supported", Tag.KEYWORD, "offers two-sided printing", _TEMPLATE),
    _expected("orientation-requested-default", (Tag.ENUM, Tag.NO_VALUE), "the orientation without a choice", _TEMPLATE),
    _expected("orientation-requested-supported", Tag.ENUM, "offers portrait and landscape", _TEMPLATE),
    _expected("print-color-mode-default", Tag.KEYWORD, "colour or not, without a choice", "PWG 5100.13", single=True),
    _expected("print-color-mode-supported", Tag.KEYWORD, "offers colour and black and white", "PWG 5100.13"),
    _expected("print-quality-default", Tag.ENUM, "the quality without a choice", _TEMPLATE, single=True),
    _expected("print-quality-supported", Tag.ENUM, "offers qualities", _TEMPLATE),
    _expected("printer-resolution-default", Tag.RESOLUTION, "the resolution without a choice", _TEMPLATE, single=True),
    _expected("printer-resolution-supported", Tag.RESOLUTION, "the resolutions that clients draw pages in", _TEMPLATE),
    _expected("finishings-default", Tag.ENUM, "the finishings without a choice", _TEMPLATE),
    _expected("finishings-supported", Tag.ENUM, "offers staples, holes and folds; none is one of them", _TEMPLATE),
    _expected("output-bin-default", _KEYWORD_OR_NAME, "where paper comes out without a choice", "PWG 5100.2"),
    _expected("output-bin-supported", _KEYWORD_OR_NAME, "offers the trays where paper comes out", "PWG 5100.2"),
    _expected("media-default", (*_KEYWORD_OR_NAME, Tag.NO_VALUE), "the paper without a choice", _TEMPLATE, single=True),
    _expected("media-supported", _KEYWORD_OR_NAME, "offers sizes of paper", _TEMPLATE),
    _expected("media-ready", _KEYWORD_OR_NAME, "the paper that is loaded, offered first", _TEMPLATE),
    _expected("media-col-database", Tag.COLLECTION, "every size with its margins, trays and kinds of paper", _MEDIA),
    _expected("media-col-default", Tag.COLLECTION, "the paper without a choice, with margins and tray", _MEDIA),
    _expected("media-col-ready", Tag.COLLECTION, "the paper that is loaded, with margins and tray", _MEDIA),
    _expected("media-col-supported", Tag.KEYWORD, "what a client may say about paper", _MEDIA),
    _expected("media-size-supported", Tag.COLLECTION, "the sizes with their dimensions", _MEDIA),
    _expected("media-source-supported", _KEYWORD_OR_NAME, "offers the trays that paper is taken from", _MEDIA),
    _expected("media-type-supported", _KEYWORD_OR_NAME, "offers kinds of paper", _MEDIA),
    _expected("media-bottom-margin-supported", Tag.INTEGER, "tells how close to the edge it prints", _MEDIA),
    _expected("media-left-margin-supported", Tag.INTEGER, "tells how close to the edge it prints", _MEDIA),
    _expected("media-right-margin-supported", Tag.INTEGER, "tells how close to the edge it prints", _MEDIA),
    _expected("media-top-margin-supported", Tag.INTEGER, "tells how close to the edge it prints", _MEDIA),
    _expected("page-ranges-supported", Tag.BOOLEAN, "offers to print some pages alone", _TEMPLATE, single=True),
    _expected("job-creation-attributes-supported", Tag.KEYWORD, "the settings that it takes with a job", _EVERYWHERE),
)
# Of a virtual printer these are the service's to say: it is the service that clients reach.
SAID_BY_THE_SERVICE = frozenset(
    {"printer-uri-supported", "printer-uuid", "uri-authentication-supported", "uri-security-supported"}
)
# Only a printer that takes this format has them.
PWG_RASTER_FORMAT = "image/pwg-raster"
PWG_RASTER = (
    _expected("pwg-raster-document-resolution-supported", Tag.RESOLUTION, "the resolutions of raster", "PWG 5102.4"),
    _expected("pwg-raster-document-type-supported", Tag.KEYWORD, "the colours of raster pages", "PWG 5102.4"),
)
# What Windows and Mopria clients can make themselves.
CLIENT_FORMATS = ("application/pdf", PWG_RASTER_FORMAT, "application/oxps", "application/openxps", "application/PCLm")
