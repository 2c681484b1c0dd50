"""The tenant as one file says it should be: read, compared with the tenant, applied. docs/fleet.md."""
