"""How events of earlier schemas are read by this release: one step per released change, applied in turn.

An upcaster takes the `data` of (type, schema) and gives the type, schema and data that it became. Stored bytes are
never rewritten. Golden files of every schema ever released are in tests/golden/.
"""

from collections.abc import Callable
from typing import Any, Final

Upcaster = Callable[[dict[str, Any]], tuple[str, int, dict[str, Any]]]

UPCASTERS: Final[dict[tuple[str, int], Upcaster]] = {}
"""(event type, schema) -> the step to the next one. Empty as long as every type is at its first schema."""
