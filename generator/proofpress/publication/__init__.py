"""Plan, publish, check the public bytes, replay them on a clean machine, and bind what was found."""
