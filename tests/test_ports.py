"""Ports that tests are given."""

import subprocess
import sys
from typing import Final

from tests.support.ports import BLOCK, PORTS, free_ports

ONLY_FROM: Final = """
import sys
from tests.support import ports

ports.PORTS = range(int(sys.argv[1]), int(sys.argv[1]) + ports.BLOCK)
ports.free_ports(1)
"""


def test_no_other_process_is_given_one_of_ours() -> None:
    """Not even if nobody listens yet: the block is ours for as long as we live."""
    [mine] = free_ports(1)
    block = mine - (mine - PORTS.start) % BLOCK
    other = subprocess.run(
        [sys.executable, "-c", ONLY_FROM, str(block)], capture_output=True, text=True, timeout=60, check=False
    )
    assert other.returncode == 1
    assert "1 processes of tests have all of range" in other.stderr


def test_one_is_given_again_as_late_as_can_be() -> None:
    """Whoever was stopped finds its port still free when it is started again."""
    mine = [free_ports(1)[0] for _ in range(50)]
    assert len({*mine}) == len(mine)
