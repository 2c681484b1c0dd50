"""Graph print API, tokens, uploads and printers: strict, with faults on demand."""
