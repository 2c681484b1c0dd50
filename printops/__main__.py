"""`python -m printops`."""

import sys

if __name__ == "__main__":
    try:
        from printops.cli import main

        main()
    except KeyboardInterrupt:
        # Ctrl-C while the modules are still being loaded; later the command itself ends with this code.
        sys.exit(130)
