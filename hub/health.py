"""Whether this process lives, and whether it can work: for load balancers and the supervisor.

Both are answered before all other middleware: who asks after a process's health names it by its
address, which no ALLOWED_HOSTS lists, speaks HTTP, and follows no redirect.
"""

from collections.abc import Callable

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from redis.exceptions import RedisError

from hub.celery import app
from registry.jobs import BROKER_ERRORS

BROKER_SECONDS = 2  # how long readiness waits for the broker


class NotReady(Exception):
    """A service this process needs does not answer. The text says which, not where it is."""


def check_database() -> None:
    """Raise NotReady unless the database answers and has all migrations."""
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise NotReady("The database does not answer.") from error
    if plan:
        raise NotReady(f"{len(plan)} migrations have not been applied.")


def check_broker() -> None:
    """Raise NotReady unless the broker answers."""
    try:
        with app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except (*BROKER_ERRORS, OSError) as error:
        raise NotReady("The broker does not answer.") from error


def check_cache() -> None:
    """Raise NotReady unless the cache keeps what it is given."""
    try:
        cache.set("health", "kept", timeout=5)
        kept = cache.get("health")
    except (RedisError, DatabaseError) as error:
        raise NotReady("The cache does not answer.") from error
    if kept != "kept":
        raise NotReady("The cache does not keep what it is given.")


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "broker": check_broker,
    "cache": check_cache,
}


class HealthAnswers:
    """Middleware, the first of all: answer /health/live and /health/ready."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = ANSWERS.get(request.path_info, self.get_response)
        return answer(request)


@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process does anything at all."""
    return JsonResponse({"status": "ok"})


@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when database, broker and cache work, 503 with what does not otherwise."""
    results = {}
    for name, check in CHECKS.items():
        try:
            check()
        except NotReady as error:
            results[name] = str(error)
        else:
            results[name] = "ok"
    is_ready = all(result == "ok" for result in results.values())
    return JsonResponse(
        {"status": "ok" if is_ready else "unavailable", "checks": results},
        status=200 if is_ready else 503,
    )


ANSWERS: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/health/live": live,
    "/health/ready": ready,
}
