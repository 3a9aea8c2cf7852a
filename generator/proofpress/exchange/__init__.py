"""Importers of other people's formats: their packages are checked by their own guarantees, then become packs."""
