"""Spreadsheets to wanted tasks: exports of ours under their own ids, and any others with a column for the title."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from tasksys import checks
from tasksys.exchange import reading
from tasksys.exchange.columns import Columns
from tasksys.exchange.errors import quoted
from tasksys.exchange.places import Places
from tasksys.exchange.plan import tidy_title
from tasksys.exchange.sheets import Row, Sheet
from tasksys.exchange.wanted import Wanted
from tasksys.ical.destination import Destination
from tasksys.ical.step import Step
from tasksys.ical.uids import ID, derived
from tasksys.rows import ChecklistItem, Link
from tasksys.values import LinkType, Order, pattern_of

T = TypeVar("T")

ORDER: Final = pattern_of(Order)
NO_TITLE: Final = "it has no title"


class Spreadsheet:
    """Reads the rows of a spreadsheet; `places` collects the projects and sections that they name."""

    def __init__(self, sheet: Sheet, target: Destination, mapping: Mapping[str, str] | None = None) -> None:
        """Raises Unreadable."""
        self._columns = Columns(sheet.columns, mapping)
        self._rows = sheet.rows
        self._target = target
        self._here = reading.Here.of(target)
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._by_id: dict[str, str] = {}
        self._by_title: dict[str, str] = {}
        self.places = Places(target)

    def read(self) -> Iterator[Wanted | Step]:
        """What each row wants, or why nothing; first which columns are not taken over. May raise Unreadable."""
        if self._columns.left_out:
            names = ", ".join(map(quoted, self._columns.left_out[:20]))
            yield Step(line=1, kind="file", title="Columns", reason=f"not taken over: {names}")
        for row in self._rows:
            if any(one.strip() for one in row.cells):
                yield self._wanted(row)

    def _wanted(self, row: Row) -> Wanted | Step:
        notes: list[str] = []
        unread: list[str] = []
        title, whole = tidy_title(self._cell(row, "title"))
        given = self._cell(row, "id").strip()
        name = given if self._columns.ours and ID.fullmatch(given) else self._derived(row)
        self._by_id.setdefault(given, name)
        uid = f"csv/{name}"
        if not title:
            return Step(line=row.line, uid=uid, reason=NO_TITLE)
        fields = self._fields(row, unread)
        place = self._place(row, notes)
        parent = self._parent(row, title, name, notes)
        self._by_title.setdefault(title.casefold(), name)
        notes += unread
        if whole:
            notes.append("its title was too long, and is whole in the description")
        parts = [checks.NOT_IN_TEXT.sub("", self._cell(row, "description")), whole]
        parts += [f"{said.partition(' was not understood')[0]}" for said in unread] if not self._columns.ours else []
        fields["description"] = "\n\n".join(part for part in parts if part.strip()) or parts[0]
        return Wanted(
            line=row.line, uid=uid, task=name, title=title, fields=fields, parent=parent, **place,
            checklist=tuple(self._checklist(row, name)), links=tuple(self._links(row, notes)),
            trashed=self._columns.ours and self._cell(row, "trashed") == "true", notes=tuple(notes),
        )  # fmt: skip

    def _cell(self, row: Row, field: str) -> str:
        return self._columns.cell(row.cells, field)

    def _derived(self, row: Row) -> str:
        """An id that is made of what the row says, and of how many rows before it say the same."""
        key = tuple(row.cells)
        self._seen[key] += 1
        return derived(self._target.workspace, "csv", str(self._seen[key]), *key)

    def _fields(self, row: Row, unread: list[str]) -> dict[str, Any]:
        def understood(field: str, read: Callable[[str], T]) -> T | None:
            text = self._cell(row, field)
            try:
                return read(text) if text.strip() else None
            except ValueError as error:
                unread.append(f"{field}: {' '.join(text.split())[:200]} was not understood: {error}")
                return None

        found: dict[str, Any] = {}
        for field in ("start", "due"):
            zone = self._cell(row, f"{field}_zone")
            found[field] = understood(field, lambda text, zone=zone: reading.moment(text, self._here, zone))  # type: ignore[misc]
        found["status"] = understood("status", reading.status)
        found["priority"] = understood("priority", reading.priority)
        found["estimate_minutes"] = understood("estimate_minutes", reading.minutes)
        labels, found["assignees"] = (
            reading.several(self._cell(row, field), self._columns.ours) for field in ("labels", "assignees")
        )
        found["labels"] = tuple(dict.fromkeys(one for one in map(reading.label, labels) if one))
        if ORDER.fullmatch(order := self._cell(row, "order")):
            found["order"] = order
        return {name: value for name, value in found.items() if value not in (None, ())}

    def _place(self, row: Row, notes: list[str]) -> dict[str, Any]:
        texts = [self._cell(row, name).strip() for name in ("project", "project_name", "section", "section_name")]
        project, project_name, section, section_name = texts
        if not self._columns.ours:  # what it calls an id is no id of ours
            project, project_name, section, section_name = "", project_name or project, "", section_name or section
        if not project and not project_name and self._target.project is None:
            return {"project": None, "section": None}
        found = self.places.project(row.line, project_name, project)
        if found is None:
            notes.append(f"its project {quoted(project_name or project)} is in the trash here, so it has none")
            return {"project": None, "section": None}
        if not section and not section_name:
            return {"project": found, "section": None}
        inside = self.places.section(row.line, found, section_name, section)
        if inside is None:
            notes.append(f"its section {quoted(section_name or section)} was removed here, so it has none")
        return {"project": found, "section": inside}

    def _parent(self, row: Row, title: str, name: str, notes: list[str]) -> str | None:
        """By the id that the file has, else by the title of a row before."""
        text = self._cell(row, "parent").strip()
        if not text:
            return None
        if self._columns.ours:
            return text
        found = self._by_id.get(text) or self._by_title.get(" ".join(text.split()).casefold())
        if found is None or found == name:
            notes.append(f"its parent {quoted(text)} is in no row before it")
            return None
        return found

    def _checklist(self, row: Row, name: str) -> Iterator[ChecklistItem]:
        lines = [one for one in self._cell(row, "checklist").split("\n") if one.strip()]
        for number, one in enumerate(lines):
            title, done = reading.item(one)
            if title:
                yield ChecklistItem(derived(name, "item", str(number)), tidy_title(title)[0], done)

    def _links(self, row: Row, notes: list[str]) -> Iterator[Link]:
        for one in self._cell(row, "links").split("\n"):
            kind, _, other = one.strip().partition(" ")
            if kind in list(LinkType) and ID.fullmatch(other):
                yield Link(LinkType(kind), other)
            elif one.strip():
                notes.append(f"its link {quoted(one)} was not understood")
