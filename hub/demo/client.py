"""The hub through its public API, as any program would use it."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from hub.demo.answers import Drawing, Job, Upload, Version

API = "/api/v1"
REQUEST_SECONDS = 60.0  # an upload of many pictures is checked and stored before it is answered
POLL_SECONDS = 0.2
JOB_SECONDS = 900.0  # a first build on a slow machine loads the encoder before it starts

Pause = Callable[[float], None]


class HubError(Exception):
    """The hub refused, or a job did not succeed; the sentence is the hub's own."""


class Hub:
    """A connection to one hub. `pause` waits, and raises when there is no point in waiting on."""

    def __init__(self, base_url: str, token: str, pause: Pause = time.sleep) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=REQUEST_SECONDS,
            trust_env=False,  # no proxy stands between this machine and itself
        )
        self._pause = pause

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Return the answer. Raises HubError with the problem's own words where it is an error."""
        response = self._http.request(method, path, **options)
        if response.status_code >= httpx.codes.BAD_REQUEST:
            raise HubError(_sentence(response))
        return response

    def status_of(self, path: str, **headers: str) -> int:
        """Return the status code of a GET, whatever it is."""
        return self._http.get(path, headers=headers).status_code

    def space(self) -> str:
        """Return the name of the space that the hub measures in now."""
        name: str = self.request("GET", f"{API}/").json()["space"]
        return name

    def create_aesthetic(self, draft: Mapping[str, object]) -> str:
        """Create a draft; return its ref, `owner/slug`."""
        ref: str = self.request("POST", f"{API}/aesthetics", json=draft).json()["ref"]
        return ref

    def has_aesthetic(self, ref: str) -> bool:
        return self.status_of(f"{API}/aesthetics/{ref}") == httpx.codes.OK

    def upload(self, ref: str, paths: Sequence[Path], **provenance: str) -> Upload:
        """Add pictures, or zips of pictures; source, licence and credit are said of all of them."""
        files = [("files", (path.name, path.read_bytes())) for path in paths]
        response = self.request(
            "POST", f"{API}/aesthetics/{ref}/images", files=files, data=provenance
        )
        return Upload.read(response.json())

    def build(self, ref: str) -> Job:
        return Job.read(self.request("POST", f"{API}/aesthetics/{ref}/builds").json())

    def wait_for(self, job: Job, tell: Callable[[Job], None] = lambda _: None) -> Job:
        """Return the job once it has succeeded. Raises HubError where it ends in another way."""
        deadline = time.monotonic() + JOB_SECONDS
        while not job.is_final:
            if time.monotonic() > deadline:
                raise HubError(f"Job {job.id} is still {job.state} after {JOB_SECONDS:.0f} s.")
            self._pause(POLL_SECONDS)
            job = Job.read(self.request("GET", f"{API}/jobs/{job.id}").json())
            tell(job)
        if job.state != "succeeded":
            raise HubError(f"Job {job.id} {job.state}: {job.reason}")
        return job

    def publish(self, ref: str, build: Job) -> Version:
        body = {"build": build.id}
        answer = self.request("POST", f"{API}/aesthetics/{ref}/versions", json=body)
        return Version.read(answer.json())

    def versions(self, ref: str) -> list[Version]:
        """Return the published versions, newest first."""
        items = self.request("GET", f"{API}/aesthetics/{ref}/versions").json()["items"]
        return [Version.read(item) for item in items]

    def search(self, words: str) -> list[str]:
        """Return the refs of the aesthetics that the words find, best first."""
        answer = self.request("GET", f"{API}/aesthetics", params={"q": words})
        return [item["ref"] for item in answer.json()["items"]]

    def neighbours(self, ref: str, version: str) -> list[str]:
        """Return the refs of the nearest published versions, nearest first."""
        path = f"{API}/aesthetics/{ref}/versions/{version}/neighbours"
        return [item["version"]["ref"] for item in self.request("GET", path).json()["items"]]

    def manifest(self, ref: str, version: str) -> bytes:
        return self.request("GET", f"{API}/aesthetics/{ref}/versions/{version}/manifest").content

    def recipe(self, ref: str, version: str) -> bytes:
        return self.request("GET", f"{API}/aesthetics/{ref}/versions/{version}/recipe").content

    def download(self, path: str, **headers: str) -> httpx.Response:
        return self.request("GET", path, headers=headers)

    def generate(self, order: Mapping[str, object]) -> Job:
        return Job.read(self.request("POST", f"{API}/generations", json=order).json())

    def drawing(self, job: Job) -> Drawing:
        return Drawing.read(self.request("GET", f"{API}/generations/{job.id}").json())


def _sentence(response: httpx.Response) -> str:
    """Return what the problem says (RFC 9457), or the beginning of whatever came instead."""
    request = f"{response.request.method} {response.request.url.path}"
    try:
        problem = response.json()
        details = [item["detail"] for item in problem.get("errors", [])]
        words = " ".join([problem["detail"], *details])
    except (ValueError, KeyError, TypeError, AttributeError):
        words = response.text[:300]
    return f"{request} was answered {response.status_code}: {words}"
