"""Runs a Python v2 function app on Microsoft's own worker library, without Core Tools."""
