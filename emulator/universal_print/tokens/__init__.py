"""The token authority: what Entra issues to apps and to people, and how it refuses."""
