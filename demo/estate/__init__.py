"""What the demonstration company runs: two regions, two environments in each, realistic owners and real mistakes."""
