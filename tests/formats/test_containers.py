"""Containers are told from each other by the labels that compose gives them."""

from __future__ import annotations

import json

import pytest

from readiness.formats import containers
from readiness.formats.containers import Container


def described(**labels: str) -> dict[str, object]:
    return {"Config": {"Labels": {f"com.docker.compose.{name.replace('_', '.')}": text for name, text in labels.items()}}}


def test_only_services_of_compose_are_containers_of_it() -> None:
    web = {"Config": {"Labels": {"com.docker.compose.service": "web", "com.docker.compose.config-hash": "abc",
                                 "com.docker.compose.project.config_files": "/srv/compose.yaml"}}}  # fmt: skip
    once = {"Config": {"Labels": {**web["Config"]["Labels"], "com.docker.compose.oneoff": "True"}}}
    text = json.dumps([web, once, {"Config": {"Labels": None}}, described(other="x")])
    assert containers.containers(text) == (Container("web", "abc", ("/srv/compose.yaml",)),)
    assert [item.configuration for item in containers.containers(json.dumps([described(service="web")]))] == [""]


@pytest.mark.parametrize("text", ["", "3", "[1]", '[{"Config": {}}]'])
def test_what_describes_no_container_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not described as one"):
        containers.containers(text)


def test_digests_of_services_are_read_line_by_line() -> None:
    assert containers.hashes("web 12ab\ndb 34cd\n\n") == {"web": "12ab", "db": "34cd"}
    with pytest.raises(ValueError, match="no service"):
        containers.hashes("web\n")
    with pytest.raises(ValueError, match="no service"):
        containers.hashes("WARN[0000] the attribute version is obsolete")
