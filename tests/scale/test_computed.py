"""What is computed of what was measured."""

from __future__ import annotations

import pytest

from tests.bench.load import Answered
from tests.bench.percentiles import Times
from tests.scale import pauses, rates, sizes
from tests.scale.capacity import HANDED_ON, MOST, Costs, machines
from tests.scale.pauses import JOIN, KILL, Pause
from tests.scale.rates import combined
from tests.scale.told import BEGIN, END, disk, put_into

COSTS = Costs(
    command=0.0, together=0.002 - HANDED_ON / 3, broker=0.001, read=-HANDED_ON, follower=0.0, idle=0.1,
    event_bytes=1000.0, command_bytes=500.0, changelog_bytes=2000.0, written_bytes=3000.0, table_bytes=1500.0,
)  # fmt: skip


def test_rates_of_several_generators_add_up() -> None:
    """Processor time is that of all commands, those of the warm-up too; the worst 99 % counts."""
    answered = [Answered(100.0, 1, Times(1, 2.0, 5.0, 9.0)), Answered(300.0, 1, Times(1, 4.0, 7.0, 9.0))]
    seconds = rates.WARM_UP + rates.SECONDS
    found = combined(answered, (seconds, seconds / 2, seconds / 4), calm=True)
    assert (found.workers, found.rate, found.p50, found.p99) == (2, 400.0, 3.0, 7.0)
    assert (found.worker_us, found.broker_us, found.client_us) == pytest.approx((2500.0, 1250.0, 625.0))
    assert found.cores == pytest.approx(1.75)


def test_pauses_are_told_by_kind() -> None:
    """The median over the times of the median, and of the longest, of the workspaces."""
    found = [Pause(KILL, [1.0, 2.0, 9.0], 7.0), Pause(JOIN, [0.2, 0.2, 0.3], 3.0), Pause(JOIN, [0.4, 0.6, 1.3], 5.0)]
    (join, kill) = pauses.table(found).rows
    assert join == [JOIN, "2", "0.40 s (0.20 to 0.60)", "0.80 s (0.30 to 1.30)", "0 of 3", "4 s (3 to 5)", "0"]
    assert kill[4] == "2 of 3"
    figures = pauses.figures(found)
    assert figures["kill_longest_s"] == 9.0
    assert figures["join_median_s"] == pytest.approx(0.4)


def test_bytes_are_told_by_topic() -> None:
    """A broker's directories are partitions."""
    assert sizes.of_files([("tasksys.events-0", 5), ("tasksys.events-11", 7), ("tasksys-audit-x-0", 1)]) == {
        "tasksys.events": 12,
        "tasksys-audit-x": 1,
    }


def test_few_commands_need_the_least_that_stands() -> None:
    """Two workers, so that one may go; three brokers; the partitions that there are anyway."""
    found = machines(86_400, COSTS)
    assert found.peak == 10.0
    assert (found.workers, found.worker_machines, found.partitions, found.brokers) == (2, 2, 12, 3)


def test_machines_follow_from_costs() -> None:
    """By hand: 864 commands a second in the busiest one, 200 a second and worker."""
    found = machines(86.4 * 86_400, COSTS)
    assert found.peak == pytest.approx(864.0)
    assert found.each == pytest.approx(200.0)
    assert (found.workers, found.partitions) == (6, 24)  # 4.32 is 5, and a tenth of them more
    assert found.broker_cores == pytest.approx(864 * 0.001 * 3 / 0.5)
    assert found.events == pytest.approx(86.4 * 86_400 * 365 * 1000 * 3 / 1e9)
    assert found.tables == pytest.approx(86.4 * 86_400 * 365 * 1500 * 2 / 1e9)
    assert found.network == pytest.approx(864 * (500 * 4 + 1000 * 7 + 3000 * 4) * 8 / 1e6)


def test_more_than_a_cluster_carries_is_several() -> None:
    """As few as will do, all alike; what they have together is as much as of one, times their number."""
    found = machines(86_400 * 3_000, COSTS)  # 30,000 commands a second, 200 a second and worker
    one = machines(86_400 * 3_000 / 3, COSTS)
    assert (found.cells, one.cells) == (3, 1)
    assert machines(86_400 * 2_000 * 0.6, COSTS).cells == 2  # 66 workers
    assert found.workers == 3 * one.workers
    assert one.workers <= MOST
    assert (found.partitions, found.brokers) == (3 * one.partitions, 3 * one.brokers)
    assert found.events == pytest.approx(3 * one.events)
    assert found.recovery == pytest.approx(one.recovery)


def test_disks_are_told_as_people_do() -> None:
    """In the largest unit that fits."""
    assert [disk(12.0), disk(1_300.0), disk(2_500_000.0)] == ["12 GB", "1.3 TB", "2.5 PB"]


def test_the_page_keeps_what_people_wrote() -> None:
    """Only what is between the marks is computed; a page without them is left alone, loudly."""
    assert put_into(f"before\n{BEGIN}old{END}after", "new") == f"before\n{BEGIN}\nnew\n{END}after"
    with pytest.raises(ValueError, match="no place"):
        put_into("nothing", "new")
