"""The report of a month: its figures, its charts and its page."""
