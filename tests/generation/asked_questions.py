"""Questions to test with: asked by the real request side, answered in place by the worker's."""

from typing import Any

from generation import tasks
from generation.questions import Question, answer_to

PROMPT = "a lighthouse at night"
NOW = 0.01  # seconds; nobody is there to answer


def work_on(question: Question) -> None:
    """Let the worker's side answer."""
    tasks.answer(
        question.key,
        question.kind,
        question.aim.to_json(),
        question.prompt,
        question.recipe,
    )


def answered(question: Question) -> dict[str, Any]:
    """Let the worker's side answer, and ask again."""
    work_on(question)
    found = answer_to(question, patience=NOW)
    assert found is not None
    return found
