"""Addresses, as browsers and servers say them: which are this machine, which are the same."""

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether a host, with a port or without, is this machine and no other.

    >>> is_loopback("localhost:8000"), is_loopback("[::1]:8000"), is_loopback("127.0.0.1")
    (True, True, True)
    >>> is_loopback("0.0.0.0"), is_loopback("shop.example"), is_loopback("127.0.0.1.evil.example")
    (False, False, False)
    """
    try:
        # ::1 without brackets is how HOST has it.
        name = urlsplit(f"//{host}").hostname if host != "::1" else host
        return name == "localhost" or ip_address(name or "").is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def is_same_origin(origin: str, host: str) -> bool:
    """Whether a page of that origin came from the host that it now calls.

    The scheme is not looked at: a proxy may have taken off the TLS.

    >>> is_same_origin("https://shop.example", "shop.example")
    True
    >>> is_same_origin("https://shop.example", "shop.example.evil.example")
    False
    """
    scheme, _, place = origin.partition("://")
    standard = {"http": ":80", "https": ":443"}.get(scheme, "")
    return bool(place) and host.lower() in (place, place + standard)


@lru_cache(maxsize=4096)
def client_at(address: str) -> str:
    """What one client is told by: its address, and of a long one the half that its network gets.

    >>> client_at("192.0.2.7")
    '192.0.2.7'
    >>> client_at("2001:db8::1"), client_at("::ffff:192.0.2.7")
    ('2001:db8::/64', '192.0.2.7')

    Raises:
        ValueError: if it is no address.
    """
    ip = ip_address(address)
    if ip.version == 4:
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return f"{ip_address(int(ip) >> 64 << 64)}/64"
