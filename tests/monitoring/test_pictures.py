"""Values in pictures of panels are written as people read them."""

import math

import pytest

from tests.monitoring.panels import DRAWN, slug
from tests.support.monitoring.dashboards import every
from tests.support.monitoring.units import written


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.0, "s", "0 s"),
        (0.0125, "s", "12.5 ms"),
        (0.000042, "s", "42 µs"),
        (90.0, "s", "1.5 min"),
        (7200.0, "s", "2 h"),
        (0.9995, "percentunit", "100 %"),
        (0.123, "percentunit", "12.3 %"),
        (2048.0, "bytes", "2 KiB"),
        (1.5 * 2**30, "bytes", "1.5 GiB"),
        (2048.0, "Bps", "2 KiB/s"),
        (12_345.0, "short", "12.3 K"),
        (3.0, "ops", "3 ops/s"),
        (math.nan, "s", "NaN"),
        (math.inf, "s", "∞"),
    ],
)
def test_a_value_has_its_unit(value: float, unit: str, expected: str) -> None:
    """Scaled to what is short, with the unit's name."""
    assert written(value, unit) == expected


def test_decimals_are_as_many_as_the_panel_wants() -> None:
    """99.95 % of availability is not 100 %."""
    assert written(0.9995, "percentunit", 3) == "99.950 %"


def test_every_kind_of_panel_can_be_drawn() -> None:
    """Nothing that asks Prometheus is left out of pictures, and no two have one file."""
    panels = [panel for panel in every() if panel.datasource == "prometheus"]
    assert {panel.kind for panel in panels} <= set(DRAWN)
    assert len({(panel.dashboard, slug(panel.title)) for panel in panels}) == len(panels)
