"""pytest: options, fixtures, hooks.

Loaded by every pytest run on the machine: whatever is heavier than what this imports is
imported when a test asks for milepost.
"""

from milepost.plugin.collection import (
    pytest_collection_finish,
    pytest_collection_modifyitems,
    pytest_report_collectionfinish,
    pytest_report_header,
)
from milepost.plugin.fixtures import (
    checkpoint_manager,
    class_phase,
    execute_phase_with_checkpoint,
    milepost,
    module_phase,
    phase,
    retry_handler,
    session_phase,
)
from milepost.plugin.options import MODES, pytest_addoption
from milepost.plugin.running import (
    pytest_configure,
    pytest_runtest_makereport,
    pytest_runtest_protocol,
    pytest_runtest_setup,
    pytest_sessionfinish,
    pytest_terminal_summary,
)
from milepost.plugin.spending import pytest_configure_node, pytest_unconfigure

__all__ = [
    "MODES",
    "checkpoint_manager",
    "class_phase",
    "execute_phase_with_checkpoint",
    "milepost",
    "module_phase",
    "phase",
    "pytest_addoption",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_report_collectionfinish",
    "pytest_report_header",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_runtest_setup",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_unconfigure",
    "retry_handler",
    "session_phase",
]
