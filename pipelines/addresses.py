"""Addresses: which a secret may be sent to, and whether one of this machine is still there."""

import ipaddress
import socket
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


def is_gone(address: str) -> bool:
    """Tell whether it is one of this machine where nothing listens."""
    parts = urllib.parse.urlsplit(address)
    if not parts.hostname or not _is_this_machine(parts.hostname):
        return False
    try:
        socket.create_connection((parts.hostname, parts.port or 80), timeout=1).close()
    except OSError:
        return True
    return False


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
