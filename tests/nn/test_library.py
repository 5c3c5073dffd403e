"""The core of the network library is small, and depends on NumPy alone."""

import ast
import sys
from pathlib import Path

import pytest

CORE = sorted((Path(__file__).resolve().parents[2] / "nn").glob("*.py"))
MODULES = [path for path in CORE if path.name != "__main__.py"]  # that one starts the commands


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield node.module


def test_core_has_at_most_14_files_and_1750_lines():
    assert len(CORE) <= 14
    assert sum(len(path.read_text("utf-8").splitlines()) for path in CORE) <= 1750


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_core_module_imports_only_core_standard_library_and_numpy(path):
    core = {f"nn.{module.stem}" for module in MODULES}
    for name in imported_modules(path):
        top = name.split(".")[0]
        assert name in core or top == "numpy" or top in sys.stdlib_module_names, name
