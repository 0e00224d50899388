"""The tables of the generation app."""

from generation.models.generations import Generation
from generation.models.ingredients import Ingredient
from generation.models.sheets import Sheet

__all__ = ["Generation", "Ingredient", "Sheet"]
