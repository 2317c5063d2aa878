"""When an agent's tables are as the log says: recovered for the assignment that holds now, and for no other one.

Faust says so at the end of a recovery, whichever rebalance that was for. A rebalance may begin while the recovery of
the one before is in its last step; this then says that all is well in the middle of the new one, and nothing takes it
back. Until the new recovery's end this process would answer, fire and send by rows that are older than what another
worker has written and told meanwhile.
"""

from typing import Any

from faust.tables import TableManager


class Tables(TableManager):
    """The tables of one app; Faust sets `actives_ready`, and everybody asks it."""

    _said = False
    _recovered = -1
    """The generation of the group whose recovery said so last."""
    assigning = False
    """Whether partitions are being taken over, but their recovery has not begun."""

    async def on_start(self) -> None:
        """Registers the tables' changelogs, which the consumer waits for, and starts what recovers them.

        Faust's own lets a second pass first, in every start: nothing waits for that.
        """
        await self._update_channels()
        await self.recovery.start()

    @property
    def actives_ready(self) -> bool:
        """Whether the tables are recovered for the partitions that are assigned now."""
        return self._said and not self.assigning and self._recovered == self._generation

    @actives_ready.setter
    def actives_ready(self, ready: bool) -> None:
        self._said, self._recovered = ready, self._generation

    @property
    def _generation(self) -> int:
        """Which assignment the newest recovery is for."""
        recovery: Any = self._recovery
        return -1 if recovery is None else recovery._generation_id
