"""Is a published site what its JSON says? Fetch its packs and sources, build it again, compare byte for byte."""
