"""Steps: what has finished is never bought again, whatever broke."""
