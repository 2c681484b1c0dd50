"""Printers behind the emulated service: virtual ones that turn jobs into files, and real ones reached over IPP."""
