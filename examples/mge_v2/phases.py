"""The seven phases, in the order in which they run."""

from typing import Final

from examples.mge_v2.atoms import atomization
from examples.mge_v2.deployment import infrastructure
from examples.mge_v2.domain import discovery
from examples.mge_v2.plan import masterplan
from examples.mge_v2.project import file_writing
from examples.mge_v2.sources import code_generation
from examples.mge_v2.waves import wave_execution

PHASES: Final = (
    "discovery",
    "masterplan",
    "code_generation",
    "atomization",
    "wave_execution",
    "file_writing",
    "infrastructure",
)

__all__ = [
    "PHASES",
    "atomization",
    "code_generation",
    "discovery",
    "file_writing",
    "infrastructure",
    "masterplan",
    "wave_execution",
]
