"""The views' logger."""

import logging
from typing import Final

logger: Final = logging.getLogger("tasksys.views")
