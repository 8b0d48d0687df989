"""Pure decisions of the metrics: what the bodies of senders mean, and what is found in the samples."""
