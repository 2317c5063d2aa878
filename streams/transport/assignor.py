"""Faust's assignor with our plan: who has what follows from the members' addresses alone, and all are told all of it.

What goes over the wire are Faust's forms, with some fields more. The agents' groups come to the same answer each by
itself, as far as they have the same members, so that a workspace's state and history are on one worker.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from faust.assignor.client_assignment import ClientAssignment, ClientMetadata
from faust.assignor.partition_assignor import PartitionAssignor

from streams.assignment import plan
from tasksys.ownership import KeptOut, Ownership, Setting

logger = logging.getLogger(__name__)

STRANGER: Final = (
    "the other workers have another --secret-key, so that no request can be handed on between them and this one, "
    "and it gets no partitions: give all the same"
)

KEPT_OUT: Final = {
    Setting.KEY: "its --secret-key is not the other workers', so that it gets no partitions: give it the same",
    Setting.ADDRESS: "another worker has its address, so that it gets no partitions: give it its own --advertise-url",
}
"""What the others say of a worker that gets nothing."""

Members = Mapping[str, ConsumerProtocolMemberMetadata]
Assignments = dict[str, ConsumerProtocolMemberAssignment]


class Metadata(  # type: ignore[call-arg]
    ClientMetadata, serializer="json", include_metadata=False, namespace="@ClientMetadata"
):
    """What members and leader tell each other. Both may be of a release that does not know our field."""

    standby_distribution: Mapping[str, list[list[str]]] = {}
    """For each changelog and partition the addresses of its standbys, the first one to take over first."""

    prints: Sequence[str] = ()
    """Of a member's keys, the one that it proves itself by first; see `tasksys.keyring.prints`."""

    stranger: bool = False
    """Whether the member that is told does not know the others by its keys."""

    kept_out: Sequence[Sequence[str]] = ()
    """Members that get nothing: the address of each, and which of its settings is to blame (`tasksys.ownership`)."""


class NameTaken(Exception):
    """The group takes this worker for another one, whose name it has."""


class Assignor(PartitionAssignor):
    """The leader of a group assigns by it, and every member learns by it who has what."""

    def __init__(self, *args: Any, prints: Sequence[str] = (), **kwargs: Any) -> None:
        """`prints` are of this worker's keys; none says nothing of them."""
        super().__init__(*args, **kwargs)
        self._standby_distribution: Mapping[str, list[list[str]]] = {}
        self._prints = list(prints)
        self._kept_out: tuple[KeptOut, ...] = ()
        self.stranger = False
        """Whether the others have other keys, by the last assignment: then this worker gets no partitions."""

    @property
    def _metadata(self) -> Metadata:
        said = super()._metadata
        return Metadata(
            assignment=said.assignment, url=said.url, changelog_distribution=said.changelog_distribution,
            external_topic_distribution=said.external_topic_distribution, topic_groups=said.topic_groups,
            prints=self._prints,
        )  # fmt: skip

    @classmethod
    def _get_client_metadata(cls, metadata: ConsumerProtocolMemberMetadata) -> Metadata:
        return cast(Metadata, Metadata.loads(metadata.user_data))

    def ownership(self, source: str, changelog: str, generation: int) -> Ownership:
        """Owners and standbys of an agent's partitions, by the last assignment; called in the main thread after it."""
        active = {
            number: url for url, topics in self.external_topic_distribution.items() for number in topics.get(source, ())
        }
        standby = {number: tuple(urls) for number, urls in enumerate(self._standby_distribution.get(changelog, ()))}
        return Ownership(generation, dict(sorted(active.items())), standby, self._kept_out)

    def on_assignment(self, assignment: Any) -> None:
        """Takes in what the leader says. Called in the consumer's thread; nobody reads it before the main thread has
        taken the partitions over."""
        told = Metadata.loads(self._decompress(assignment.user_data))
        if told.url != str(self._url):  # it joined by the name of one that has not left: nothing is assigned anew
            fault = NameTaken(
                f"the worker at {told.url} has the name of this one, as far as its group knows: give each worker a "
                "--member name of its own; one that has a new address is another one until its session is over"
            )
            cast(Any, self.app).transport.crash_soon(fault)
            raise fault
        self._standby_distribution, self.stranger = dict(told.standby_distribution), told.stranger
        known = set(Setting)  # a later release may have others
        self._kept_out = tuple(KeptOut(url, Setting(by)) for url, by, *_ in told.kept_out if by in known)
        super().on_assignment(assignment)
        if self.stranger:
            logger.error("%s: %s", self.app.conf.id, STRANGER)
        if not told.assignment.actives and any(self.external_topic_distribution.get(str(self._url), {}).values()):
            logger.error(
                "another worker of %s has the address %s too, and all that falls to it; this one gets nothing to do: "
                "give each worker its own --advertise-url; if there is no other one, this one itself has not left the "
                "group yet, with which the session does away", self.app.conf.id, self._url,
            )  # fmt: skip

    def _perform_assignment(self, cluster: Any, member_metadata: Members) -> Assignments:
        told = {member: self._get_client_metadata(one) for member, one in member_metadata.items()}
        self._update_member_urls(told)
        friends = _friends(told)
        chosen = self._chosen({member: told[member] for member in friends})
        assignments = {member: ClientAssignment(actives={}, standbys={}) for member in told}
        changelogs, standbys = self._table_manager.changelog_topics, dict[str, list[list[str]]]()
        counts = self._partitions(cluster, member_metadata)
        for topic, count in sorted(counts.items()):
            planned = plan(chosen, count, self.replicas)
            owned = defaultdict[str, list[int]](list)
            for number, url in planned.active.items():
                owned[chosen[url]].append(number)
            for member, numbers in owned.items():
                assignments[member].actives[topic] = numbers
            if topic in changelogs:
                standbys[topic] = [list(planned.standby[number]) for number in range(count)]
                for number, urls in planned.standby.items():
                    for url in urls:
                        assignments[chosen[url]].standbys.setdefault(topic, []).append(number)
        only = {member: assignments[member] for member in chosen.values()}
        groups = {count: group for group, count in enumerate(sorted(set(counts.values())))}
        everything = {
            "changelog_distribution": self._get_changelog_distribution(only),
            "external_topic_distribution": self._get_external_topic_distribution(only),
            "topic_groups": {topic: groups[count] for topic, count in counts.items()},
            "standby_distribution": standbys,
            "kept_out": sorted(
                [told[member].url, Setting.ADDRESS if member in friends else Setting.KEY]
                for member in told.keys() - set(chosen.values())
            ),
        }
        return {
            member: ConsumerProtocolMemberAssignment(
                self.version,
                sorted(one.kafka_protocol_assignment(self._table_manager)),
                self._compress(
                    Metadata(
                        assignment=one, url=self._member_urls[member], stranger=member not in friends, **everything
                    ).dumps()
                ),
            )
            for member, one in assignments.items()
        }

    def _chosen(self, told: Mapping[str, ClientMetadata]) -> dict[str, str]:
        """The member of each address; where there are several, one that has had partitions already."""
        found = dict[str, str]()
        for member in sorted(told, key=lambda one: (not told[one].assignment.actives, one)):
            first = found.setdefault(told[member].url, member)
            if first != member:
                logger.error(
                    "two workers of %s have the address %s; only one gets partitions: give each its own "
                    "--advertise-url, unless one of the two has only not left yet", self.app.conf.id, told[member].url,
                )  # fmt: skip
        return found

    def _partitions(self, cluster: Any, members: Members) -> dict[str, int]:
        """How many partitions each topic has that the members read: all of one group read the same."""
        topics = {topic for one in members.values() for topic in cast(list[str], one.subscription)}
        counts = {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in topics}
        for topic in (topic for topic, count in counts.items() if not count):
            logger.warning("the topic %s is not there, and is not assigned", topic)
        return {topic: count for topic, count in counts.items() if count}


def _friends(told: Mapping[str, Metadata]) -> set[str]:
    """The members that know each other by their keys: those that have most of the partitions, or are the most.

    One that they do not know could only be asked in vain for what it had. While keys are changed a member has several.
    """
    first = Counter[str]()
    for one in told.values():
        if one.prints:
            held = sum(len(numbers) for numbers in one.assignment.actives.values())
            first[one.prints[0]] += held * len(told) + 1
    if not first:
        return set(told)
    ours = min(first, key=lambda one: (-first[one], one))
    known = set[str].intersection(*(set(one.prints) for one in told.values() if one.prints and one.prints[0] == ours))
    return {member for member, one in told.items() if not one.prints or (ours in one.prints and one.prints[0] in known)}
