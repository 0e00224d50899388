"""The web's socket, opened by the supervisor: a port is known to be free before it is named."""

import errno
import ipaddress
import socket

from hub.demo.failures import DemoError

TRIES = 50  # ports, from the wished one upwards


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket at the port, or at the next one that is free. 0: any."""
    for candidate in range(port, port + TRIES) if port else (0,):
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return socket.create_server((host, candidate), family=family)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise DemoError(f"{host}:{candidate} can't be listened at: {error}.") from error
        except OverflowError:
            break
    raise DemoError(f"No port of {host} from {port} on is free; name another with --port.")


def address(listening: socket.socket) -> str:
    """Return the address that a browser on this machine takes."""
    host, port = listening.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:  # all of this machine's addresses
        host = "::1" if listening.family == socket.AF_INET6 else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
