"""Papers that quote a release: what they may take from it, and whether what they say of it is still so."""
