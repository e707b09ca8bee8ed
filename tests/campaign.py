"""How often a state machine is played: a little in each run, much more in the long ones."""

from hypothesis import HealthCheck, settings


def often(examples: int, *, torture: int, steps: int = 10) -> settings:
    """Give settings for so many examples.

    Args:
        examples: How many.
        torture: How many times as many in the torture profile.
        steps: How many steps each has at most.
    """
    profile = settings.default
    times = torture if profile and profile.max_examples > 100 else 1
    return settings(
        max_examples=examples * times,
        stateful_step_count=steps,
        suppress_health_check=[HealthCheck.too_slow],
    )
