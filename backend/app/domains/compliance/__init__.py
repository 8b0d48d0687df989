"""Controls evaluated on stored resources: results, findings with evidence, scores with coverage."""
