"""A small shop: an app of the usual shape, with one function of each kind that the host runs."""

import azure.functions as func

from shop.blobs import blueprint as blobs
from shop.orders import blueprint as orders
from shop.pages import blueprint as pages

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(pages)
app.register_functions(orders)
app.register_functions(blobs)
