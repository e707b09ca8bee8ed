"""The answers, found from the prompt: by its phase, and by the file that it asks for."""

import json
import re
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

_HERE: Final = Path(__file__).resolve().parent
_SUBJECT: Final = "task"


class UnknownPromptError(Exception):
    """The stand-in has no answer to a prompt."""


def answer_to(prompt: str) -> str:
    """Find the answer to a prompt.

    Args:
        prompt: All text of the prompt.

    Raises:
        UnknownPromptError: It is not one of the pipeline's, or about something else
            than the one project that the stand-in knows.
    """
    match _line(prompt, "Phase"):
        case "discovery":
            return _domain_model(prompt)
        case "masterplan":
            return _read("masterplan.json")
        case "code_generation":
            return _file(_line(prompt, "Target file"))
        case other:
            raise UnknownPromptError(f"no prompt of the pipeline: phase {other!r}")


def _domain_model(prompt: str) -> str:
    request = prompt.partition("Request:\n")[2].strip()
    if _SUBJECT not in request.lower():
        raise UnknownPromptError("this stand-in knows a task management project only")
    model = json.loads(_read("domain.json"))
    model["summary"] = _first_sentence(request)
    return json.dumps(model, indent=2)


def _first_sentence(request: str) -> str:
    text = " ".join(request.split())
    return text.partition(". ")[0].rstrip(".") + "."


def _file(target: str) -> str:
    template = PurePosixPath("project", f"{target}.txt")
    if ".." in template.parts or not (_HERE / template).is_file():
        raise UnknownPromptError(f"no template for {target!r}")
    return f"```python\n{_read(str(template))}```\n"


@cache
def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _line(prompt: str, label: str) -> str:
    found = re.search(rf"^{label}: (.+)$", prompt, re.MULTILINE)
    return found.group(1).strip() if found else ""
