"""Whether a crisis answer is isolated: every way to share something, what is not shown, and what only looks shared."""

from __future__ import annotations

import pytest

from readiness.sequence.finding import Basis, Cause, Outcome
from tests.layers.conftest import Judge

ID = "security.isolated"
APP = {"hotfix/app.py": "print(1)\n", "shop/app.py": "print(2)\n", "readiness.toml": '[project]\ncomponents = ["hotfix"]\n'}
SHOP = """\
services:
  shop:
    build: .
    env_file: [../settings/shop.env]
    environment:
      DATABASE_URL: postgresql://shop:${SHOP_PASSWORD}@db.internal/shop
      OPENAI_API_KEY: ${OPENAI_API_KEY}
      LOG_LEVEL: ${LOG_LEVEL}
    secrets: [pem]
    volumes: [orders:/orders]
    networks: [shop]
networks:
  shop: {name: shop}
volumes:
  orders: {name: orders}
secrets:
  pem: {file: ./pem.txt}
"""
HEAD = "services:\n  hotfix:\n    build: .\n"


def files(hotfix: str, **more: str) -> dict[str, str]:
    return APP | {"shop/compose.yaml": SHOP, "hotfix/compose.yaml": hotfix, **more}


def test_the_assets(judge: Judge) -> None:
    holds = judge(ID, "holds")
    assert (holds.outcome, holds.reason, holds.basis) == (Outcome.HOLDS, "", Basis.OBSERVED)
    assert "1 neighbours" in holds.observed or "1 neighbour" in holds.observed


def test_the_asset_that_fails_does_so_by_its_role_alone(judge: Judge) -> None:
    fails = judge(ID, "fails")
    assert (fails.outcome, fails.cause) == (Outcome.FAILS, Cause.PROJECT)
    assert [item.subject for item in fails.problems] == ["role: shop"]
    assert fails.reason == "hotfix and shop take the same database role, shop"
    assert fails.location is not None
    assert (fails.location.file, fails.remedy.command) == ("hotfix/compose.yaml", "docker compose -f hotfix/compose.yaml config")


def test_where_nothing_runs_nothing_is_isolated(judge: Judge) -> None:
    found = judge(ID, "not_applicable")
    assert (found.outcome, bool(found.reason)) == (Outcome.NOT_APPLICABLE, True)


SHARED = {
    "external network": ("    networks: [x]\nnetworks:\n  x: {external: true, name: shop}\n", "network: shop"),
    "external default network": ("networks:\n  default: {external: true, name: corp}\n", "network: corp"),
    "external, said the old way": ("    networks: [x]\nnetworks:\n  x: {external: {name: corp}}\n", "network: corp"),
    "network by name": ("    networks: [x]\nnetworks:\n  x: {name: shop}\n", "network: shop"),
    "host network": ("    network_mode: host\n", "network: hotfix: host"),
    "network of a container": ("    network_mode: container:shop-1\n", "network: hotfix: shop-1"),
    "host processes": ("    pid: host\n", "network: hotfix: pid"),
    "external volume": ("    volumes: ['x:/x']\nvolumes:\n  x: {external: true, name: orders}\n", "volume: orders"),
    "volume by name": ("    volumes: ['x:/x']\nvolumes:\n  x: {name: orders}\n", "volume: orders"),
    "volumes of a container": ("    volumes_from: ['container:shop-1:ro']\n", "volume: shop-1"),
    "docker socket": ("    volumes: ['/var/run/docker.sock:/var/run/docker.sock']\n", "volume: /var/run/docker.sock"),
    "neighbour's folder": ("    volumes: ['../shop/data:/data']\n", "volume: ../shop/data"),
    "folder, long form": ("    volumes: [{type: bind, source: /srv/shop, target: /d}]\n", "volume: /srv/shop"),
    "neighbour's settings": ("    env_file: ../settings/shop.env\n", "secret: settings/shop.env"),
    "settings elsewhere": ("    env_file: [{path: ../settings/other.env}]\n", "secret: settings/other.env"),
    "secret file": ("    secrets: [k]\nsecrets:\n  k: {file: ../shop/pem.txt}\n", "secret: k"),
    "name of a secret": ("    environment:\n      KEY: ${OPENAI_API_KEY}\n", "secret: OPENAI_API_KEY"),
    "name handed through": ("    environment: [OPENAI_API_KEY]\n", "secret: OPENAI_API_KEY"),
    "role by user": ("    environment: {DB_USER: shop, DB_HOST: db.internal}\n", "role: shop"),
    "role with a driver": ("    environment: {DATABASE_URL: 'postgresql+psycopg://shop:${P}@db.internal:5432/o'}\n", "role: shop"),
}


@pytest.mark.parametrize("name", SHARED)
def test_what_is_shared_is_named(judge: Judge, name: str) -> None:
    more, subject = SHARED[name]
    found = judge(ID, files=files(HEAD + more))
    assert found.outcome is Outcome.FAILS, found
    assert [item.subject for item in found.problems] == [subject]
    assert all(item.location for item in found.problems)


OWN = {
    "nothing but itself": "",
    "own network and volume": "    networks: [x]\n    volumes: ['d:/d', './data:/e', /anonymous]\nnetworks:\n  x: {}\nvolumes:\n  d:\n",
    "the same names in its own project": "    volumes: ['orders:/d']\nvolumes:\n  orders:\n",
    "own settings": "    env_file: [.env, ./settings.env]\n    environment: {LOG_LEVEL: '${LOG_LEVEL}'}\n",
    "own role": "    environment: {DATABASE_URL: 'postgresql://hotfix:${P}@db.internal/shop'}\n",
    "the same role of its own database": (
        "    environment: {DATABASE_URL: 'postgresql://shop:${P}@db/shop'}\n  db:\n    image: postgres:17\n"
        "    environment: {POSTGRES_USER: shop}\n"
    ),
    "a role by default": ("    environment: {DATABASE_URL: '${URL:-postgresql://hotfix:x@db.internal/shop}'}\n"),
    "a folder by default": "    volumes: ['${DATA:-./data}:/data']\n",
    "the clock": "    volumes: ['/etc/localtime:/etc/localtime:ro']\n",
    "one program twice": (
        "    environment: {DB_USER: hotfix}\n  worker:\n    build: .\n    command: work\n    environment: {DB_USER: hotfix}\n"
    ),
}


@pytest.mark.parametrize("name", OWN)
def test_what_is_its_own_is_not_shared(judge: Judge, name: str) -> None:
    found = judge(ID, files=files(HEAD + OWN[name]))
    assert (found.outcome, found.problems) == (Outcome.HOLDS, ()), found


HIDDEN = {
    "a role in a variable": ("    environment: {DATABASE_URL: '${DATABASE_URL}'}\n", "it is in DATABASE_URL"),
    "a role that must be set": ("    environment: {DATABASE_URL: '${DATABASE_URL:?}'}\n", "it is in DATABASE_URL"),
    "a role handed through": ("    environment: [PGUSER]\n", "it is in PGUSER"),
    "a folder in a variable": ("    volumes: ['${DATA}:/data']\n", "which folder ${DATA} is"),
    "a secret made elsewhere": ("    secrets: [k]\nsecrets:\n  k: {external: true}\n", "who else is given the secret k"),
    "a volume on a device": (
        "    volumes: ['d:/d']\nvolumes:\n  d: {driver_opts: {type: nfs, device: ':/exports'}}\n", "what else lies on :/exports"
    ),
    "no YAML": ("  x: [\n", "is no valid YAML"),
}  # fmt: skip


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_not_shown_is_unknown_and_named(judge: Judge, name: str) -> None:
    more, said = HIDDEN[name]
    found = judge(ID, files=files(HEAD + more))
    assert (found.outcome, found.cause) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED)
    assert said in found.reason


def test_two_programs_of_one_file_that_take_one_role_share_it(judge: Judge) -> None:
    whole = (
        "services:\n  hotfix:\n    build: ./hotfix\n    environment: {DATABASE_URL: 'postgresql://app:x@db/a'}\n"
        "  shop:\n    build: ./shop\n    environment: {DATABASE_URL: 'postgresql://app:x@db/a'}\n  db: {image: 'postgres:17'}\n"
    )
    found = judge(ID, files={"compose.yaml": whole, "hotfix/app.py": "print(1)\n", "shop/app.py": "print(1)\n"})
    assert {item.subject for item in found.problems} == {"role: app"}
    inside = judge(ID, files=APP | {"compose.yaml": whole})
    assert [item.subject for item in inside.problems] == ["role: app", "network: default"]


def test_a_variable_is_what_the_folder_sets_it_to(judge: Judge) -> None:
    more = "    environment: {DATABASE_URL: 'postgresql://${ROLE:?}:x@db.internal/shop'}\n"
    assert judge(ID, files=files(HEAD + more, **{"hotfix/.env": "ROLE=hotfix\n"})).outcome is Outcome.HOLDS
    found = judge(ID, files=files(HEAD + more, **{"hotfix/.env": "ROLE=shop\n"}))
    assert [item.subject for item in found.problems] == ["role: shop"]


def test_without_a_deployment_nothing_is_shown(judge: Judge) -> None:
    found = judge(ID, files={"app.py": "print(1)\n"})
    assert found.outcome is Outcome.UNKNOWN
    assert found.reason.startswith("whether a role, network, volume, secret is shared is not shown: nothing in the repository says")


TERRAFORM = 'resource "aws_vpc" "own" {}\nresource "aws_iam_role" "own" {}\nresource "aws_s3_bucket" "own" {}\n'


def test_what_terraform_makes_is_its_own_and_what_it_looks_up_is_not(judge: Judge) -> None:
    own = TERRAFORM + 'resource "aws_secretsmanager_secret" "own" {}\n'
    assert judge(ID, files={"app.py": "", "main.tf": own}).outcome is Outcome.HOLDS
    looked_up = own + 'data "aws_vpc" "corp" {\n  default = true\n}\n# data "aws_iam_role" "x" {}\ndata "aws_iam_policy_document" "y" {}\n'
    found = judge(ID, files={"app.py": "", "main.tf": looked_up})
    assert [item.subject for item in found.problems] == ["network: aws_vpc.corp"]
    assert judge(ID, files={"app.py": "", "main.tf": TERRAFORM}).reason.endswith("no Terraform file makes a secret of its own")
    module = judge(ID, files={"app.py": "", "main.tf": own + 'module "net" {\n source = "x"\n}\n'})
    assert (module.outcome, "the module net" in module.reason) == (Outcome.UNKNOWN, True)


def test_kubernetes_says_nothing_of_neighbours(judge: Judge) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'a:1'}]}\n"
    found = judge(ID, files=files(HEAD, **{"hotfix/pod.yaml": pod}))
    assert (found.outcome, "hotfix/pod.yaml describes a deployment" in found.reason) == (Outcome.UNKNOWN, True)
