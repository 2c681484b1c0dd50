"""Builds the package that is deployed: for the target, without what is never reached, always the same bytes."""
