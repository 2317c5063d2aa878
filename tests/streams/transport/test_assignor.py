"""What the leader of a group says is what all members do, and what they know of each other."""

import logging
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from faust.assignor.client_assignment import ClientMetadata
from faust.types import TP

from streams.agents import audit, deliveries
from streams.app import build
from streams.assignment import plan
from streams.broker import Broker
from streams.fold import AgentSpec
from streams.topics import changelog_of, group
from streams.transport.assignor import Assignor
from tasksys.ownership import Ownership, Setting

PARTITIONS = 12


class Cluster:
    """What the assignor asks of the brokers' metadata: every topic has as many partitions."""

    def __init__(self, partitions: int = PARTITIONS) -> None:
        self._numbers = set(range(partitions))

    def partitions_for_topic(self, topic: str) -> set[int]:
        """The numbers of its partitions."""
        return self._numbers


AUDIT = audit.agent(lambda reached: None)
DELIVERIES = deliveries.agent(lambda partition, instant: None, lambda partition: None)


class Member:
    """One worker's place in the group of one agent."""

    def __init__(
        self, url: str, directory: Path, spec: AgentSpec = AUDIT, standbys: int = 1, keys: Sequence[str] = ()
    ) -> None:
        broker = Broker.parse("kafka://127.0.0.1:9")  # nobody asks it
        self.app = build(spec, broker, directory, PARTITIONS, url, standbys=standbys, prints=keys)
        self.assignor: Assignor = self.app.assignor
        self.source, self.changelog = spec.source.name, changelog_of(group(spec.name))
        self.topics = {self.source, self.changelog}

    @property
    def ownership(self) -> Ownership:
        """What it knows of all."""
        return self.assignor.ownership(self.source, self.changelog, 7)

    def has(self, tps: set[TP], topic: str) -> list[int]:
        """The partitions among these of one topic."""
        return sorted(tp.partition for tp in tps if tp.topic == topic)

    def numbers(self) -> list[int]:
        """The partitions that it folds; their tables are its own to write."""
        actives = self.assignor.assigned_actives()
        assert self.has(actives, self.source) == self.has(actives, self.changelog)
        return self.has(actives, self.source)

    def copies(self) -> list[int]:
        """The partitions whose tables it copies; it reads nothing else of them."""
        standbys = self.assignor.assigned_standbys()
        assert self.has(standbys, self.source) == []
        return self.has(standbys, self.changelog)


def rebalance(members: Sequence[Member], partitions: int = PARTITIONS) -> None:
    """What the group's coordinator does: the first one leads, and each is told its part."""
    told = {f"tasksys-{number}": one.assignor.metadata(one.topics) for number, one in enumerate(members)}
    said = members[0].assignor.assign(Cluster(partitions), told)
    for number, one in enumerate(members):
        one.assignor.on_assignment(said[f"tasksys-{number}"])


def urls(count: int) -> list[str]:
    """Addresses of workers."""
    return [f"http://10.0.0.{number}:3001" for number in range(1, count + 1)]


def test_nothing_is_known_before_the_first_assignment(tmp_path: Path) -> None:
    """A worker says nothing of others then."""
    ownership = Member("http://a:1", tmp_path).ownership
    assert (ownership.active, ownership.standby, ownership.members) == ({}, {}, ())


@pytest.mark.parametrize("spec", [AUDIT, DELIVERIES], ids=lambda spec: spec.name)
def test_all_do_as_planned_and_know_it(tmp_path: Path, spec: AgentSpec) -> None:
    """In every agent's group alike: each has its actives and standbys, and knows those of all."""
    members = [Member(url, tmp_path, spec, standbys=2) for url in reversed(urls(4))]
    rebalance(members)
    planned = plan(urls(4), PARTITIONS, 2)
    for one in members:
        assert one.ownership == Ownership(7, *planned)
        url = str(one.app.conf.canonical_url)
        assert one.numbers() == [number for number, owner in planned.active.items() if owner == url]
        assert one.copies() == [number for number, others in planned.standby.items() if url in others]


def test_whoever_leads_next_says_the_same(tmp_path: Path) -> None:
    """A rebalance for nothing moves nothing, whoever leads it, in whatever order members came."""
    members = [Member(url, tmp_path) for url in urls(3)]
    rebalance(members)
    before = [(one.ownership, one.numbers(), one.copies()) for one in members]
    rebalance([members[2], members[0], members[1]])
    assert [(one.ownership, one.numbers(), one.copies()) for one in members] == before


def test_more_workers_than_partitions(tmp_path: Path) -> None:
    """The ones left over have nothing, and know who has."""
    members = [Member(url, tmp_path) for url in urls(5)]
    rebalance(members, partitions=2)
    assert sorted(number for one in members for number in one.numbers()) == [0, 1]
    assert all(len(one.ownership.active) == 2 for one in members)


def test_two_workers_at_one_address(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The one that was there keeps everything, whatever the order of their ids; the other one is told why."""
    first, other = Member(urls(2)[0], tmp_path), Member(urls(2)[1], tmp_path)
    rebalance([first, other])
    before = first.numbers()
    second = Member(urls(2)[0], tmp_path)
    for members in ([second, first, other], [other, first, second]):
        caplog.clear()
        with caplog.at_level(logging.ERROR):
            rebalance(members)
        assert (first.numbers(), second.numbers(), second.copies()) == (before, [], [])
        assert second.ownership == first.ownership == other.ownership
        assert first.ownership.kept_out == ((urls(2)[0], Setting.ADDRESS),)
        assert "this one gets nothing to do" in caplog.text
        assert "two workers of tasksys-audit have the address http://10.0.0.1:3001" in caplog.text


def test_a_worker_that_the_others_do_not_know_gets_no_partitions(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever leads: what it had could be asked for in vain only. With the others' key it has its part."""
    first, second = (Member(url, tmp_path, keys=["ours"]) for url in urls(2))
    stranger = Member(urls(3)[2], tmp_path, keys=["theirs"])
    for members in ([first, second, stranger], [stranger, second, first]):
        caplog.clear()
        with caplog.at_level(logging.ERROR):
            rebalance(members)
        assert (stranger.numbers(), stranger.copies(), stranger.assignor.stranger) == ([], [], True)
        assert sorted(first.numbers() + second.numbers()) == list(range(PARTITIONS))
        assert not first.assignor.stranger
        assert stranger.ownership == first.ownership
        assert first.ownership.kept_out == ((urls(3)[2], Setting.KEY),)
        assert "--secret-key" in caplog.text
    known = Member(urls(3)[2], tmp_path, keys=["ours"])
    rebalance([first, second, known])
    assert len(known.numbers()) == PARTITIONS / 3
    assert first.ownership.kept_out == ()
    assert not known.assignor.stranger


def test_who_has_partitions_keeps_them_from_more_strangers(tmp_path: Path) -> None:
    """Also while all of them come at once with a key of their own."""
    here = Member(urls(1)[0], tmp_path, keys=["ours"])
    rebalance([here])
    rebalance([*(Member(url, tmp_path, keys=["theirs"]) for url in urls(4)[1:]), here])
    assert here.numbers() == list(range(PARTITIONS))
    assert here.ownership.kept_out == tuple((url, Setting.KEY) for url in urls(4)[1:])


def test_keys_are_changed_one_worker_after_the_other(tmp_path: Path) -> None:
    """The new one behind the old one first, then before it, then alone: nobody is a stranger at any time."""
    steps = [["old"], ["old", "new"], ["new", "old"], ["new"]]
    for before, after in pairwise(steps):
        for turned in range(4):
            keys = [after] * turned + [before] * (3 - turned)
            members = [Member(url, tmp_path, keys=key) for url, key in zip(urls(3), keys, strict=True)]
            rebalance(members)
            assert [len(one.numbers()) for one in members] == [PARTITIONS / 3] * 3, keys
    members = [Member(url, tmp_path, keys=key) for url, key in zip(urls(2), (["old"], ["new", "old"]), strict=True)]
    rebalance(members)
    assert sorted(len(one.numbers()) for one in members) == [0, PARTITIONS], "one cannot know what the other proves by"


def test_faust_understands_what_is_said(tmp_path: Path) -> None:
    """The forms are Faust's: one that does not know our field reads the rest, and what lacks it can be read."""
    members = [Member(url, tmp_path) for url in urls(2)]
    rebalance(members)
    told: Any = members[0].assignor.assign(Cluster(), {"a": members[1].assignor.metadata(members[1].topics)})["a"]
    read = ClientMetadata.loads(members[0].assignor._decompress(told.user_data))
    assert (read.url, len(read.assignment.actives[members[1].source])) == (urls(2)[1], PARTITIONS)
    said = read.dumps().replace(b'"standby_distribution"', b'"of a later release"')
    without = Assignor._compress(said.replace(b'"kept_out":[]', b'"kept_out":[["http://c","new"]]'))
    members[1].assignor.on_assignment(type(told)(told.version, told.assignment, without))
    assert (members[1].ownership.standby, members[1].ownership.kept_out) == ({}, ())
    assert len(members[1].numbers()) == PARTITIONS
