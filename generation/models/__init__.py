"""The tables of the generation app."""

from generation.models.generations import Generation

__all__ = ["Generation"]
