"""What the hub's API answers, as far as the demo and the smoke run read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Upload:
    """What became of the files of one upload."""

    accepted: tuple[str, ...]  # names
    refused: tuple[str, ...]  # sentences
    total: int  # pictures now in the set

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            accepted=tuple(item["name"] for item in body["accepted"]),
            refused=tuple(item["detail"] for item in body["refused"]),
            total=body["total"],
        )


@dataclass(frozen=True, slots=True)
class Job:
    id: str
    state: str
    stage: str
    done: int
    total: int
    reason: str
    result: str  # path; empty until it has succeeded

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            id=body["id"],
            state=body["state"],
            reason=body["reason"],
            result=body["result"] or "",
            **body["progress"],
        )

    @property
    def is_final(self) -> bool:
        return self.state not in {"queued", "running"}


@dataclass(frozen=True, slots=True)
class File:
    name: str
    size: int
    digest: str
    url: str  # path


@dataclass(frozen=True, slots=True)
class Version:
    ref: str
    name: str
    space: str
    version_digest: str
    vector_digest: str
    recipe_digest: str
    files: tuple[File, ...]

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            ref=body["ref"],
            name=body["version"],
            space=body["space"],
            version_digest=body["version_digest"],
            vector_digest=body["vector_digest"],
            recipe_digest=body["recipe_digest"],
            files=tuple(
                File(item["name"], item["size"], item["digest"], item["url"])
                for item in body["files"]
            ),
        )


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished generation: paths and digests of its two pictures, and what changed."""

    plain: Mapping[str, str] = field(default_factory=dict)
    personalised: Mapping[str, str] = field(default_factory=dict)
    agreement: tuple[float, ...] = ()
    drift: float = 0.0

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            body["plain"], body["personalised"], tuple(body["agreement"]), float(body["drift"])
        )
