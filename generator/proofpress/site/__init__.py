"""The static site: pages composed, hung into the frame and published."""
