"""Addresses that a secret may be sent to."""

import ipaddress
import urllib.parse

REQUIRED = (
    "an address that begins with https:// (http:// on this machine only), without user, query or fragment"
)


def is_safe(address: str) -> bool:
    """Tell whether what is sent there is read by that server alone.

    A user part, a query or a fragment would make another address of what is put behind it.
    """
    try:
        parts = urllib.parse.urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    is_plain = address.isprintable() and not any(sign in address for sign in " @?#\\")
    if not is_plain or not host or port == 0:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host))


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
