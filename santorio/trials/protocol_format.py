"""The formats of a protocol's document: how names and numbers are written in its canonical text."""

from collections.abc import Mapping
from typing import Any, Literal

Format = Literal["santorio-protocol-1", "santorio-protocol-2"]
FORMAT: Format = "santorio-protocol-2"
FORMATS: tuple[Format, ...] = ("santorio-protocol-1", FORMAT)
# The fields that format 2 renamed, with their names in format 1. A protocol keeps the format that it was frozen in, and
# with it the text that its hash is of.
_FORMAT_1_NAMES = {"intervention": "lever", "randomization": "law", "decision_rule": "deciding"}
_FORMAT_1_RULE_NAMES = {
    "interim_analyses": "interim_looks",
    "interim_after_days": "looks_after_days",
    "interim_threshold": "threshold_at_looks",
}


def with_current_names(document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a document in either format, under the names of the current one."""
    fields = _rename(document, _inverse(_FORMAT_1_NAMES))
    rule = fields.get("decision_rule")
    if isinstance(rule, Mapping):
        fields["decision_rule"] = _rename(rule, _inverse(_FORMAT_1_RULE_NAMES))
    return fields


def with_format_1_names(document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a document in the current format, under the names of format 1."""
    rule = _rename(document["decision_rule"], _FORMAT_1_RULE_NAMES)
    return _rename({**document, "decision_rule": rule}, _FORMAT_1_NAMES)


def _inverse(names: Mapping[str, str]) -> dict[str, str]:
    return {old: new for new, old in names.items()}


def _rename(fields: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in fields.items()}


def integers_without_point(value: object) -> object:
    """A value whose floats that are integers became ints: the canonical text writes them without a decimal point."""
    if isinstance(value, dict):
        return {str(name): integers_without_point(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [integers_without_point(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
