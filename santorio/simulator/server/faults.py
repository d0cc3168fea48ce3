"""Faults to inject: a fault applies to the next requests whose path begins as stated."""

import threading
from dataclasses import dataclass
from typing import Literal, TypeGuard, get_args

FaultKind = Literal[
    "429", "500", "503", "401", "403", "404", "204", "slow", "cut", "html", "schema", "wrapped", "number"
]
KINDS: tuple[str, ...] = get_args(FaultKind)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault to inject.

    Parameters
    ----------
    kind
        A status; `slow` answers after `seconds`; `cut` truncates the body; `html` is a web page instead
        of JSON; `schema` renames every key, `wrapped` puts the answer into another object, `number` answers with a
        number.
    path
        Beginning of the paths that it applies to; `/` is all.
    times
        How many requests it applies to; None for all.
    after
        How many requests succeed first.
    retry_after
        The `Retry-After` of a 429 in seconds; None for no such header.
    seconds
        How long `slow` takes.
    person
        Applies to this display name only.
    """

    kind: FaultKind
    path: str = "/"
    times: int | None = 1
    after: int = 0
    retry_after: int | None = None
    seconds: float = 0.5
    person: str | None = None


@dataclass(slots=True)
class _PendingFault:
    fault: Fault
    matched: int = 0
    """Requests that it could have applied to so far."""

    def matches(self, path: str, person: str | None) -> bool:
        return path.startswith(self.fault.path) and self.fault.person in {None, person}

    def is_due(self) -> bool:
        """Count a request, and return whether the fault applies to it."""
        fault, number = self.fault, self.matched
        self.matched += 1
        if number < fault.after:
            return False
        return fault.times is None or number < fault.after + fault.times


class Faults:
    """The faults to inject, in the order in which they were added."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: list[_PendingFault] = []

    def add(self, *faults: Fault) -> None:
        """Apply these from now on."""
        with self._lock:
            self._pending += [_PendingFault(fault) for fault in faults]

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._pending.clear()

    def strike(self, path: str, person: str | None) -> Fault | None:
        """Return the fault that applies to a request, and count the request."""
        with self._lock:
            for pending in self._pending:
                if pending.matches(path, person) and pending.is_due():
                    return pending.fault
        return None


def parse_fault(text: str) -> Fault:
    """Read a fault of a command line: `429@/wellness-service*3+10` (path, times and requests before are optional).

    Raises
    ------
    ValueError
        If it is not a fault.
    """
    rest, _, after = text.partition("+")
    rest, _, times = rest.partition("*")
    kind, _, path = rest.partition("@")
    if not _is_kind(kind):
        raise ValueError(f"“{text}” is not a fault. Use one of {', '.join(KINDS)}.")
    retry_after = 2 if kind == "429" else None
    return Fault(
        kind=kind,
        path=path or "/",
        times=int(times or 1),
        after=int(after or 0),
        retry_after=retry_after,
    )


def _is_kind(text: str) -> TypeGuard[FaultKind]:
    return text in KINDS
