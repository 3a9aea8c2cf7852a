"""Exporters: what other tools expect, written from a pack's evidence."""
