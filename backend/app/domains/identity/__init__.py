"""Who people are, what they may do, and the sessions and tokens that prove it."""
