"""The schema of Graph's print API: a slice of Microsoft's published metadata, and the check against it."""
