"""Compose files as systems, Kubernetes manifests and Terraform files: what is read of them, and that no text breaks it."""

from __future__ import annotations

import contextlib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import composition, kubernetes, terraform
from readiness.formats.composition import Mount, Thing
from readiness.formats.kubernetes import Workload

WHOLE = """\
include: [db.yaml, {path: [a.yaml, b.yaml]}]
services:
  web:
    build: .
    deploy: {replicas: "2"}
    profiles: [x]
    pid: host
    networks: {front: {}, back: {aliases: [w]}}
    volumes: ["data:/d", "./src:/s:ro", {type: volume, source: cache, target: /c}, /anonymous]
    volumes_from: ["container:old:ro"]
    env_file: [.env, {path: other.env, required: false}]
    secrets: [key, {source: pem, target: p}]
    environment: ["TOKEN", "URL=${HOST:-db}/${NAME}"]
networks:
  front: {external: true, name: corp}
  back: {external: {name: old}}
volumes:
  data: {driver_opts: {device: "/srv/data"}}
secrets:
  key: {file: ./key.txt}
"""


def test_everything_that_lies_outside_is_read() -> None:
    whole = composition.parse(WHOLE)
    (web,) = whole.parts
    assert (web.copies, web.optional, web.hosts, web.networks) == (2, True, ("pid",), ("front", "back"))
    assert [item.source for item in web.mounts] == ["data", "./src", "cache", ""]
    assert [item.bind for item in web.mounts] == [False, True, False, False]
    assert (web.taken_from, web.env_files, web.secrets) == (("old",), (".env", "other.env"), ("key", "pem"))
    assert web.asks == {"TOKEN", "HOST", "NAME"}
    assert whole.includes == ("db.yaml", "a.yaml", "b.yaml")
    assert whole.thing("networks", "front") == Thing("front", 15, True, "corp")
    assert whole.thing("networks", "back") == Thing("back", 16, True, "old")
    assert whole.thing("volumes", "data") == Thing("data", 18, False, "", "/srv/data")
    assert whole.thing("secrets", "pem") is None


def test_a_service_that_says_nothing_is_on_its_projects_own_network() -> None:
    (part,) = composition.parse("services:\n  a: {image: 'a:1', scale: '${N}'}\n").parts
    assert (part.networks, part.copies, part.mounts, part.line) == ((composition.DEFAULT,), None, (), 2)


@pytest.mark.parametrize(
    ("text", "mount"),
    [("data:/d", Mount("data", 1, False)), ("${A:-/x}:/d", Mount("${A:-/x}", 1, True)), ("~/a:/d:ro", Mount("~/a", 1, True))],
)
def test_what_a_mount_is_of(text: str, mount: Mount) -> None:
    assert composition._mount(text, 1) == mount


@pytest.mark.parametrize(
    ("text", "said"),
    [("$A/${B}/${C:-c}/${D:?no}", "1/${B}/c/${D}"), ("${A-9}", "1"), ("$$A", "$1"), ("plain", "plain"), ("${B:+x}", "${B}")],
)
def test_variables_are_filled_as_compose_does(text: str, said: str) -> None:
    assert composition.filled(text, {"A": "1"}) == said
    assert bool(composition.unfilled(said)) == ("${" in said)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_PLAIN = ["image", "build", "deploy", "scale", "environment", "profiles", "pid", "spec", "template"]
KEYS = st.sampled_from([*_PLAIN, "networks", "network_mode", "volumes", "volumes_from", "env_file", "secrets"])
SYSTEMS = st.dictionaries(
    st.sampled_from(["services", "networks", "volumes", "secrets", "include", "kind", "apiVersion", "spec", "items", "metadata"]),
    VALUES | st.dictionaries(st.text(min_size=1, max_size=5), st.dictionaries(KEYS, VALUES, max_size=4), max_size=3),
)


@given(SYSTEMS.map(yaml.safe_dump) | st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    with contextlib.suppress(ValueError):
        composition.parse(text)
    with contextlib.suppress(ValueError):
        kubernetes.workloads(text)
    terraform.blocks(text, "main.tf")


def test_workloads_of_every_kind_are_read() -> None:
    text = (
        "apiVersion: v1\nkind: List\nitems:\n"
        "- {kind: Pod, metadata: {name: p}, spec: {containers: [{name: a}, {name: b}], initContainers: [{name: i}]}}\n"
        "- {kind: Deployment, metadata: {name: d}, spec: {replicas: 3, template: {spec: {containers: [{name: a}]}}}}\n"
        "- {kind: Service, metadata: {name: s}}\n"
        "---\nkind: CronJob\nmetadata: {name: j}\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a}]}}}}}\n"
    )
    assert kubernetes.workloads(text) == (Workload("Pod", "p", 2), Workload("Deployment", "d", 1, 3), Workload("CronJob", "j", 1))
    assert (kubernetes.is_manifest("apiVersion: v1\nkind: Pod\n"), kubernetes.is_manifest("kind: Outcome\n")) == (True, False)


def test_blocks_of_terraform_are_read_with_their_lines() -> None:
    text = (
        '/* data "aws_vpc" "no" {}\n*/\nresource "aws_vpc" "a" {\n}\n\n  data "aws_iam_role" "b" {}\nmodule "net" {}\n# data "x" "y" {}\n'
    )
    assert [(item.kind, item.type, item.name, item.line) for item in terraform.blocks(text, "main.tf")] == [
        ("resource", "aws_vpc", "a", 3), ("data", "aws_iam_role", "b", 6), ("module", "net", "", 7),
    ]  # fmt: skip
