"""How an archive is refused, and sentences that several rules share."""

from registry.file_names import shown


class ArchiveRefused(Exception):
    """An archive, or a member of one, that is not read: the rule as a code, and a whole sentence.

    Codes of the layout: not-a-zip, trailing-data, prepended-data, hidden-data, overlap, multi-disk,
    zip64, too-many-entries, header-mismatch, malformed. Codes of the contents: too-large, empty,
    encrypted, unsupported-compression, unsafe-name, too-deep, duplicate-name, symlink,
    special-file, nested-archive, ratio, member-too-large, corrupt.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def archive_refused(code: str, clause: str) -> ArchiveRefused:
    return ArchiveRefused(code, f"The archive {clause}.")


def member_refused(name: str, code: str, clause: str) -> ArchiveRefused:
    return ArchiveRefused(code, f"{shown(name)} in the archive {clause}.")
