"""What the functions share: a core that decides and thin clients that do the input and output."""
