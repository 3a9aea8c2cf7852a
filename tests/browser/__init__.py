"""Tests in a browser; `judges` is what they share."""
