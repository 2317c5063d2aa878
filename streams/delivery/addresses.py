"""Which addresses of the network may be asked: none that lead inside, whoever names them, and however."""

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

NAT64: Final = IPv6Network("64:ff9b::/96")
"""Addresses that carry one of IPv4 in their end (RFC 6052)."""


class AddressRefused(OSError):
    """The address leads inside: to this machine, its network, or what is special."""


def is_public(text: str) -> bool:
    """Whether an address is one of the public network; what hides one of IPv4 is judged by that."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return _public(inner)
    return _public(address)


PROTOCOLS: Final = IPv4Network("192.0.0.0/24")
"""Set aside for protocols; Python's lists of special addresses differ by its version here."""


def _public(address: IPv4Address | IPv6Address) -> bool:
    if address in PROTOCOLS or (isinstance(address, IPv6Address) and address.is_site_local):
        return False
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    return address.is_global and not (special or address.is_private or address.is_link_local)


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in NAT64 or int(address) >> 32 == 0:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def guarded_socket(address: tuple[object, ...]) -> socket.socket:
    """The socket for a connection, made only if the very address that it will connect to is public.

    Names were resolved by then, so no answer of the DNS, however often it changes, gets past this. Raises
    AddressRefused.
    """
    family, kind, protocol, _, where = address
    if not isinstance(where, tuple) or not is_public(str(where[0])):
        raise AddressRefused("the address is not public")
    made = socket.socket(family=family, type=kind, proto=protocol)  # type: ignore[arg-type]
    made.setblocking(False)
    return made


class GuardedResolver(AbstractResolver):
    """Resolves names, and leaves out what is not public: then the error can say so before anything is connected."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The public addresses of a name. Raises AddressRefused if it has others only."""
        found = await self._resolver.resolve(host, port, family)
        public = [one for one in found if is_public(one["host"])]
        if found and not public:
            raise AddressRefused("the address is not public")
        return public

    async def close(self) -> None:
        """Nothing is held."""
        await self._resolver.close()
