"""Money: what calls cost, what they may cost, and when a run has to stop for it."""
