"""A blob trigger parameter that is a reference and never the content.

The host sends a deferred binding as container and name (Functions: SDK-type bindings). Microsoft's own types build a
storage client for every call and import it at every cold start; this type only says which blob it is.
"""

from __future__ import annotations

import json
from typing import Any

from azurefunctions.extensions.base import Datum, InConverter, SdkType


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
    def check_input_type_annotation(cls, pytype: type) -> bool:
        """True for the one type that this converter makes."""
        return issubclass(pytype, BlobReference)

    @classmethod
    def decode(cls, data: Datum, *, trigger_metadata: Any, pytype: type) -> BlobReference:  # noqa: ARG003 - the worker's signature
        """Read `model_binding_data` of source AzureStorageBlobs. Raises ValueError for anything else."""
        if data is None or data.type != "model_binding_data":
            raise ValueError("the host sent the blob's content, not a reference: is the extension bundle 4 or newer?")
        content = json.loads(data.value.content)
        return BlobReference(container=content["ContainerName"], name=content["BlobName"])

    @classmethod
    def has_implicit_output(cls) -> bool:
        """A blob trigger returns nothing."""
        return False
