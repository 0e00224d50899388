"""The whole corpus at the edges where strangers' files come in: refused by name, nothing kept."""

import struct

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from registry import uploads
from registry.models import Aesthetic, ImportedFile, Version
from tests import factories
from tests.answers import problem
from tests.registry.hostile.archive_corpus import ARCHIVES
from tests.registry.hostile.plain_corpus import PLAIN, SAFETENSORS
from tests.registry.hostile.pt_corpus import GADGETS, ZIPS
from tests.registry.made_files import json_of, npy_of, pt, safetensors_of, tensor

WIDE = struct.pack("<1024f", *range(1024))
FOREIGN = {
    "1,024 numbers as safetensors": safetensors_of({"x": tensor(0, 4096, shape=[1024])}, WIDE),
    "1,024 numbers as numpy": npy_of(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1024), }\n", WIDE
    ),
    "1,024 numbers as JSON": json_of(vector=[0.5] * 1024),
    "no numbers as JSON": json_of(vector=[]),
    "a column": safetensors_of({"x": tensor(0, 3072, shape=[768, 1])}),
    "a textual inversion": safetensors_of({"emb_params": tensor(0, 3072, shape=[1, 768])}),
    "all zero": pt(numbers=bytes(3072)),
    "a file of another space": json_of(space="clip-vit-l-14-openai"),
}
UNSAFE = {
    **{f"pickle: {name}": pt(program) for name, program in GADGETS.items()},
    **{f"pt: {name}": data for name, (data, _) in ZIPS.items()},
    **{f"safetensors: {name}": data for name, (data, _) in SAFETENSORS.items()},
    **{f"plain: {name}": data for name, (data, _) in PLAIN.items()},
    "300 kB": b"{" + bytes(300_000),
}


def test_the_corpus_is_large_and_nothing_is_in_it_twice() -> None:
    files = [*FOREIGN.values(), *UNSAFE.values(), *(data for data, _ in ARCHIVES.values())]
    assert len(UNSAFE) > 100
    assert len(ARCHIVES) >= 30
    assert len(set(files)) == len(files)


@pytest.mark.parametrize(
    ("code", "files"),
    [("unsafe-file", UNSAFE), ("foreign-space", FOREIGN)],
    ids=["unsafe", "foreign"],
)
def test_every_hostile_embedding_is_refused_by_name_and_nothing_of_it_is_kept(
    client: Client, ada: User, code: str, files: dict[str, bytes]
) -> None:
    factories.space()
    headers = factories.bearer(ada)
    for name, data in files.items():
        file = SimpleUploadedFile("sea <mist>.pt", data)
        sent = {"file": file, "space": factories.space().name, "slug": "x", "title": "X"}
        body = problem(client.post("/api/v1/imports", sent, headers=headers), 422, code)
        assert body["detail"].startswith("sea <mist>.pt"), name
    assert not Aesthetic.objects.exists()
    assert not Version.objects.exists()
    assert not ImportedFile.objects.exists()


def test_a_hostile_file_that_is_looked_up_is_refused_in_words_too(client: Client, db: None) -> None:
    for name, data in UNSAFE.items():
        if name == "300 kB":
            continue
        file = SimpleUploadedFile("x.pt", data)
        body = client.post("/api/v1/by-hash", {"file": file}).json()
        assert body["refusal"].endswith((".", ".)")), name
        assert (body["file"], body["vector_digest"], body["nearest"]) == (None, "", []), name


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_hostile_archive_is_refused_by_its_code(draft: Aesthetic, name: str) -> None:
    data, code = ARCHIVES[name]
    report = uploads.add_files(draft, [SimpleUploadedFile("trip.zip", data)])
    assert [refused.code for refused in report.refused] == [code]
    assert report.refused[0].name == "trip.zip"
    assert not draft.members.exists()
