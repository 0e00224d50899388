"""What every refusal of the hub has: a code for machines, a sentence for people."""


class Refusal(Exception):
    """The hub will not do what it was asked, for a reason the asker can act upon.

    Subclasses name the step that refuses; `code` is one of the types in `hub.problems`.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
