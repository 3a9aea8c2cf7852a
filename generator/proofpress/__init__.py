"""Static release-evidence sites: verify, re-render, diff and publish what a model release claims."""

__version__ = "0.1.0"
