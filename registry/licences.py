"""The licences an aesthetic may carry, by their SPDX identifiers, and its ratings."""

from django.db import models


class Licence(models.TextChoices):
    CC0 = "CC0-1.0", "CC0 1.0: public domain"
    CC_BY = "CC-BY-4.0", "CC BY 4.0: credit the author"
    CC_BY_2 = "CC-BY-2.0", "CC BY 2.0: credit the author"
    CC_BY_3 = "CC-BY-3.0", "CC BY 3.0: credit the author"
    CC_BY_SA = "CC-BY-SA-4.0", "CC BY-SA 4.0: credit, share alike"
    CC_BY_SA_2 = "CC-BY-SA-2.0", "CC BY-SA 2.0: credit, share alike"
    CC_BY_SA_3 = "CC-BY-SA-3.0", "CC BY-SA 3.0: credit, share alike"
    CC_BY_NC = "CC-BY-NC-4.0", "CC BY-NC 4.0: credit, not for business"
    CC_BY_NC_SA = "CC-BY-NC-SA-4.0", "CC BY-NC-SA 4.0: credit, share alike, not for business"
    CC_BY_ND = "CC-BY-ND-4.0", "CC BY-ND 4.0: credit, nothing made of it"
    CC_BY_NC_ND = "CC-BY-NC-ND-4.0", "CC BY-NC-ND 4.0: credit, not for business, nothing made of it"
    GPL_2 = "GPL-2.0-or-later", "GNU GPL 2 or later"
    GPL_3 = "GPL-3.0-or-later", "GNU GPL 3 or later"
    PUBLIC_DOMAIN = "CC-PDM-1.0", "Public domain mark: free of known copyright"
    OTHER = "other", "Another licence, told in the description"


class Rating(models.TextChoices):
    GENERAL = "general", "For everyone"
    MATURE = "mature", "For adults"
