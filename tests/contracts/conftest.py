"""What the contract tests share."""

from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo, reset_tzpath

import pytest

from tasksys.series import rules

ZonesOf = Callable[[str, str], None]
"""(zone, other) -> from now on the zone has the other one's rules."""


@pytest.fixture
def zones_of(tmp_path: Path) -> Iterator[ZonesOf]:
    """Stands in for a release of the zone database that changes a zone, until the test ends."""

    changed = list[str]()

    def forget() -> None:
        ZoneInfo.clear_cache(only_keys=changed)  # others are told apart by identity, in tests that come later too
        rules._made.cache_clear()

    def change(zone: str, other: str) -> None:
        place = tmp_path / "zones" / zone
        place.parent.mkdir(parents=True)
        place.write_bytes(resources.files("tzdata").joinpath("zoneinfo", *other.split("/")).read_bytes())
        changed.append(zone)
        reset_tzpath((str(tmp_path / "zones"),))
        forget()

    yield change
    reset_tzpath(())
    forget()
