"""Resolves *.localhost to this machine, as RFC 6761 says; glibc does so only with a plug-in. Python loads this by itself
from PYTHONPATH, so that Microsoft's client stays as it is."""

import socket

_getaddrinfo = socket.getaddrinfo


def getaddrinfo(host, *arguments, **named):
    if isinstance(host, str) and host.endswith(".localhost"):
        host = "127.0.0.1"
    return _getaddrinfo(host, *arguments, **named)


socket.getaddrinfo = getaddrinfo
