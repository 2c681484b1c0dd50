"""Storage's own word for what it refused (Storage: common REST API error codes)."""

from __future__ import annotations


def error_code(error: Exception) -> str:
    """The code of the SDK's error, such as `BlobArchived`; empty where it has none.

    The SDK gives the codes that it knows as an enumeration, whose text and hash are those of its own names.
    """
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")
