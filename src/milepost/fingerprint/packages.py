"""Third-party code: known by its qualified name and its distribution's version."""

import sys
from functools import cache


def described(module: str, qualname: str) -> str:
    """Name a piece of code of another package.

    Args:
        module: The dotted name of its module.
        qualname: Its qualified name in the module.

    Returns:
        As in ``httpx.get (httpx 0.28.1)``; the name alone for the standard library
        and for what no distribution has installed.
    """
    name = f"{module}.{qualname}".replace(".<locals>", "")
    distribution = _distribution(module.partition(".")[0])
    return f"{name} ({distribution})" if distribution else name


@cache
def _distribution(top: str) -> str:
    if top in sys.stdlib_module_names or top in {"", "__main__", "milepost"}:
        return ""
    # Slow to import, and needed only where third-party code is a phase or an input.
    from importlib import metadata  # noqa: PLC0415 - see above

    for name in (top, *_owners(top)):
        try:
            return f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue
    return ""


def _owners(top: str) -> list[str]:
    """Give the distributions that have installed a top-level module."""
    from importlib import metadata  # noqa: PLC0415 - as above

    return sorted(set(metadata.packages_distributions().get(top, ())))
