"""The document that the README of the original system shows, word by word."""

import json
from typing import Any

EXAMPLE = """
{
  "test_name": "MGE V2 FastAPI Pipeline",
  "test_id": "fastapi_pipeline_abc12345",
  "started_at": "2025-11-10T18:31:48.123Z",
  "last_updated_at": "2025-11-10T18:48:52.456Z",
  "total_duration_seconds": 1024.3,
  "current_phase": "code_generation",
  "total_retries": 2,
  "user_request": "Create a FastAPI REST API...",
  "phases": {
    "discovery": {
      "phase_name": "discovery",
      "status": "completed",
      "started_at": "2025-11-10T18:31:48.200Z",
      "completed_at": "2025-11-10T18:32:24.350Z",
      "duration_seconds": 36.15,
      "retry_count": 1,
      "discovery_id": "550e8400-e29b-41d4-a716-446655440000",
      "domain": "Task Management System",
      "bounded_contexts_count": 3,
      "aggregates_count": 4,
      "entities_count": 8,
      "error": null
    },
    "masterplan": {
      "phase_name": "masterplan",
      "status": "completed",
      "started_at": "2025-11-10T18:32:24.400Z",
      "completed_at": "2025-11-10T18:35:57.800Z",
      "duration_seconds": 213.4,
      "retry_count": 1,
      "masterplan_id": "660e8400-e29b-41d4-a716-446655440001",
      "project_name": "task_management_api",
      "total_phases": 5,
      "total_milestones": 12,
      "generated_tasks_count": 33,
      "error": null
    },
    "code_generation": {
      "phase_name": "code_generation",
      "status": "failed",
      "started_at": "2025-11-10T18:35:58.000Z",
      "completed_at": "2025-11-10T18:48:28.100Z",
      "duration_seconds": 750.1,
      "retry_count": 2,
      "generated_code_count": 33,
      "total_code_lines": 4521,
      "total_cost_usd": 0.62,
      "error": "ConnectionResetError: [Errno 104] Connection reset by peer"
    },
    "atomization": {
      "phase_name": "atomization",
      "status": "pending",
      "started_at": null,
      "completed_at": null,
      "duration_seconds": null,
      "retry_count": 0,
      "error": null
    }
  }
}
"""
RESET = "ConnectionResetError: [Errno 104] Connection reset by peer"
DISCOVERY = {
    "discovery_id": "550e8400-e29b-41d4-a716-446655440000",
    "domain": "Task Management System",
    "bounded_contexts_count": 3,
    "aggregates_count": 4,
    "entities_count": 8,
}
MASTERPLAN = {
    "masterplan_id": "660e8400-e29b-41d4-a716-446655440001",
    "project_name": "task_management_api",
    "total_phases": 5,
    "total_milestones": 12,
    "generated_tasks_count": 33,
}
PHASES = [
    "discovery",
    "masterplan",
    "code_generation",
    "atomization",
    "wave_execution",
    "file_writing",
    "infrastructure",
]


def example() -> dict[str, Any]:
    """Give the document as JSON data."""
    found: dict[str, Any] = json.loads(EXAMPLE)
    return found
