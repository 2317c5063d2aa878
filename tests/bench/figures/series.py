"""Rules expanded: what comes next of very many series; and what one step of a series costs."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from tasksys import decider
from tasksys.commands import AdvanceSeries, CommandRecord, CreateSeries, CreateWorkspace
from tasksys.recurrence import Recurrence, recurrence
from tasksys.refusals import Refusal
from tasksys.series.shapes import Before, GivenTemplate, OfEach
from tasksys.state import State
from tasksys.values import CLOCK, When
from tests.bench.peers import dateutil_rules
from tests.bench.results import Figure, Peer, Report, paired
from tests.bench.rules import NOW, Given, rules
from tests.bench.running import say

RULES, QUICK = 10_000, 1_000
ROUNDS = 5
TARGET = 10_000  # series a second
AHEAD = 5
SERIES = 1_000
PEER = "python-dateutil"

HOW = (
    f"{RULES:,} different rules as people have them (`rules.py`), with anchors of the last five years in four zones: "
    f"the occurrence after a local time, and the next {AHEAD}, with their instants. Read and expanded: from the rule's "
    f"text, as when it is not in memory. {PEER}'s rrule (in the same process, in turn with ours, the median of the "
    "rounds) expands the 95 % without SKIP, to local times only; it walks from the anchor. A step: `decide` of one "
    "AdvanceSeries, by which the open occurrence of a daily series is missed and the next one made with its reminder; "
    f"with `enact` also its events encoded and its rows changed; of {SERIES:,} series in turn."
)


def measure(quick: bool) -> Report:
    """Ours and the peer in turn, then the steps."""
    number, rounds = (QUICK, 1) if quick else (RULES, ROUNDS)
    given = list(rules(number))
    plain = [one for one in given if one.plain]
    ours, theirs = made(given), dateutil_rules.made(plain)
    agree(made(plain), theirs)
    read = _rates(rounds, len(given), lambda: following(made(given), 1))
    everything = _rates(rounds, len(given), lambda: following(ours, 1))
    say(f"all: {statistics.median(everything):,.0f}/s; read and expanded: {statistics.median(read):,.0f}/s")
    judged = not quick
    figures = [
        _judged("next occurrence of a series, SKIP included", everything, judged),
        _judged("next occurrence of a series, its rule read and expanded", read, judged),
    ]
    mine = made(plain)
    for many, what in ((1, "next occurrence"), (AHEAD, f"next {AHEAD} occurrences")):
        figures.append(_beside(f"{what} of a series", plain, mine, theirs, many, rounds))
    figures.append(
        _beside_of_texts("next occurrence of a series, its rule read and expanded", plain, rounds),
    )
    decided, enacted = steps(1 if quick else ROUNDS)
    figures.append(Figure("a step of a series: decided", decided, "µs"))
    figures.append(Figure("a step of a series: decided and enacted", enacted, "µs"))
    return Report(figures, HOW)


def made(given: Sequence[Given]) -> list[Recurrence]:
    """The recurrences, read from their texts."""
    return [recurrence(one.when, one.text) for one in given]


def following(series: Sequence[Recurrence], number: int) -> list[list[object]]:
    """So many occurrences of each after now."""
    return [list(islice(one.occurrences(after=NOW), number)) for one in series]


def agree(ours: Sequence[Recurrence], theirs: Sequence[object]) -> None:
    """ValueError where the two do not find the same: what is compared must be the same work."""
    for one, found in zip(ours, dateutil_rules.following(theirs, NOW, AHEAD), strict=True):
        mine = [each.local for each in islice(one.occurrences(after=NOW), AHEAD)]
        if mine != found:
            raise ValueError(f"{one.rule} from {one.anchor}: {mine} and {found}")


def _judged(what: str, rates: Sequence[float], judged: bool) -> Figure:
    rate = statistics.median(rates)
    return Figure(what, rate, "/s", target=f"at least {TARGET:,} /s", reached=rate >= TARGET if judged else None)


def _beside(
    what: str, plain: Sequence[Given], ours: Sequence[Recurrence], theirs: Sequence[object], number: int, rounds: int
) -> Figure:
    return _compared(
        what,
        len(plain),
        lambda: following(ours, number),
        lambda: dateutil_rules.following(theirs, NOW, number),
        rounds,
    )


def _beside_of_texts(what: str, plain: Sequence[Given], rounds: int) -> Figure:
    return _compared(
        what,
        len(plain),
        lambda: following(made(plain), 1),
        lambda: dateutil_rules.following(dateutil_rules.made(plain), NOW, 1),
        rounds,
    )


def _compared(what: str, number: int, ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> Figure:
    """Both in each round, the one first that was second before."""
    mine, others = list[float](), list[float]()
    for turn in range(rounds):
        for run, rates in ((ours, mine), (theirs, others))[:: -1 if turn % 2 else 1]:
            rates.append(_rate(number, run))
    value, peer = statistics.median(mine), statistics.median(others)
    say(f"{what}: {value:,.0f}/s; {PEER}: {peer:,.0f}/s")
    return Figure(f"{what}, those without SKIP", value, "/s", Peer(PEER, peer), paired(mine, others))


def _rates(rounds: int, number: int, run: Callable[[], object]) -> list[float]:
    return [_rate(number, run) for _ in range(rounds)]


def _rate(number: int, run: Callable[[], object]) -> float:
    gc.collect()
    began = time.perf_counter()
    run()
    return number / (time.perf_counter() - began)


# --- a step


def steps(rounds: int) -> tuple[float, float]:
    """Microseconds that a step takes: decided, and with its events and rows; the medians of the rounds."""
    decided, enacted = list[float](), list[float]()
    for _ in range(rounds):
        state = _state()
        for record in _advances("2026-03-10"):  # whatever is read once only
            decider.decide(record, state)
        decided.append(_microseconds(state, enact=False))
        enacted.append(_microseconds(state, enact=True))
    say(
        f"a step: {statistics.median(decided):.1f} µs decided, {statistics.median(enacted):.1f} µs with rows and events"
    )
    return statistics.median(decided), statistics.median(enacted)


def _microseconds(state: State, enact: bool) -> float:
    records = list(_advances("2026-03-10"))
    gc.collect()
    began = time.perf_counter()
    for record in records:
        facts = decider.decide(record, state)
        assert not isinstance(facts, Refusal)
        if enact:
            decider.enact(facts, record, "0-0", state)
    seconds = time.perf_counter() - began
    found = decider.decide(records[0], state)
    assert isinstance(found, list)
    assert bool(found) is not enact  # something was to be done, and then it was
    return seconds / len(records) * 1e6


def _state() -> State:
    """Daily series, of each of which the first occurrence is open."""
    state = State()
    for record in _founding():
        facts = decider.decide(record, state)
        assert not isinstance(facts, Refusal)
        decider.enact(facts, record, "0-0", state)
    return state


def _founding() -> Iterator[CommandRecord]:
    at, template = "2026-03-08T12:00:00.000Z", GivenTemplate("Water", reminders=(OfEach(Before("PT15M")),))
    yield CommandRecord("bench", "bench", at, CreateWorkspace(id="workspace", name="Bench"))
    for number in range(SERIES):
        anchor = When(local=f"2026-03-09T{6 + number % 12:02}:00", zone="Europe/Berlin")
        made = CreateSeries(id=f"s{number}", series=f"s{number}", template=template, rule="FREQ=DAILY", anchor=anchor)
        yield CommandRecord("bench", "bench", at, made)


def _advances(day: str) -> Iterator[CommandRecord]:
    """The clock's commands of a day: the next one takes the place of the one that is open."""
    for number in range(SERIES):
        yield CommandRecord("bench", CLOCK, f"{day}T17:00:00.000Z", AdvanceSeries(id=f"a{number}", series=f"s{number}"))
