"""A short run of chaos: one broker, two workers, and the faults that happen most. `make chaos` has the long ones."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Final

import pytest

from tests.chaos.faults import CutFromBrokers, Fault, Freeze, Kill, Stop
from tests.chaos.run import Plan, run
from tests.chaos.schedule import Setting, schedule
from tests.support.kafka_broker import install
from tests.support.nodes import tell

SEED: Final = int(os.environ.get("TASKSYS_CHAOS_SEED", "0")) or random.randrange(1, 10**6)


def _short(seed: int) -> list[Fault]:
    """A kill, a freeze, a stop and a cut, of one worker or the other."""
    rng = random.Random(seed)
    return [
        Kill(1.0, 1.0, rng.randrange(2)),
        CutFromBrokers(6.0, 2.0, rng.randrange(2)),
        Freeze(10.0, 8.0, rng.randrange(2)),
        Stop(21.0, 0.0, rng.randrange(2)),
    ]


@pytest.mark.kafka
@pytest.mark.timeout(400)
async def test_nothing_is_broken(tmp_path: Path) -> None:
    """After a kill, a freeze, a stop and a cut under load everything is as promised."""
    install()
    tell(f"TASKSYS_CHAOS_SEED={SEED}")
    plan = Plan(SEED, Setting(workers=2, spare=0), 0, teams=2, people=2)
    ended = await run(plan, tmp_path, tell, _short(SEED))
    if ended.violations:
        ended.history.save(tmp_path / "history.json")
    assert not ended.violations, "\n".join(map(str, ended.violations))
    assert ended.acknowledged > 50
    assert any(one.seen for one in ended.history.followed)
    assert ended.history.reads


def test_a_seed_says_the_schedule() -> None:
    """The same seed, the same faults at the same times; no target suffers two at once."""
    setting = Setting(workers=3, brokers=3, spare=1, clocks=True, small=1, failing=True)
    for seed in range(200):
        faults = schedule(seed, setting, 8)
        assert list(map(str, faults)) == list(map(str, schedule(seed, setting, 8)))
        assert len(faults) == 8
        for index, fault in enumerate(faults):
            for later in faults[index + 1 :]:
                if later.whom == fault.whom:
                    assert later.at >= fault.at + fault.seconds
    for kind in ("broker stop", "tables spoiled", "disk fails"):
        assert {fault.kind for fault in schedule(1, setting, 8, kind)} == {kind}
    with pytest.raises(ValueError, match="no fault of the kind 'flood'"):
        schedule(1, setting, 8, "flood")
    kinds = {fault.kind for seed in range(200) for fault in schedule(seed, setting, 8)}
    assert len(kinds) == 22, kinds
