"""authority.yaml and catalog-info.yaml: who decides, and every fault with its line."""

from __future__ import annotations

import pytest

from readiness.formats import authority, backstage
from readiness.formats.people import Person

TEXT = """\
data: Grace Hopper <grace@example.org>
security: {name: Ada Lovelace, handle: "@ada"}
cost: Grace Hopper <grace@example.org>
kill:
  - Mary Seacole <mary@example.org>
  - Grace Hopper <grace@example.org>
owner: Ada Lovelace <ada@example.org>
contact: "#desk-oncall, +45 12 34 56 78"
"""
CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: desk
  annotations: {github.com/project-slug: example/desk}
spec:
  type: service
  owner: {owner}
"""


def test_everybody_is_read() -> None:
    found, wrong = authority.parse(TEXT)
    assert wrong == []
    assert found is not None
    assert found.decides["kill"] == (Person("Mary Seacole", "mary@example.org"), Person("Grace Hopper", "grace@example.org"))
    assert found.decides["security"] == (Person("Ada Lovelace", handle="ada"),)
    assert found.owner == Person("Ada Lovelace", "ada@example.org")
    assert len(found.people) == 4


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "is empty"),
        ("- a\n", 1, "must be a table"),
        (TEXT.replace("cost: Grace Hopper <grace@example.org>\n", ""), 1, "`cost` is missing"),
        (TEXT.replace("security:", "securty:"), 2, "did you mean `security`?"),
        (TEXT.replace("data: Grace Hopper <grace@example.org>", "data: TODO"), 1, "placeholder"),
        (TEXT.replace("data: Grace Hopper <grace@example.org>", "data: your-team"), 1, "placeholder"),
        (TEXT.replace("data: Grace Hopper <grace@example.org>", "data: Grace Hopper"), 1, "needs a name and an e-mail address"),
        (TEXT.replace("data: Grace Hopper <grace@example.org>", "data: grace@example.org"), 1, "needs a name and an e-mail address"),
        (TEXT.replace("data: Grace Hopper <grace@example.org>", 'data: "@org/data"'), 1, "not the team"),
        (TEXT.replace("data: Grace Hopper <grace@example.org>", "data:"), 1, "must be a text"),
        (TEXT.replace("  - Mary Seacole <mary@example.org>", "  - <owner>"), 5, "placeholder"),
        (TEXT.replace("contact: ", "contact: ''  # "), 8, "`contact` is empty"),
        (TEXT + "data: Ada Lovelace <ada@example.org>\n", 9, "`data` is there twice"),
        (TEXT.split("kill:", maxsplit=1)[0] + "kill: []\n", 4, "names nobody"),
    ],
)
def test_each_fault_of_it_is_told(text: str, line: int, said: str) -> None:
    found, told = authority.parse(text)
    assert found is None
    assert any(item.startswith(f"authority.yaml:{line}: ") and said in item for item in told), told


def test_the_owner_in_the_catalogue_may_be_a_team() -> None:
    entities, wrong = backstage.parse(CATALOG.replace("{owner}", "desk-team"), "catalog-info.yaml")
    assert wrong == []
    assert [(item.name, item.owner, item.line) for item in entities] == [("desk", Person(team="desk-team"), 8)]
    entities, _ = backstage.parse(CATALOG.replace("{owner}", "user:default/ada"), "catalog-info.yaml")
    assert entities[0].owner == Person(handle="ada")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "is empty"),
        ("words", 1, "must be a table"),
        (CATALOG.replace("{owner}", "TODO"), 8, "placeholder"),
        (CATALOG.replace("{owner}", "your-team"), 8, "placeholder"),
        (CATALOG.replace("  owner: {owner}\n", ""), 6, "needs `spec.owner`"),
        (CATALOG.replace("  name: desk\n", "").replace("{owner}", "x"), 3, "needs `metadata.name`"),
        (CATALOG.replace("{owner}", "a\n  owner: b"), 9, "`owner` is there twice"),
        (CATALOG.replace("kind: Component\n", "").replace("{owner}", "x"), 1, "needs `kind`"),
    ],
)
def test_each_fault_of_the_catalogue_is_told(text: str, line: int, said: str) -> None:
    _, told = backstage.parse(text, "catalog-info.yaml")
    assert any(item.startswith(f"catalog-info.yaml:{line}: ") and said in item for item in told), told
