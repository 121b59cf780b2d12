"""Makes `python -m penstock` the program that `penstock` is."""

import sys

from penstock.command import main

if __name__ == "__main__":
    sys.exit(main())
