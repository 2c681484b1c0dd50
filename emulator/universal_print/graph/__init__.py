"""Graph's print API: the table of operations, who may call them, and what they do."""
