"""What a test has bought, as people look at it: steps, calls, what to buy again."""
