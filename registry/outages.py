"""What is away for a while, told apart from what is wrong: an exception in, yes or no out.

A job that meets an outage waits and is taken again (`registry.jobs`); everything else that goes
wrong ends it. This module alone decides which is which.
"""

import errno
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import IncompleteRead, RemoteDisconnected
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import HTTPError

# What the system says of a disk or a network that is away, full or read-only for the time being. A
# file that is not there, or that we may not read, is not among them: it stays so.
AWAY = frozenset(
    {
        errno.EIO,
        errno.ENODEV,
        errno.ENXIO,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.ESTALE,
        errno.ENOTCONN,
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.ECONNABORTED,
        errno.EPIPE,
        errno.ETIMEDOUT,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETUNREACH,
    }
)
NOT_NOW = frozenset({408, 429, 500, 502, 503, 504})  # statuses of HTTP
S3_NOT_NOW = frozenset({"RequestTimeout", "SlowDown"})  # codes that come with other statuses, too
HTTPX = ("NetworkError", "RemoteProtocolError", "TimeoutException")
UNREACHED = {  # what boto3 and huggingface_hub raise that is no OSError
    "botocore.exceptions": ("ConnectionError", "HTTPClientError", "IncompleteReadError"),
    "s3transfer.exceptions": ("RetriesExceededError",),
    "httpx": HTTPX,
    "httpx2": HTTPX,
}


class Outage(Exception):
    """Something that jobs need is away; each such thing is a class. The text is for the log."""

    what: ClassVar[str]

    @property
    def told(self) -> str:
        """Return a sentence for those who wait, which names no place and no machine."""
        return f"The worker could not use {self.what}."


class StoreAway(Outage):
    what = "the store of pictures and files"


class ModelsAway(Outage):
    what = "its models"


@contextmanager
def raised_as(outage: type[Outage]) -> Iterator[None]:
    """Raise `outage` where the block meets one, and else what it raised."""
    try:
        yield
    except Outage:
        raise
    except Exception as error:
        if not is_outage(error):
            raise
        raise outage(str(error)) from error


def is_outage(error: BaseException) -> bool:
    """Tell whether an exception, or one that it was raised for, is that of an outage.

    These are: a network or a disk that is away, full or read-only (`AWAY`), a name that nobody
    resolves, an answer that breaks off or does not come, and one that says “not now” (`NOT_NOW`).

    These are none: a file, an object or a model that is not there, what we may not read, what can't
    be read for what it is, and a setting that is wrong. The first answer from outside that has a
    status decides, whatever it was wrapped in.
    """
    link: BaseException | None = error
    while link is not None:
        if (status := _status(link)) is not None:
            return status in NOT_NOW or _code(link) in S3_NOT_NOW
        if _is_away(link):
            return True
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return False


def is_unmounted(folder: Path) -> bool:
    """Tell whether a folder has nothing in it, as where its volume is mounted and is not now.

    A folder that is not there counts as one: a wrong path and a missing volume look alike.
    """
    return not folder.is_dir() or not any(folder.iterdir())


def _is_away(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in AWAY:
        return True
    if isinstance(error, (TimeoutError, socket.gaierror, RemoteDisconnected, IncompleteRead)):
        return True
    return isinstance(error, _unreached())


def _unreached() -> tuple[type[Exception], ...]:
    """Return the exceptions that mean that no whole answer came.

    They are those of libraries that other packages bring along; one that is not loaded has raised
    nothing.
    """
    loaded = [(sys.modules.get(module), names) for module, names in UNREACHED.items()]
    return tuple(getattr(module, name) for module, names in loaded if module for name in names)


def _status(error: BaseException) -> int | None:
    """Return the HTTP status of the answer that an exception of urllib, boto3 or the Hub is for."""
    if isinstance(error, HTTPError):
        return error.code
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):  # botocore's
        return _member(response, "ResponseMetadata").get("HTTPStatusCode")
    status = getattr(response, "status_code", None)
    return status if isinstance(status, int) else None


def _code(error: BaseException) -> str | None:
    response = getattr(error, "response", None)
    return _member(response, "Error").get("Code") if isinstance(response, Mapping) else None


def _member(response: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = response.get(name)
    return found if isinstance(found, Mapping) else {}
