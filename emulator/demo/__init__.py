"""The demo that `python dev.py run` starts: the whole system on this machine, printing real documents."""
