"""Where frames end, however their bytes are cut."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from views.forwarding import websockets
from views.forwarding.websockets import Frames

SIZES = st.one_of(st.integers(0, 130), st.sampled_from((125, 126, 65_535, 65_536, 70_000)))


def made(size: int, masked: bool, opcode: int = 0x1) -> bytes:
    """A frame of zeroes."""
    mask = 0x80 if masked else 0
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, mask | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", 0x80 | opcode, mask | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, mask | 127, size)
    return head + bytes(4 if masked else 0) + bytes(size)


@given(st.lists(st.tuples(SIZES, st.booleans()), max_size=6), st.lists(st.integers(1, 70_000), max_size=30))
def test_only_whole_frames_pass(frames: list[tuple[int, bool]], cuts: list[int]) -> None:
    """What has passed is at every moment a number of whole frames, all of which that came."""
    each = [made(size, masked) for size, masked in frames]
    ends, stream = {0}, b"".join(each)
    for number in range(len(each)):
        ends.add(len(b"".join(each[: number + 1])))
    cutter, passed, at = Frames(), b"", 0
    for cut in [*cuts, len(stream)]:
        passed += cutter.feed(stream[at : at + cut])
        at = min(len(stream), at + cut)
        assert len(passed) == max(end for end in ends if end <= at)
        assert cutter.between
        assert not cutter.closed
    assert passed == stream


def test_a_large_frame_is_not_held() -> None:
    """It goes on as it comes, and nothing can be said before its end."""
    cutter, frame = Frames(), made(websockets.HELD + 10, masked=False)
    assert cutter.feed(frame[:100]) == frame[:100]
    assert not cutter.between
    rest = frame[100:] + made(3, masked=False) + made(9, masked=False)[:5]
    assert cutter.feed(rest) == rest[:-5]
    assert cutter.between


def test_a_close_frame_is_seen() -> None:
    """Once it has passed as a whole."""
    cutter, frame = Frames(), made(2, masked=True, opcode=0x8)
    cutter.feed(frame[:-1])
    assert not cutter.closed
    cutter.feed(frame[-1:])
    assert cutter.closed
