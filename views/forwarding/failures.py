"""How asking another worker can fail, as far as it matters to who asks."""


class Misdirected(Exception):
    """It has not got the partition, as far as it knows; nothing was done. Look anew, and ask again."""


class Unreached(Exception):
    """There is no answer. `begun` says whether the request may have reached it and been acted upon."""

    def __init__(self, why: str, begun: bool) -> None:
        super().__init__(why)
        self.begun = begun
