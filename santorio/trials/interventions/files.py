"""A person's own levers and limits as a file."""

import re

from santorio.people import Person
from santorio.storage.parse_result import ParseResult, rejected
from santorio.trials.interventions.catalog import LeverRefused, read_document
from santorio.trials.interventions.custom import events_of

_BEGINS = re.compile(r"(?:(?:---|[^\S\n]*(?:#[^\n]*)?)\n)*(?:lever|levers|limits):")
KIND = "levers"


def looks_like(content: str) -> bool:
    """Whether a text begins, after its comments, as a file of levers or limits does."""
    return _BEGINS.match(content) is not None


def parse(content: str, person: Person) -> ParseResult:
    """Read levers and limits; one that is wrong refuses the file, with every problem in a sentence."""
    try:
        document = read_document(content)
    except LeverRefused as error:
        return rejected(error.code, str(error), kind=KIND)
    return ParseResult(KIND, events_of(document, person))
