"""IPP attributes of printers: bytes, a readable file, a live printer, and what clients expect. For `printops` alone."""
