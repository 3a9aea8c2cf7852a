"""Scan, verify, compose and publish, paying only for what changed."""
