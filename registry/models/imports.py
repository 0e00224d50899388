"""The files from elsewhere that versions were imported from: their digests, never their bytes."""

from django.db import models
from django.db.models import Q

from registry.models.spaces import DIGEST_PATTERN, digest_field
from registry.models.versions import Version


class ImportedFile(models.Model):
    """A foreign file that holds a version's vector, so that whoever has the file finds it here.

    The same vector may come in several files. A database trigger keeps the rows as they are.
    """

    version = models.ForeignKey(Version, models.CASCADE, related_name="imported_files")
    digest = digest_field(db_index=True)
    kind = models.CharField(max_length=11)  # pt, safetensors, npy or json, by what it is
    size = models.PositiveIntegerField()  # bytes
    imported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "digest"], name="importedfile_once_per_version"
            ),
            models.CheckConstraint(
                condition=Q(digest__regex=DIGEST_PATTERN), name="importedfile_digest_is_a_digest"
            ),
        ]

    def __str__(self) -> str:
        return self.digest
