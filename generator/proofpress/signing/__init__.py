"""Who says so: Ed25519 keys and DSSE envelopes. Signatures are counted by the bytes of the key."""
