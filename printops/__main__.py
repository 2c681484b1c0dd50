"""`python -m printops`."""

from printops.cli import main

if __name__ == "__main__":
    main()
