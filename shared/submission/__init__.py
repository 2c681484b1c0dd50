"""One submission: a file on its way from the inbox to paper and a receipt."""
