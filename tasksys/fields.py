"""Sets of mentioned fields: what differs, and what a row is with them laid over it."""

from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType, structs

V = TypeVar("V")
F = TypeVar("F", bound=Struct)
R = TypeVar("R", bound=Struct)


def mentioned(fields: Struct) -> dict[str, object]:
    """The fields that are set, by name."""
    return {name: value for name in fields.__struct_fields__ if (value := getattr(fields, name)) is not UNSET}


def or_default(value: V | None | UnsetType, default: V) -> V | UnsetType:
    """What an edit wants: `default` where it says null, and still UNSET where it says nothing."""
    return default if value is None else value


def difference(row: Struct, wanted: F) -> tuple[F, F]:
    """The mentioned fields in which the row differs, as they are and as they are wanted."""
    changed = {name: value for name, value in mentioned(wanted).items() if getattr(row, name) != value}
    before = {name: getattr(row, name) for name in changed}
    return type(wanted)(**before), type(wanted)(**changed)


def overlay(row: R, fields: Struct) -> R:
    """The row with the mentioned fields replaced."""
    return structs.replace(row, **mentioned(fields))


def standing(row: Struct, fields: Struct) -> bool:
    """True if the row still has every one of the mentioned fields as they are there."""
    return all(getattr(row, name) == value for name, value in mentioned(fields).items())
