"""Examples: programs that are tested with milepost and do not know it."""
