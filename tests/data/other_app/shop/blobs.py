"""What files start."""

import json
import os

import azure.functions as func
from azurefunctions.extensions.base import Datum, InConverter, SdkType

blueprint = func.Blueprint()


class Shelf(SdkType):
    """Where a photo lies."""

    def __init__(self, *, data: Datum) -> None:
        super().__init__()
        self.version = data.version
        self.source = data.source
        self.content_type = data.content_type
        self.place = json.loads(data.content)

    def get_sdk_type(self) -> "Shelf":
        """The shelf is what the function gets."""
        return self


class ShelfConverter(InConverter, binding="blob", trigger="blobTrigger"):
    """Makes a shelf of a reference."""

    @classmethod
    def check_input_type_annotation(cls, pytype: type) -> bool:
        return issubclass(pytype, Shelf)

    @classmethod
    def decode(cls, data: Datum, *, trigger_metadata: object, pytype: type) -> Shelf:
        if data.type != "model_binding_data":
            raise ValueError(f"got {data.type}")
        return Shelf(data=data.value)


@blueprint.blob_trigger(
    arg_name="photo", path="photos/{name}.jpg", connection="ShopStorage", source=func.BlobSource.EVENT_GRID
)
@blueprint.queue_output(arg_name="$return", queue_name="seen", connection="ShopStorage")
def develop(photo: Shelf) -> str:
    """Tell what came of the photo."""
    if photo.place["BlobName"].startswith("dark"):
        raise ValueError("too dark")
    return json.dumps({**photo.place, "source": photo.source, "version": photo.version, "pid": os.getpid()})


@blueprint.blob_trigger(arg_name="letter", path="letters/{name}", connection="ShopStorage", source="EventGrid")
@blueprint.queue_output(arg_name="$return", queue_name="seen", connection="ShopStorage")
def read(letter: func.InputStream) -> str:
    """Read the letter."""
    content = letter.read().decode()
    if content == "bad":
        raise ValueError("illegible")
    return json.dumps({"name": letter.name, "length": letter.length, "content": content, "metadata": letter.metadata})
