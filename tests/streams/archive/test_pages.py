"""The records of an import: nothing is left out, nothing comes twice, and none is too large for want of cutting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.import_parts import Events, Finish, Part, Proceed
from streams.agents.imports import Import, Stage
from streams.archive import pages
from streams.archive.form import Content, EventLine
from streams.archive.pages import Pages


def parts(sizes: list[int], known: Import) -> list[Part]:
    """The records of a workspace with events of so many bytes."""
    content, found = Content(), list[Part]()
    content.events = len(sizes)
    of = Pages(content, known)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "PAGE", 5)
        patch.setattr(pages, "PAGE_BYTES", 100)
        for size in sizes:
            found += of.add(EventLine("w", base64=bytes(size)))
    return found


@given(st.lists(st.integers(0, 150), min_size=1, max_size=40), st.data())
def test_pages_have_each_event_that_is_not_there_once(sizes: list[int], data: st.DataObject) -> None:
    """In their order, within the bounds; one that is over the bound is alone. Then it is finished."""
    there = data.draw(st.integers(0, len(sizes)))
    found = parts(sizes, Import(Stage.STAGING, position=there))
    events = [one for one in found if isinstance(one, Events)]
    position = there
    for one in events:
        assert one.first == position + 1
        position += len(one.events)
        assert 1 <= len(one.events) <= 5
        assert len(one.events) == 1 or sum(map(len, one.events)) <= 100
    assert position == len(sizes)
    assert [len(event) for one in events for event in one.events] == sizes[there:]
    assert found[len(events)] == Finish(len(sizes), 0)
    assert set(map(type, found[len(events) + 1 :])) == {Proceed}


@pytest.mark.parametrize(("stage", "left"), [(Stage.FOLLOWING, {Proceed}), (Stage.DONE, set())])
def test_what_is_shown_already_is_not_sent_again(stage: Stage, left: set[type[Part]]) -> None:
    """Only brought on, if its events still follow."""
    assert set(map(type, parts([1, 2, 3], Import(stage, position=3)))) == left
