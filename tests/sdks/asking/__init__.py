"""How the stories ask: each SDK in each of its shapes, by one name."""
