"""`python -m pyworkflow` is the command `pyworkflow`."""

import sys

from pyworkflow.cli import main

if __name__ == "__main__":
    sys.exit(main())
