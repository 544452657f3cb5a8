"""Mutants: each takes one fence, comparison, watermark or offset rule out of the code, and says which tests are there to notice.

A mutant replaces the code of one function in place, so that whoever imported it runs the mutated one. Where the text that it replaces is no longer there, it
says so: a mutant that changes nothing proves nothing.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import CodeType
from typing import Any

ANNOTATIONS = 0x1000000
"""The compiler's flag of `from __future__ import annotations`."""


class NothingToMutate(Exception):
    """The text that a mutant replaces is not in its function, or more than once: mend the mutant."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One rule that is taken out."""

    rule: str
    """What it says; names the test."""
    target: str
    """`module:function`, or `module:Class.method`."""
    old: str
    new: str
    tests: tuple[str, ...]
    """Files, of which one test at least must fail."""
    chosen: str = ""
    """Of these tests, as pytest's -k takes it; empty: all."""
    also: tuple[str, str] | None = None
    """A second replacement in the same function."""

    def apply(self) -> None:
        """For the rest of this process. Raises `NothingToMutate`."""
        function = _function(self.target)
        source = textwrap.dedent(inspect.getsource(function))
        for old, new in ((self.old, self.new), *([self.also] if self.also else [])):
            if source.count(old) != 1:
                raise NothingToMutate(f"{self.target} has {old!r} {source.count(old)} times: mend the mutant {self.rule!r}")
            source = source.replace(old, new)
        function.__code__ = _code(source, function)


def _function(target: str) -> Callable[..., Any]:
    module, _, path = target.partition(":")
    found: Any = import_module(module)
    for name in path.split("."):
        found = inspect.getattr_static(found, name)
    if isinstance(found, property):
        found = found.fget
    return getattr(found, "__func__", found)  # type: ignore[no-any-return]  # a class method's function


def _code(source: str, function: Callable[..., Any]) -> CodeType:
    """The code of the function in `source`, told under the file and line of the one that it stands for."""
    first = function.__code__.co_firstlineno
    compiled = compile("\n" * (first - 1) + source, function.__code__.co_filename, "exec", flags=ANNOTATIONS, dont_inherit=True)
    [code] = [one for one in compiled.co_consts if isinstance(one, CodeType) and one.co_name == function.__code__.co_name]
    return code
