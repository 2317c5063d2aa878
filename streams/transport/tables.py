"""Faust's manager of tables, without a second's pause at each start."""

from faust.tables import TableManager


class Tables(TableManager):
    """Nothing waits for that second: tables are registered before the consumer subscribes, whenever that is."""

    async def on_start(self) -> None:
        """Registers the tables' changelogs, and starts what recovers them."""
        await self._update_channels()
        await self.recovery.start()
