"""`python -m proofpress`."""

from proofpress.cli import entry_point

entry_point()
