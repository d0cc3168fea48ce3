"""The built-in interventions, and the form in which they and a person's own are written: a YAML file."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources

import yaml
from pydantic import ValidationError

from santorio.errors import DataError
from santorio.trials.interventions.intervention import Intervention, Limits, StrictModel

MAX_FILE_CHARACTERS = 200_000
# Files that were written for earlier versions call an intervention a lever.
_OLD_KEYS = {"lever": "intervention", "levers": "interventions"}
_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of an intervention",
    "string_pattern_mismatch": "is not written as docs/interventions.md shows",
}


class InterventionRejected(DataError):
    """A file of interventions or limits that cannot be accepted as it is written."""

    code = "intervention_rejected"


class InterventionFile(StrictModel):
    """The content of a file: interventions, limits, or both."""

    interventions: tuple[Intervention, ...] = ()
    limits: Limits | None = None


@functools.cache
def built_in_interventions() -> tuple[Intervention, ...]:
    """The interventions that come with Santorio, by name."""
    definitions = resources.files("santorio.trials.interventions").joinpath("definitions")
    interventions: list[Intervention] = []
    for file in definitions.iterdir():
        if file.name.endswith(".yaml"):
            content = parse_intervention_file(file.read_text(encoding="utf-8"), own=False)
            interventions += content.interventions
    return tuple(sorted(interventions, key=lambda intervention: intervention.name))


def parse_intervention_file(text: str, *, own: bool = True) -> InterventionFile:
    """Parse and validate a file of interventions or limits.

    Raises
    ------
    InterventionRejected
        With every problem in a sentence; nothing of the file is accepted then.
    """
    content = _load_yaml(text)
    stated = _listed_interventions(content)
    fields = {key: value for key, value in content.items() if key != "intervention"}
    # A file cannot claim that it is built in.
    fields["interventions"] = [{**intervention, "own": own} for intervention in stated]
    try:
        file = InterventionFile.model_validate(fields)
    except ValidationError as error:
        names = [intervention.get("name") for intervention in stated]
        problems = " ".join(describe_errors(error, names))
        raise InterventionRejected(problems, hint="Correct it and import again.") from None
    distinct_names = {intervention.name for intervention in file.interventions}
    if len(distinct_names) < len(file.interventions):
        raise InterventionRejected("Two interventions of the file have the same name.", hint="Rename one.")
    return file


def _load_yaml(text: str) -> dict[object, object]:
    if len(text) > MAX_FILE_CHARACTERS:
        raise InterventionRejected("The file is too long for a file of interventions.", hint="Split it.")
    try:
        content = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    # A number of five thousand digits and the 45th of a month are ValueErrors.
    except (yaml.YAMLError, RecursionError, ValueError):
        raise InterventionRejected(
            "The file is not valid YAML.",
            hint="docs/interventions.md shows an example; indent with spaces, not with tabs.",
        ) from None
    if not isinstance(content, dict):
        content = {}
    content = {_OLD_KEYS.get(key, key): value for key, value in content.items()}
    if not content.keys() & {"interventions", "intervention", "limits"}:
        raise InterventionRejected(
            "The file has neither “interventions” nor “limits”.",
            hint="docs/interventions.md shows an example.",
        )
    return content


def _listed_interventions(content: Mapping[object, object]) -> list[dict[str, object]]:
    """A single intervention under “intervention” comes before those under “interventions”."""
    listed = content.get("interventions") or []
    if isinstance(listed, list) and "intervention" in content:
        listed = [content["intervention"], *listed]
    if not isinstance(listed, list) or not all(isinstance(intervention, dict) for intervention in listed):
        raise InterventionRejected(
            "“interventions” is not a list of interventions.", hint="Begin each with “- name: …”."
        )
    return listed


def describe_errors(error: ValidationError, names: Sequence[object]) -> Iterator[str]:
    """Describe each problem of a file in a sentence, with the intervention and the field."""
    for problem in error.errors(include_url=False, include_input=False):
        location = list(problem["loc"])
        where = ""
        if location[:1] == ["interventions"] and len(location) > 1:
            index = int(location[1])
            # An intervention without a valid name is named by its number.
            name = names[index] if isinstance(names[index], str) else index + 1
            where = f"In the intervention “{name}”, "
            location = location[2:]
        # Pydantic puts the kind of a validator into the location.
        field = ".".join(str(part) for part in location if part != "function-wrap")
        subject = f"“{field}” " if field else ""
        message = _MESSAGES.get(problem["type"], problem["msg"].removeprefix("Value error, "))
        yield f"{where}{subject}{message}."
