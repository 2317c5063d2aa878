"""As much HTTP/1.1 as a load generator needs: requests as bytes, and answers told apart by their Content-Length.

A real client would take several times the processor time of the server it measures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

END = b"\r\n\r\n"


def request(method: str, path: str, host: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """A request of a connection that is kept alive."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers.items())]
    if body or method not in ("GET", "DELETE"):
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + END + body


class Answers:
    """The answers of one connection, from its bytes as they come."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Status and body of each answer that is whole now. ValueError for one without Content-Length."""
        self._buffer += data
        while (end := self._buffer.find(END)) >= 0:
            size = _length(self._buffer[:end])
            whole = end + len(END) + size
            if len(self._buffer) < whole:
                return
            status, body = int(self._buffer[9:12]), self._buffer[end + len(END) : whole]
            self._buffer = self._buffer[whole:]
            yield status, body


def _length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    if at >= 0:
        return int(lowered[at + 17 :].split(b"\r\n", 1)[0])
    if lowered[9:12] in (b"204", b"304"):
        return 0
    raise ValueError(f"an answer without Content-Length: {head[:200]!r}")
