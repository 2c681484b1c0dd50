"""Parquet files of flat tables, as far as exports need them."""
