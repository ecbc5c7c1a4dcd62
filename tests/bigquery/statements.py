"""What a statement on the wire reads: which columns of which tables, under which predicates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.pushdown_predicates import pushdown_predicates
from sqlglot.optimizer.qualify_columns import qualify_columns
from sqlglot.optimizer.qualify_tables import qualify_tables
from sqlglot.optimizer.scope import traverse_scope

COMPARISONS = (exp.EQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRead:
    """One reference to a table; ``arm`` is the SELECT whose FROM it stands in."""

    project: str
    dataset: str
    table: str
    columns: frozenset[str]
    everything: bool
    arm: exp.Select

    @property
    def name(self) -> str:
        """``dataset.table``."""
        return f"{self.dataset}.{self.table}"

    def pruned_on(self, column: str) -> bool:
        """True when the arm filters on the bare column, and on nothing but constants there."""
        where = self.arm.args.get("where")
        return where is not None and _prunes(where.this, column)

    def constants_on(self, column: str, parameters: Mapping[str, Any]) -> list[Any]:
        """The values that the column is compared with, in the order they are written."""
        where = self.arm.args.get("where")
        if where is None:
            return []
        return [
            _constant(side, parameters)
            for node in where.find_all(*COMPARISONS, exp.Between)
            if _is_column(node.this, column)
            for side in _sides(node)
        ]


def parsed(sql: str) -> list[exp.Expr]:
    """The statements of a text."""
    return [tree for tree in sqlglot.parse(sql, dialect="bigquery") if tree is not None]


def table_reads(sql: str, project: str, *, pushed_down: bool = False) -> list[TableRead]:
    """Every reference to a table, in the order written.

    With ``pushed_down``, predicates on a subquery count where BigQuery would apply them.
    """
    return [
        read
        for tree in parsed(sql)
        for read in _reads(_optimized(tree) if pushed_down else tree, project)
    ]


def _optimized(tree: exp.Expr) -> exp.Expr:
    qualified = qualify_columns(
        qualify_tables(tree.copy(), dialect="bigquery"), schema={}, expand_stars=False
    )
    return pushdown_predicates(qualified, dialect="bigquery")


def _reads(tree: exp.Expr, project: str) -> Iterator[TableRead]:
    for scope in traverse_scope(tree):
        arm = scope.expression
        if not isinstance(arm, exp.Select):
            continue
        for source in scope.sources.values():
            if isinstance(source, exp.Table):
                own = [c for c in arm.find_all(exp.Column) if c.parent_select is arm]
                yield TableRead(
                    project=source.catalog or project,
                    dataset=source.db,
                    table=source.name,
                    columns=frozenset(c.name for c in own if not c.is_star),
                    everything=arm.is_star,
                    arm=arm,
                )


def _is_column(node: exp.Expr, column: str) -> bool:
    return isinstance(node, exp.Column) and node.name == column


def _prunes(node: exp.Expr, column: str) -> bool:
    if isinstance(node, exp.Paren):
        return _prunes(node.this, column)
    if isinstance(node, exp.And):
        return _prunes(node.left, column) or _prunes(node.right, column)
    if isinstance(node, exp.Or):
        return _prunes(node.left, column) and _prunes(node.right, column)
    if isinstance(node, (*COMPARISONS, exp.Between, exp.In, exp.Is)):
        others = [child for child in node.iter_expressions() if child is not node.this]
        constant = not any(child.find(exp.Column, exp.Select) for child in others)
        return _is_column(node.this, column) and constant
    return False


def _sides(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Between):
        return [node.args["low"], node.args["high"]]
    return [node.expression]


def _constant(node: exp.Expr, parameters: Mapping[str, Any]) -> Any:
    if isinstance(node, exp.Parameter):
        return parameters[node.name]
    literal = node.find(exp.Literal)
    return literal.this if literal is not None else None


def date_of(value: Any) -> date:
    """The date that a constant of the wire begins with."""
    return date.fromisoformat(str(value)[:10])
