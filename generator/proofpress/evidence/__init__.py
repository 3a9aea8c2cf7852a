"""What evidence is: closed, frozen models of every document of a pack. No input or output happens here."""
