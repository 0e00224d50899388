"""Import embedding files made elsewhere, each as a look of its own."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify

from accounts.models import User
from accounts.refusals import Refusal
from registry import importing, publishing
from registry.licences import Licence
from registry.models import Aesthetic, Space


class Command(BaseCommand):
    help = "Import .pt, .safetensors, .npy or .json embedding files, each as a look of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--owner", required=True, help="the person whom the looks belong to")
        parser.add_argument("--space", default=settings.HUB_SPACE, help="default: HUB_SPACE")
        parser.add_argument("--licence", default=Licence.OTHER, choices=Licence.values)
        parser.add_argument("--slug", help="of the look, for one file; default: from the file name")
        parser.add_argument(
            "--title", help="of the look, for one file; default: from the file name"
        )
        parser.add_argument("--publish", action="store_true", help="publish what was imported")

    def handle(self, *, files: list[Path], owner: str, space: str, **said: Any) -> None:
        if len(files) > 1 and (said["slug"] or said["title"]):
            raise CommandError("--slug and --title are for one file.")
        person = User.objects.filter(username=owner).first()
        within = Space.objects.filter(name=space).first()
        if person is None or within is None:
            raise CommandError(f"There is no person “{owner}”, or no space “{space}”.")
        refused = [path for path in files if not self._imports(path, person, within, said)]
        if refused:
            raise CommandError(f"{len(refused)} of {len(files)} refused.")

    def _imports(self, path: Path, person: User, space: Space, said: dict[str, Any]) -> bool:
        """Import one file and say what became of it; False where it was refused."""
        try:
            data = importing.read_file(path)
        except OSError as error:
            self.stderr.write(f"unreadable: {path}: {error.strerror}")
            return False
        try:
            candidate = importing.examine(path.name, data, space=space, person=person)
            imported = importing.import_into(_look(path, person, said), candidate)
            version = imported.version
            if said["publish"]:
                version = publishing.publish(version)
        except Refusal as refusal:
            self.stderr.write(f"{refusal.code}: {refusal.detail}")
            return False
        except ValidationError as error:
            self.stderr.write(f"invalid: {path.name}: {' '.join(error.messages)}")
            return False
        self.stdout.write(f"{version}: {candidate.finding.label}. {candidate.finding.sentence}")
        for other in candidate.elsewhere:
            self.stdout.write(f"  the same vector is in {other}")
        return True


def _look(path: Path, person: User, said: dict[str, Any]) -> Aesthetic:
    """Return the person's look of that name, made where there was none."""
    slug = said["slug"] or slugify(path.stem)
    if found := Aesthetic.objects.owned_by(person).filter(slug=slug).first():
        return found
    title = said["title"] or path.stem.replace("_", " ").replace("-", " ")
    made = Aesthetic(owner=person, slug=slug, title=title, licence=said["licence"])
    made.full_clean()
    made.save()
    return made
