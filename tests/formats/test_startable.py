"""Compose files as services to start: what is taken over, filled, left out, and refused with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import startable
from readiness.formats.startable import Health, Mounted


def service(text: str, values: dict[str, str] | None = None) -> startable.Startable:
    """The service `a` of a file whose service has these lines."""
    lines = "\n".join(f"    {line}" for line in text.strip("\n").splitlines())
    return startable.parse(f"services:\n  a:\n{lines}\n", values or {})["a"]


def refused(text: str) -> list[tuple[int, str]]:
    """Line and text of what is refused; the first line of the service is 3."""
    return [(item.line, item.text) for item in service(text).refusals]


def test_what_is_common_is_taken_over() -> None:
    found = service("""
build: {context: ., dockerfile: deploy/Dockerfile, target: run, args: [A=1]}
command: python -m "my app"
environment: [DB=db, LEFT, "MONEY=1$$"]
depends_on: [db]
ports: ["127.0.0.1:8080:80", 9000, "53:53/udp"]
volumes: [data:/data, ./conf:/conf:ro, /cache]
tmpfs: /tmp
user: me
networks: {front: {aliases: [www]}, back: {}}
restart: always
x-mine: {anything: 1}
""")
    assert found.refusals == ()
    assert found.build == startable.Build(".", "deploy/Dockerfile", "run", {"A": "1"})
    assert found.command == ("python", "-m", "my app")
    assert found.environment == {"DB": "db", "MONEY": "1$"}
    assert (dict(found.needs), found.ports) == ({"db": "service_started"}, (80, 9000))
    assert [(item.target, item.source, item.bind, item.read_only) for item in found.mounts] == [
        ("/data", "data", False, False), ("/conf", "./conf", True, True), ("/cache", "", False, False),
    ]  # fmt: skip
    assert found.options == ("--user", "me", "--tmpfs", "/tmp")
    assert (found.hidden, dict(found.networks)) == (("/tmp",), {"front": ("a", "www"), "back": ("a",)})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("privileged: true", "`privileged` would reach out of the container"),
        ("network_mode: host", "`network_mode` is not done here"),
        ("pid: host", "`pid` is not done here"),
        ("devices: [/dev/kvm]", "`devices` is not done here"),
        ("cap_add: [SYS_ADMIN]", "`cap_add` is not done here"),
        ("extra_hosts: ['host:host-gateway']", "`extra_hosts` is not done here"),
        ("security_opt: ['seccomp:unconfined']", "`security_opt: seccomp:unconfined` is not done here"),
        ("volumes: ['/var/run/docker.sock:/var/run/docker.sock']", "`/var/run/docker.sock` of this machine would be mounted"),
        ("volumes: ['~/.aws:/root/.aws']", "`~/.aws` of this machine would be mounted"),
        ("volumes: [{type: bind, source: /etc, target: /e}]", "`/etc` of this machine would be mounted"),
        ("volumes: [{type: npipe, source: a, target: /e}]", "a mount of the type `npipe` is not done here"),
        ("extends: {service: b}", "`extends` is not done here"),
        ("secrets: [key]", "`secrets` is not done here"),
        ("links: ['db:database']", "`links: db:database` gives a service another name, which is not done here"),
        ("build: {context: ., ssh: [default]}", "`build.ssh` is not done here"),
        (
            "deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}",
            "devices of this machine are not given to a container here",
        ),
        ("image: ${IMAGE}", "`IMAGE` is given no value by an example environment file or by env of [demo]"),
        ("command: 'python \"'", "`command` is no line a shell could split"),
        ("healthcheck: {test: [CMD, a], interval: soon}", "`healthcheck.interval` is no span of time"),
    ],
)  # fmt: skip
def test_what_reaches_out_or_is_not_understood_is_refused_with_its_line(line: str, said: str) -> None:
    assert refused(f"init: true\n{line}") == [(4, said)]


def test_harmless_values_of_dangerous_keys_are_none() -> None:
    assert refused("privileged: false\nsecurity_opt: ['no-new-privileges:true']\nlinks: [db]") == []


def test_what_somebody_else_makes_is_refused_where_it_is_used() -> None:
    text = """
services:
  a: {image: a, networks: [theirs], volumes: ['disk:/d']}
  b: {image: b}
networks:
  theirs: {external: true}
volumes:
  disk: {driver_opts: {type: nfs}}
"""
    found = startable.parse(text, {})
    assert [(item.line, item.text) for item in found["a"].refusals] == [
        (6, "the network `theirs` lies outside of this compose project"), (8, "the volume `disk` lies outside of this compose project"),
    ]  # fmt: skip
    assert found["b"].refusals == ()


@pytest.mark.parametrize(
    ("text", "values", "filled"),
    [
        ("$A", {"A": "1"}, "1"),
        ("${A:-b}", {"A": ""}, "b"),
        ("${A-b}", {"A": ""}, ""),
        ("${A:?must be set}", {"A": "1"}, "1"),
        ("${A:+yes}", {"A": "1"}, "yes"),
        ("${A:+yes}", {}, ""),
        ("$$A", {"A": "1"}, "$A"),
        ("${A:-db://me:${B}@db/${C:-x}}", {"B": "1"}, "db://me:1@db/x"),
        ("a${A}b${B:-c}", {"A": "-"}, "a-bc"),
    ],
)
def test_variables_are_filled_as_compose_fills_them(text: str, values: dict[str, str], filled: str) -> None:
    found = service(f"image: '{text}'", values)
    assert (found.image, found.refusals) == (filled, ())


def test_health_checks_are_read() -> None:
    found = service("healthcheck: {test: pg_isready -U me, interval: 1m30s, timeout: 500ms, retries: 2, start_period: 1s}")
    assert found.health == Health(("/bin/sh", "-c", "pg_isready -U me"), 90, 0.5, 2, 1)
    assert found.health.patience_s == 1 + 2 * 90.5
    assert service("healthcheck: {test: [CMD, a, b]}").health == Health(("a", "b"))
    assert service("healthcheck: {disable: true}").health == Health(())
    assert service("image: a").health is None


def test_merged_mappings_are_read_and_keep_their_lines() -> None:
    text = "x-all: &all\n  privileged: true\nservices:\n  a:\n    <<: *all\n    image: a\n"
    assert [(item.line, item.text[:12]) for item in startable.parse(text, {})["a"].refusals] == [(2, "`privileged`")]


@pytest.mark.parametrize("text", ["", "services: []", "services:\n  a: [", "- a", "services: {a: !!python/object:x {}}"])
def test_what_is_no_compose_file_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="line"):
        startable.parse(text, {})


_SCALAR = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8))
_TREE = st.recursive(
    _SCALAR, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)), max_leaves=8
)
_KEYS = st.sampled_from(sorted(startable._TAKEN | {"network_mode", "devices", "secrets"}))


@given(st.dictionaries(_KEYS, _TREE, max_size=5))
def test_whatever_stands_in_a_service_is_read_or_refused(told: dict[str, object]) -> None:
    import yaml

    try:
        found = startable.parse(yaml.safe_dump({"services": {"a": told}}), {})["a"]
    except ValueError:
        return
    assert all(isinstance(mount, Mounted) and (not mount.bind or mount.source.startswith(".")) for mount in found.mounts)
    assert not told.get("privileged") or found.refusals
    assert not {"network_mode", "devices", "secrets"} & set(told) or found.refusals
