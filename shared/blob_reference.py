"""A blob trigger parameter that is a reference and never the content.

The host sends a deferred binding as container and name (Functions: SDK-type bindings). Microsoft's own types build a
storage client for every call and import it at every cold start; this type only says which blob it is.
"""

from __future__ import annotations

import json
from typing import Any

from azurefunctions.extensions.base import Datum, InConverter, SdkType

# Functions: the source of deferred blob bindings.
BLOB_SOURCE = "AzureStorageBlobs"


class BlobReference(SdkType):  # type: ignore[misc]  # the package has no types
    """Container and name of the blob that an event told of."""

    def __init__(self, *, container: str, name: str) -> None:
        super().__init__(data={"ContainerName": container, "BlobName": name})
        self.container = container
        self.name = name

    def get_sdk_type(self) -> BlobReference:
        """See SdkType: the reference is what the function gets."""
        return self


class BlobReferenceConverter(InConverter, binding="blob", trigger="blobTrigger"):  # type: ignore[misc, call-arg]
    """Makes a BlobReference from what the host sends for a deferred blob binding."""

    @classmethod
    def check_input_type_annotation(cls, pytype: Any) -> bool:
        """True for the one type that this converter makes."""
        return isinstance(pytype, type) and issubclass(pytype, BlobReference)

    @classmethod
    def decode(cls, data: Datum, *, trigger_metadata: Any, pytype: type) -> BlobReference:  # noqa: ARG003 - the worker's signature
        """Read `model_binding_data` of source AzureStorageBlobs. Raises ValueError for anything else."""
        if data is None or data.type != "model_binding_data":
            raise ValueError("the host sent the blob's content, not a reference: is the extension bundle 4 or newer?")
        if data.value.source != BLOB_SOURCE:
            raise ValueError(f"the host sent a reference to {data.value.source}, not to a blob")
        try:
            content = json.loads(data.value.content)
        except RecursionError as error:
            raise ValueError("the host's reference is no reference") from error
        container = content.get("ContainerName") if isinstance(content, dict) else None
        name = content.get("BlobName") if isinstance(content, dict) else None
        if not isinstance(container, str) or not isinstance(name, str) or not container or not name:
            raise ValueError("the host's reference names no container or no blob")
        return BlobReference(container=container, name=name)

    @classmethod
    def has_implicit_output(cls) -> bool:
        """A blob trigger returns nothing."""
        return False
