"""Errors that tell users in a sentence why something was not done."""


class RefusedError(Exception):
    """What a user asked for cannot be done now. The sentence, for that user, says why and what can be done."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
