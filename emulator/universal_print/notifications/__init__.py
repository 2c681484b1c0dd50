"""Change notifications: validation of endpoints, delivery with retries, and what slow endpoints get."""
