"""A person's own interventions and limits as a file."""

import re

from santorio.people import Person
from santorio.storage.parse_result import ParseResult, rejected
from santorio.trials.interventions.catalog import InterventionRejected, parse_intervention_file
from santorio.trials.interventions.custom import events_of

# Comments, blank lines and YAML's document marker may come before the first key.
_BEGINS = re.compile(r"(?:(?:---|[^\S\n]*(?:#[^\n]*)?)\n)*(?:interventions?|levers?|limits):")
KIND = "interventions"


def looks_like(content: str) -> bool:
    """Whether a text begins, after its comments, as a file of interventions or limits does."""
    return _BEGINS.match(content) is not None


def parse(content: str, person: Person) -> ParseResult:
    """Read interventions and limits; an invalid one rejects the file, with every problem in a sentence."""
    try:
        document = parse_intervention_file(content)
    except InterventionRejected as error:
        return rejected(error.code, str(error), kind=KIND)
    return ParseResult(KIND, events_of(document, person))
