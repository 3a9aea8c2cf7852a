"""Raw outputs of a run → the documents of a pack: what CI calls after training and evaluation."""
