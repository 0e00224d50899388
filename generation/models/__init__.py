"""The tables of the generation app."""

from generation.models.generations import Generation
from generation.models.ingredients import Ingredient
from generation.models.sheets import Sheet
from generation.models.standard_sheets import StandardSheet

__all__ = ["Generation", "Ingredient", "Sheet", "StandardSheet"]
