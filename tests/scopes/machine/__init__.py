"""A machine that plays the story of a scope, and a model of what has to happen."""
