"""A machine that plays the story of a test's steps, and a model of what may happen."""
