"""The shape of the code: what a web process loads, what pure modules need, sizes and names.

Who may import whom is in pyproject.toml, and `make contracts` checks it; here are the things that
only a running interpreter or a look at the files can tell.
"""

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("accounts", "demo", "generation", "hub", "registry")
NUMERICS = {"diffusers", "open_clip", "torch", "torchvision", "transformers"}
FRAMEWORKS = {"allauth", "celery", "django", "kombu", "rest_framework"}
MOST_LINES = 300
MEDIAN_LINES = 120
# Names that say nothing about what is done.
EMPTY_NAMES = {"base", "common", "helpers", "managers", "misc", "selectors", "services", "utils"}

WEB_PROCESS = """
import importlib, sys
import django
django.setup()
from django.apps import apps
from django.contrib import admin
from django.urls import get_resolver
from hub import wsgi
from hub.celery import app

def walk(patterns):
    return sum(walk(found.url_patterns) if hasattr(found, "url_patterns") else 1
               for found in patterns)

app.loader.import_default_modules()
assert walk(get_resolver().url_patterns) > 50
assert {"registry.tasks.build_version", "generation.tasks.draw_generation"} <= set(app.tasks)
assert len(admin.site._registry) > 3
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def loaded_by(code: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has loaded when `code` is done."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def loaded_with(*modules: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has loaded after `modules`."""
    imports = "".join(f"import {module}\n" for module in modules)
    return loaded_by(
        f"import sys\n{imports}print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    )


def pure_modules() -> list[str]:
    """Return the modules that the import contracts keep free of frameworks, packages opened.

    Those of `hub` are left out: the package itself loads the Celery application.
    """
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (
        contract
        for contract in config["tool"]["importlinter"]["contracts"]
        if contract["name"].startswith("Pure modules")
    )
    names = [name for name in contract["source_modules"] if not name.startswith("hub.")]
    found = []
    for name in names:
        folder = ROOT / name.replace(".", "/")
        inside = sorted(folder.glob("*.py")) if folder.is_dir() else []
        found += [f"{name}.{path.stem}" for path in inside if path.stem != "__init__"] or [name]
    return found


def needs_torch(module: str) -> bool:
    """Tell whether the module is one of the numerics, which take seconds to load."""
    source = ROOT / f"{module.replace('.', '/')}.py"
    return re.search(r"^(import|from) (torch|open_clip)", source.read_text(), re.M) is not None


def sources() -> dict[str, int]:
    """Return our modules with their lengths; migrations are written by Django."""
    return {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts
    }


def settings_variables() -> set[str]:
    """Return the environment variables that hub/settings.py reads."""
    tree = ast.parse((ROOT / "hub/settings.py").read_text(encoding="utf-8"))
    return {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def documented_variables() -> set[str]:
    """Return the variables in the first column of the README's tables."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    first_cells = [line.split("|")[1] for line in lines if line.startswith("|")]
    return {name for cell in first_cells for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", cell)}


def test_a_process_with_all_routes_tasks_and_admin_pages_has_not_loaded_torch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "hub.settings")
    loaded = loaded_by(WEB_PROCESS)
    assert "django" in loaded
    assert not loaded & NUMERICS


@pytest.mark.parametrize("module", [name for name in pure_modules() if not needs_torch(name)])
def test_a_pure_module_can_be_used_without_a_framework(module: str) -> None:
    assert not loaded_with(module) & (FRAMEWORKS | NUMERICS)


@pytest.mark.slow
def test_the_numerics_can_be_used_without_a_framework() -> None:
    numerics = [name for name in pure_modules() if needs_torch(name)]
    loaded = loaded_with(*numerics)
    assert len(numerics) >= 5
    assert "torch" in loaded
    assert not loaded & FRAMEWORKS


def test_no_module_is_longer_than_a_sitting() -> None:
    assert {path: lines for path, lines in sources().items() if lines > MOST_LINES} == {}


def test_most_modules_are_short() -> None:
    lengths = [lines for path, lines in sources().items() if lines]
    assert statistics.median(lengths) < MEDIAN_LINES, f"{len(lengths)} modules are that long."


def test_every_module_has_a_name_that_says_something() -> None:
    assert [path for path in sources() if Path(path).stem in EMPTY_NAMES] == []
    assert [path for path in sources() if Path(path).parent.name in EMPTY_NAMES] == []


def test_every_environment_variable_of_the_settings_is_in_the_readme() -> None:
    read = settings_variables()
    assert len(read) > 30
    assert read - documented_variables() == set()
    assert documented_variables() - read == set()
