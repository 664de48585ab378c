"""Who may do what with which, as a table: its JSON, and the words that a page and a terminal share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from readiness.formats.cedar import Policy

SCHEMA: Final = "readiness/access-matrix/1"


class Answer(StrEnum):
    """Of all requests of a cell: all are allowed, none is, or it depends on more than who, what and which."""

    YES = "yes"
    NO = "no"
    DEPENDS = "depends"


@dataclass(frozen=True, slots=True)
class Cell:
    """One answer, and the policies that give it; none where nothing permits."""

    principal: str
    action: str
    resource: str
    answer: Answer
    policies: tuple[Policy, ...] = ()


@dataclass(frozen=True, slots=True)
class Matrix:
    """Every cell, in the order of actions, principals and resources; from which entities, or that they were made up."""

    cells: tuple[Cell, ...]
    policies: tuple[Policy, ...] = ()
    entity_files: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    asked: int = 0

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions, each once."""
        return tuple(dict.fromkeys(cell.action for cell in self.cells))

    def of(self, action: str) -> tuple[tuple[str, ...], tuple[str, ...], dict[tuple[str, str], Cell]]:
        """Principals, resources and cells of one action."""
        cells = {(cell.principal, cell.resource): cell for cell in self.cells if cell.action == action}
        return tuple(dict.fromkeys(who for who, _ in cells)), tuple(dict.fromkeys(what for _, what in cells)), cells

    @property
    def source(self) -> str:
        """What the rows and columns are, in one sentence."""
        given = f"the entities of {', '.join(self.entity_files)}" if self.entity_files else ""
        made = f"groups and values that the policies name, for {', '.join(self.made)}" if self.made else ""
        return f"Made from {' and '.join(part for part in (given, made) if part)}: {self.asked} requests asked."


def words(policy: Policy) -> str:
    """The name of a policy as words."""
    return policy.id.replace("_", " ").replace("-", " ")


def emit(matrix: Matrix) -> str:
    """The matrix as JSON, `readiness/access-matrix/1`."""
    rows = [
        {
            "principal": cell.principal,
            "action": cell.action,
            "resource": cell.resource,
            "answer": cell.answer.value,
            "policies": [policy.id for policy in cell.policies],
        }
        for cell in matrix.cells
    ]
    policies = [{"id": one.id, "effect": one.effect, "file": one.file, "line": one.line, "text": one.text} for one in matrix.policies]
    whole = {
        "schema": SCHEMA,
        "entities": list(matrix.entity_files),
        "made": list(matrix.made),
        "asked": matrix.asked,
        "cells": rows,
        "policies": policies,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
