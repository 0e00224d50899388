"""The text of an API token: `aeh_`, 36 random letters and digits, 6 of checksum.

The checksum tells a mistyped or cut token from a revoked one without a look into the database,
and lets secret scanners find leaked ones without false alarms.
"""

import hashlib
import secrets
import zlib

SCHEME = "aeh_"
PREFIX_LENGTH = len(SCHEME) + 4  # what is shown of a token in lists
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH = 36  # log2(62) * 36 = 214 bits
_CHECKSUM_LENGTH = 6  # 62**6 > 2**32


def make_secret() -> str:
    """Return a new token text with 214 random bits."""
    body = SCHEME + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return body + _checksum(body)


def is_well_formed(secret: str) -> bool:
    """Tell whether `secret` has the scheme, the length and the checksum of a token."""
    body = secret[:-_CHECKSUM_LENGTH]
    return (
        secret.startswith(SCHEME)
        and len(body) == len(SCHEME) + _RANDOM_LENGTH
        and body.isascii()
        and secrets.compare_digest(_checksum(body).encode(), secret[len(body) :].encode())
    )


def hash_secret(secret: str) -> str:
    """Return the sha256 of a token; 214 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
