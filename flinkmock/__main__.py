"""`python -m flinkmock` is the command `flinkmock`."""

import sys

from flinkmock.cli import main

sys.exit(main())
