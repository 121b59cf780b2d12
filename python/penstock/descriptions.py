"""What a model is trained with: a name and settings, which the engine understands."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from penstock.errors import InvalidArgumentError, TypeMismatchError
from penstock.json_texts import described, without_none

__all__ = ["Description", "describe"]


class Description:
    """A name and settings; what is None has the engine's default."""

    #: The engine's name of it.
    name: ClassVar[str] = ""

    def __init__(self, **settings: Any) -> None:
        self._settings = without_none(settings)

    def to_dict(self) -> dict[str, Any]:
        """The description as files have it, without what has its default.

        >>> import penstock as ps
        >>> ps.optimizers.Adam(learning_rate=0.01).to_dict()
        {'name': 'adam', 'learning_rate': 0.01}
        """
        return {"name": self.name} | {key: described(each, key) for key, each in self._settings.items()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={each!r}' for key, each in self._settings.items())})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Description) and type(self) is type(other) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(repr(self))


def describe(given: Any, kind: str, kinds: Mapping[str, type[Description]], others: Sequence[str] = ()) -> Any:
    """What somebody named as JSON has it: by a Description, a name, or a dict with "name" and settings.

    kind is what it is called in sentences; others are names that have no class.
    """
    known = [*kinds, *others]
    if isinstance(given, Description):
        if type(given) not in kinds.values():
            raise TypeMismatchError(f"{kind} is {given!r}: expected one of {', '.join(known)}")
        return given.to_dict()
    if isinstance(given, type) and issubclass(given, Description):
        raise TypeMismatchError(f"{kind} is the class {given.__name__}: write {given.__name__}(...)")
    name = given.get("name") if isinstance(given, Mapping) else given
    if not isinstance(name, str):
        raise TypeMismatchError(
            f"{kind} is {given!r}: expected a name, as {known[0]!r}, or an object that describes one"
        )
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f", perhaps {near[0]!r}" if near else ""
        raise InvalidArgumentError(f"there is no {kind} {name!r}{hint}: expected one of {', '.join(known)}")
    return described(given, kind)
