"""What programs are told of a withdrawn version, which is still served to those who name it."""

from django.http import HttpResponse
from django.urls import reverse

from registry import serving
from registry.models import Version

MISCELLANEOUS = 299  # the only code of a `Warning` that registries send (distribution-spec 1.1)


def warn(response: HttpResponse, version: Version) -> None:
    """Say in the headers that `version` was withdrawn, and why; nothing for all others.

    `Warning` (RFC 7234, section 5.5) is what OCI clients show, `X-HF-Warning` what those of Hugging
    Face do. What to take instead is a link (RFC 5829).
    """
    if version.yanked_at is None:
        return
    told = serving.header_text(
        f"{version.aesthetic.ref}@{version.name} was withdrawn by its owner: {version.yank_reason}"
    )
    response["Warning"] = f'{MISCELLANEOUS} - "{told}"'
    response["X-HF-Warning"] = f"withdrawn; {told}"
    if successor := version.public_successor:
        address = reverse("api:version", args=[*successor.aesthetic.ref.split("/"), successor.name])
        response["Link"] = f'<{address}>; rel="successor-version"'
