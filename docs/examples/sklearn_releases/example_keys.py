"""The keys of the example, made of a public text."""

import hashlib

from proofpress.signing.keys import SigningKey


def example_key(role: str) -> SigningKey:
    """The key of a role in this example. It protects nothing: whoever reads this line has it."""
    text = f"proofpress example key of the {role}, which protects nothing"
    return SigningKey.from_seed(hashlib.sha256(text.encode()).digest())
