"""The functions of the shop, by what starts them."""
