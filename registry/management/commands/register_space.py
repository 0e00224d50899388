"""Register the space of the encoder that the settings name."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from registry.encoder import EncoderUnavailable
from registry.worker_encoder import ensure_space


class Command(BaseCommand):
    help = "Register the embedding space of the encoder in the settings (ENCODER_MODEL)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", default=settings.HUB_SPACE, help="default: HUB_SPACE")

    def handle(self, *, name: str, **_: Any) -> None:
        try:
            space, is_new = ensure_space(name)
        except (EncoderUnavailable, ValueError) as error:
            raise CommandError(str(error)) from error
        word = "Registered" if is_new else "There is"
        self.stdout.write(f"{word} the space {space.name}: {space.architecture}, {space.weights}.")
