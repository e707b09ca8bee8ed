"""What all tests share."""

from hypothesis import settings

pytest_plugins = ["pytester"]

# The suite runs on shared machines: a slow example is no failure.
settings.register_profile("milepost", deadline=None)
settings.register_profile("torture", deadline=None, max_examples=5000)
settings.load_profile("milepost")
