"""Who downloaded what, without anybody's address: SPEC section 4, download count."""

import secrets

from django.db import models

from registry.models.versions import Version

SALT_BYTES = 32  # as many as the hash has, so that nobody tries them all


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


class DownloadSalt(models.Model):
    """What the visitors of one day are hashed with, by all web processes.

    It is made by chance and deleted after its day: whoever has a hash, the database and the hub's
    secret key then can't find out any more whether an address is behind it.
    """

    day = models.DateField(primary_key=True)  # UTC
    salt = models.BinaryField(max_length=SALT_BYTES, default=new_salt)

    def __str__(self) -> str:
        return f"of {self.day}"


class Download(models.Model):
    """One visitor fetched a file of one version on one day; counted once, and forgotten after it.

    What is kept is the number, `Aesthetic.download_count`.
    """

    version = models.ForeignKey(Version, models.CASCADE, related_name="downloads")
    day = models.DateField()
    visitor = models.CharField(max_length=64)  # a hash with the salt of the day

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "day", "visitor"], name="download_once_per_visitor_and_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} on {self.day}"
