"""Changes and evidence against the policy: decisions, and the receipt of them."""
