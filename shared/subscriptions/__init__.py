"""The subscription that makes Graph tell of new print tasks: decided, kept alive, replaced."""
