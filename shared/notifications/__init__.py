"""What Graph posts to the webhook: read, checked and turned into messages, without a call to anything."""
