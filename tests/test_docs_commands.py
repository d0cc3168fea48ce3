"""Every command of Santorio in the documentation exists, with the options shown."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from santorio.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
# docs/upgrading.md lists former commands beside their successors.
PAGES = [page for page in DOCUMENTS if page.name != "upgrading.md"]
# In a block of code or between backticks, up to a comment, a pipe or another command.
COMMAND = re.compile(r"(?:^|`|bin/|daemon )santorio ([a-z][^`\n|#>;&()]*)", re.MULTILINE)
OPTION = re.compile(r"(?<=\s)--[a-z][\w-]*")


def problem(line: str) -> str | None:
    """What is wrong with a command line, if anything."""
    words = line.split()
    command: Any = get_command(app)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        name = words.pop(0)
        if name not in command.commands:
            return f"no command {name!r} in {line!r}"
        command = command.commands[name]
    known = {"--help"}
    for parameter in command.params:
        known |= {*parameter.opts, *parameter.secondary_opts}
    unknown = set(OPTION.findall(line)) - known
    return f"no option {unknown} in {line!r}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist_with_their_options(page: Path) -> None:
    problems = [problem(line.strip()) for line in COMMAND.findall(page.read_text())]
    assert [text for text in problems if text] == []


def test_commands_are_found_and_a_wrong_one_is_noticed() -> None:
    assert sum(len(COMMAND.findall(page.read_text())) for page in PAGES) > 100
    assert problem("trial list --json") is None
    assert problem("trial propose") is not None
    assert problem("run --with-everything") is not None
