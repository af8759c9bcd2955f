"""Formulas that are data: arithmetic over named numbers, and nothing else."""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Callable, Mapping

OPERATIONS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class FormulaError(ValueError):
    """A formula is not plain arithmetic, or cannot be computed from the numbers given."""


def evaluate(formula: str, numbers: Mapping[str, float]) -> float:
    """Return what a formula of ``+ - * /``, ``min`` and named numbers comes to.

    Raises
    ------
    FormulaError
        If it holds anything else, names a number that is not given, or divides by nought.
    """
    try:
        return _value(_parsed(formula), numbers)
    except KeyError as error:
        raise FormulaError(f"{formula}: {error.args[0]} is not given") from error
    except ZeroDivisionError as error:
        raise FormulaError(f"{formula}: division by nought") from error


def names_in(formula: str) -> frozenset[str]:
    """Return the numbers a formula names."""
    nodes = ast.walk(_parsed(formula))
    return frozenset(node.id for node in nodes if isinstance(node, ast.Name)) - {"min"}


def substituted(formula: str, numbers: Mapping[str, float]) -> str:
    """Return a formula with the numbers that are given in place of their names."""
    return ast.unparse(_Numbers(numbers).visit(ast.parse(formula, mode="eval")))


class _Numbers(ast.NodeTransformer):
    """Puts numbers in place of names."""

    def __init__(self, numbers: Mapping[str, float]) -> None:
        self.numbers = numbers

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self.numbers[node.id]) if node.id in self.numbers else node


@functools.cache
def _parsed(formula: str) -> ast.expr:
    try:
        return ast.parse(formula, mode="eval").body
    except SyntaxError as error:
        raise FormulaError(f"{formula}: {error.msg}") from error


def _value(node: ast.expr, numbers: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return float(numbers[name])
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in OPERATIONS:
            return OPERATIONS[type(sign)](_value(left, numbers), _value(right, numbers))
        case ast.Call(func=ast.Name(id="min"), args=[first, *others], keywords=[]):
            return min(_value(first, numbers), *(_value(other, numbers) for other in others))
    raise FormulaError(f"{ast.unparse(node)} is not arithmetic")
