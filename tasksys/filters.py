"""Saved filters: queries that a user keeps under a name, for themselves or for all members.

A private one is its user's alone: to everybody else it is as if it were not there. A shared one is seen by all members;
editors and up share, and whoever made it or an admin changes it.
"""

from typing import Final, assert_never

from msgspec import UNSET, structs

from tasksys import checks, limits, ordering
from tasksys.commands import CommandRecord, CreateFilter, EditFilter, RemoveFilter
from tasksys.events import Fact, FilterAdded, FilterEdited, FilterFields, FilterRemoved
from tasksys.fields import difference, mentioned, or_default, overlay, standing
from tasksys.query import FilterError, Query
from tasksys.refusals import Code, FieldError, Refusal, conflict, missing, over
from tasksys.rows import SavedFilter, UserFilters
from tasksys.stamp import Stamp
from tasksys.state import State
from tasksys.values import Role

FilterCommand = CreateFilter | EditFilter | RemoveFilter
FilterEvent = FilterAdded | FilterEdited | FilterRemoved

TEXTS: Final = ("filter", "q", "sort", "colour")
"""The fields that may be blank."""


def visible(row: SavedFilter, user: str) -> bool:
    """Whether that member sees it."""
    return row.shared or row.user == user


def decide(command: FilterCommand, record: CommandRecord, state: State) -> list[Fact] | Refusal:
    """The events of a command on saved filters."""
    user = record.actor
    if refusal := checks.allowed(state, user, Role.VIEWER):
        return refusal
    if isinstance(command, CreateFilter):
        return _create(command, user, record.at, state)
    row = state.get(SavedFilter, command.saved)
    if row is None or not visible(row, user):
        return missing("filter", command.saved)
    refusal = _may_change(row.user, row.shared, user, state) or checks.stale(
        "filter", command.expected_version, row.version
    )
    if refusal:
        return refusal
    match command:
        case EditFilter():
            return _edit(command, row, user, state)
        case RemoveFilter():
            return [Fact(FilterRemoved(row.id, row.user, row.created_at, _fields(row), row.version))]
        case _:
            assert_never(command)


def _may_change(owner: str, shared: bool, actor: str, state: State) -> Refusal | None:
    """Refuses who may not change a filter that is, or becomes, shared or not."""
    if not shared:
        return None if owner == actor else Refusal(Code.FORBIDDEN, "It is somebody else's own; only they change it.")
    return checks.allowed(state, actor, Role.EDITOR if owner == actor else Role.ADMIN)


def _create(command: CreateFilter, user: str, at: str, state: State) -> list[Fact] | Refusal:
    refusal = (
        checks.identifier("/saved", command.saved)
        or (checks.allowed(state, user, Role.EDITOR) if command.shared else None)
        or _unfit(command)
        or unreadable(command.filter, command.q, command.sort)
    )
    if refusal:
        return refusal
    if state.get(SavedFilter, command.saved) is not None:
        return Refusal(Code.EXISTS, f"There is a filter {command.saved!r} already; choose another id.")
    if full := _full(user, state):
        return full
    workspace = state.workspace
    assert workspace is not None
    order = ordering.at_end(workspace.position + 1) if command.order is UNSET else command.order
    fields = FilterFields(
        command.name.strip(), command.filter, command.q, command.sort, command.colour, command.shared, order
    )
    return [Fact(FilterAdded(command.saved, user, at, fields))]


def _edit(command: EditFilter, row: SavedFilter, user: str, state: State) -> list[Fact] | Refusal:
    if refusal := _unfit(command):
        return refusal
    wanted = FilterFields(
        name=command.name if command.name is UNSET else command.name.strip(),
        **{name: or_default(getattr(command, name), "") for name in TEXTS},
        shared=or_default(command.shared, False),
        order=command.order,
    )
    before, after = difference(row, wanted)
    if after == FilterFields():
        return []
    edited = overlay(row, after)
    refusal = checks.allowed(state, user, Role.EDITOR) if edited.shared else None
    if not mentioned(after).keys().isdisjoint(("filter", "q", "sort")):
        refusal = refusal or unreadable(edited.filter, edited.q, edited.sort)
    return refusal or [Fact(FilterEdited(row.id, row.user, before, after))]


def _unfit(command: CreateFilter | EditFilter) -> Refusal | None:
    return checks.every(
        checks.line("/name", command.name, limits.NAME_CHARACTERS) if command.name is not UNSET else None,
        checks.short("/colour", command.colour, limits.NAME_CHARACTERS) if command.colour else None,
    )


def unreadable(filter: str, q: str, sort: str) -> Refusal | None:
    """Refuses what no query can be read from, and says where and what would be right there, as the query does."""
    found = Query.parse(filter, q, sort)
    if not isinstance(found, FilterError):
        return None
    error = FieldError(f"/{found.parameter}", f"{found.detail} {found.hint}".strip())
    return Refusal(Code.INVALID, found.detail, (error,), found.parameter, found.position, found.hint)


def _full(user: str, state: State) -> Refusal | None:
    listed = state.get(UserFilters, user)
    full = listed is not None and len(listed.filters) >= limits.FILTERS_PER_USER
    return over("/saved", "saved filters of one user", limits.FILTERS_PER_USER) if full else None


def _fields(row: SavedFilter) -> FilterFields:
    return FilterFields(row.name, row.filter, row.q, row.sort, row.colour, row.shared, row.order)


def evolve(event: FilterEvent, state: State, stamp: Stamp) -> None:
    """Records an event on a saved filter."""
    match event:
        case FilterAdded():
            row = SavedFilter(event.saved, "", event.user, event.created_at, version=event.version)
            _list(event.user, state, add=event.saved)
            _put(overlay(row, event.fields), state, stamp)
        case FilterEdited():
            stored = state.get(SavedFilter, event.saved)
            assert stored is not None
            _put(overlay(stored, event.after), state, stamp)
        case FilterRemoved():
            _list(event.user, state, remove=event.saved)
            state.delete(SavedFilter, event.saved)
        case _:
            assert_never(event)


def _put(row: SavedFilter, state: State, stamp: Stamp) -> None:
    state.put(structs.replace(row, updated_at=stamp.at, version=row.version + 1, position=stamp.position))


def _list(user: str, state: State, add: str | None = None, remove: str | None = None) -> None:
    """Keeps the list of a user's filters, which bounds how many there are."""
    listed = state.get(UserFilters, user)
    names = [one for one in (listed.filters if listed else ()) if one != remove] + ([add] if add else [])
    if names:
        state.put(UserFilters(user, tuple(names)))
    else:
        state.delete(UserFilters, user)


def compensate(event: FilterEvent, actor: str, state: State) -> list[Fact] | Refusal:
    """The opposite of an event, or why it stands."""
    row = state.get(SavedFilter, event.saved)
    shared = event.fields.shared is True if isinstance(event, FilterRemoved) else row is not None and row.shared
    if isinstance(event, FilterEdited):
        shared = shared or event.before.shared is True
    if refusal := _may_change(event.user, shared, actor, state):
        return refusal
    match event:
        case FilterAdded():
            if row is None or not standing(row, event.fields):
                return conflict("The filter")
            return [Fact(FilterRemoved(row.id, row.user, row.created_at, event.fields, row.version))]
        case FilterEdited():
            if row is None or not standing(row, event.after):
                return conflict("The filter")
            return [Fact(FilterEdited(row.id, row.user, event.after, event.before))]
        case FilterRemoved():
            if row is not None:
                return conflict("The filter")
            again = FilterAdded(event.saved, event.user, event.created_at, event.fields, event.version)
            return _full(event.user, state) or [Fact(again)]
        case _:
            assert_never(event)


def told(event: FilterEvent) -> list[tuple[str, object, object]]:
    """The event as the audit tells it: field, before and after of each change."""
    field = f"filters/{event.saved}"
    match event:
        case FilterAdded():
            return [(field, None, {"user": event.user, **mentioned(event.fields)})]
        case FilterEdited():
            before = mentioned(event.before)
            return [(f"{field}/{name}", before.get(name), value) for name, value in mentioned(event.after).items()]
        case FilterRemoved():
            return [(field, {"user": event.user, **mentioned(event.fields)}, None)]
        case _:
            assert_never(event)
