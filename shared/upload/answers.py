"""Reads the answers of an upload host (Graph: upload-data-to-upload-session). Pure; what it sends is outside input."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from shared.graph.times import read_time
from shared.upload.ranges import ByteRanges
from shared.upload.session import CompletedDocument

_CODE = re.compile(r"\w{1,64}")


def read_state(body: bytes, size: int) -> tuple[ByteRanges | None, datetime | None]:
    """What the session of a document of `size` bytes lacks, and when it ends; None for what is not said readably."""
    content = read_object(body)
    texts = content.get("nextExpectedRanges")
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return None, None
    expires = read_time(content.get("expirationDateTime"))
    try:
        return ByteRanges.parse(texts, size), expires
    except ValueError:
        return None, expires


def read_document(body: bytes, *, certain: bool) -> CompletedDocument | None:
    """The document of an answer that says it is complete; None where neither the status (`certain`) nor it does."""
    content = read_object(body)
    if not certain and ("id" not in content or "nextExpectedRanges" in content):
        return None

    def text(*names: str) -> str | None:
        return next((content[name] for name in names if isinstance(content.get(name), str)), None)

    size = content.get("size")
    # Graph: the page's example says documentName where the type has displayName.
    return CompletedDocument(
        id=text("id"),
        name=text("displayName", "documentName"),
        content_type=text("contentType"),
        size=size if isinstance(size, int) else None,
    )


def read_error_code(body: bytes) -> str:
    """The code of an error, empty where it has none. Only a word: a sentence might name the secret URL."""
    error = read_object(body).get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def read_object(body: bytes) -> dict[str, Any]:
    """The object of a body, empty for anything else."""
    try:
        content = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
