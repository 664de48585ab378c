"""Secrets and decoys, put together at run time, so that this repository holds none itself.

Every value is drawn from a generator with a fixed seed; prefixes are written in two parts.
"""

from __future__ import annotations

import base64
import gzip
import json
import random
import string
from collections.abc import Iterator
from dataclasses import dataclass

from tests.layers.security.containers import document, tarred, workbook, zipped

WORD = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + "234567"


@dataclass(frozen=True)
class Case:
    """One file with one planted value (a secret, or a decoy); a packed one holds `packed` in place of `text`."""

    path: str
    text: str
    value: str
    packed: bytes = b""

    @property
    def data(self) -> bytes:
        """What the file holds."""
        return self.packed or self.text.encode()


class Drawn:
    """Values of the shape vendors give their keys."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def word(self, length: int, alphabet: str = WORD) -> str:
        """Letters and digits, at least one of each where there is room."""
        while True:
            text = "".join(self._random.choice(alphabet) for _ in range(length))
            if length < 8 or alphabet not in (WORD, HEX) or (any(c.isdigit() for c in text) and any(c.isalpha() for c in text)):
                return text

    def key(self, lines: int) -> str:
        """The body of a key in PEM."""
        return "\n".join(self.word(64, WORD + "+/") for _ in range(lines))

    def uuid(self) -> str:
        """A key of the shape of a UUID."""
        return "-".join(self.word(length, HEX) for length in (8, 4, 4, 4, 12))


def pem(label: str, body: str) -> str:
    """A block in PEM."""
    return f"-----{'BEGIN'} {label}-----\n{body}\n-----{'END'} {label}-----\n"


def notebook(source: str, output: str = "") -> str:
    """A notebook of one cell."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": [output]}] if output else []
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": [source], "outputs": outputs}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def current(seed: int = 1) -> list[Case]:
    """Secrets as they lie in files: keys of vendors, addresses, names that tell, settings, notebooks, infrastructure."""
    drawn = Drawn(seed)
    return [Case(f"live/{path}", text, value) for path, text, value in (*_vendors(drawn), *_addresses(drawn), *_named(drawn))]


def _vendors(d: Drawn) -> Iterator[tuple[str, str, str]]:
    def one(path: str, template: str, value: str) -> tuple[str, str, str]:
        return path, template.replace("@@", value), value

    yield one("aws.py", 'AWS_ACCESS_KEY_ID = "@@"\n', "AK" + "IA" + d.word(16, UPPER))
    yield one("aws_secret.py", 'aws_secret_access_key="@@"\n', d.word(40))
    yield one("openai.py", 'client = OpenAI(api_key="@@")\n', "sk" + f"-{d.word(20)}T3BlbkFJ{d.word(20)}")
    yield one("openai.env", "OPENAI_API_KEY=@@\n", "sk" + f"-proj-{d.word(74)}T3BlbkFJ{d.word(74)}")
    yield one("old_openai.env", "KEY=@@\n", "sk" + f"-{d.word(48)}")
    yield one("anthropic.py", 'ANTHROPIC_API_KEY = "@@"\n', "sk" + f"-ant-api03-{d.word(93)}AA")
    yield one("github.sh", "export GITHUB_TOKEN=@@\n", "gh" + f"p_{d.word(36)}")
    yield one("fine_grained.md", "clone it with @@\n", "github" + f"_pat_{d.word(22)}_{d.word(59)}")
    yield one("node_modules/pkg/a.js", 'const t = "@@"\n', "gh" + f"p_{d.word(36)}")
    yield one("package-lock.json", '{"resolved": "@@"}\n', "gh" + f"s_{d.word(36)}")
    yield one("gitlab.yml", "token: @@\n", "gl" + f"pat-{d.word(20)}")
    yield one("slack.py", 'client = WebClient("@@")\n', "xo" + f"xb-{d.word(12, '123456789')}-{d.word(12, '123456789')}-{d.word(24)}")
    yield one("hugging.py", 'login("@@")\n', "hf" + f"_{d.word(34, string.ascii_letters)}")
    yield one("google.js", 'const key = "@@";\n', "AI" + f"za{d.word(35)}")
    yield one("stripe.rb", 'Stripe.api_key = "@@"\n', "sk" + f"_live_{d.word(24)}")
    yield one("groq.env", "GROQ_API_KEY=@@\n", "gsk" + f"_{d.word(52)}")
    yield one("sendgrid.py", 'sg = Client("@@")\n', "SG" + f".{d.word(22)}.{d.word(43)}")
    yield one(".npmrc", "//registry/:_authToken=@@\n", "npm" + f"_{d.word(36)}")
    yield one("telegram.py", 'BOT = "@@"\n', f"{d.word(9, '123456789')}:A" + f"A{d.word(33)}")
    yield one("langsmith.env", "LANGSMITH_API_KEY=@@\n", "lsv2" + f"_pt_{d.word(32, HEX)}_{d.word(10, HEX)}")
    for name, label in (("key.pem", "RSA PRIVATE KEY"), ("ec.txt", "EC PRIVATE KEY"), ("id_ed25519", "OPENSSH PRIVATE KEY")):
        body = d.key(9)
        yield name, pem(label, body), body
    body = d.key(26)
    account = {"type": "service_account", "private_key": pem("PRIVATE KEY", body), "client_email": "a@shop.iam.gserviceaccount.com"}
    yield "account.json", json.dumps(account, indent=1), body.replace("\n", "\\n")


def _addresses(d: Drawn) -> Iterator[tuple[str, str, str]]:
    for path, template in (
        ("pg.py", 'URL = "postgresql://shop:@@@db.shop.io:5432/shop"\n'),
        ("pg_driver.py", 'URL = "postgresql+asyncpg://shop:@@@10.0.3.7/shop"\n'),
        ("mysql.yaml", "url: mysql+pymysql://shop:@@@db.shop.io/shop\n"),
        ("mongo.js", 'connect("mongodb+srv://shop:@@@cluster0.ab1x.mongodb.net/shop")\n'),
        ("cache.toml", 'broker = "redis://:@@@cache.shop.io:6379/0"\n'),
        ("queue.ini", "broker = amqps://shop:@@@mq.shop.io:5671/v\n"),
        ("local.py", 'URL = "postgresql://shop:@@@localhost/shop"\n'),
        ("remote.sh", "git clone https://deploy:@@@git.shop.io/shop.git\n"),
        ("mssql.cs", 'var c = "Server=tcp:shop.database.windows.net,1433;User ID=shop;Password=@@;Encrypt=true";\n'),
        ("libpq.py", 'dsn = "host=db.shop.io user=shop password=@@ dbname=shop"\n'),
        ("jdbc.java", 'String url = "jdbc:postgresql://db.shop.io/shop?user=shop&password=@@";\n'),
    ):
        value = d.word(14)
        yield path, template.replace("@@", value), value
    key = base64.b64encode(d.word(64).encode()).decode()
    yield "storage.py", f'C = "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={key};EndpointSuffix=core.windows.net"\n', key
    yield "weak.py", 'URL = "postgresql:/' + '/shop:shop@db.shop.io/shop"\n', ":shop@"


def _named(d: Drawn) -> Iterator[tuple[str, str, str]]:
    shapes = (
        ("generic.py", 'api_key = "@@"\n', d.word(32)),
        ("azure.py", 'AZURE_OPENAI_KEY = "@@"\n', d.word(32, HEX)),
        ("django.py", 'SECRET_KEY = "@@"\n', d.word(50)),
        ("fallback.py", 'key = os.getenv("SEARCH_API_KEY", "@@")\n', d.word(32)),
        ("typed.py", 'api_token: str = "@@"\n', d.word(40)),
        ("bearer.py", 'headers = {"Authorization": "Bearer @@"}\n', d.word(40)),
        ("settings.json", '{\n "clientSecret": "@@"\n}\n', d.word(36)),
        ("pinecone.env", "PINECONE_API_KEY=@@\n", d.uuid()),
        ("password.py", 'password = "@@"\n', d.word(12) + "!7"),
        (".env", "DB_PASSWORD=@@\n", d.word(20)),
        ("compose.yaml", "services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: @@\n", d.word(16)),
        ("list.yaml", "services:\n  db:\n    environment:\n      - POSTGRES_PASSWORD=@@\n", d.word(16)),
        ("deploy.yaml", "env:\n  - name: DB_PASSWORD\n    value: @@\n", d.word(16)),
        ("human.ini", "[db]\npassword = @@\n", "shoppers" + "2024"),
        ("main.tf", 'resource "azurerm_postgresql_server" "db" {\n  administrator_login_password = "@@"\n}\n', d.word(14) + "#7"),
        ("variables.tf", 'variable "db_password" {\n  type = string\n  default = "@@"\n}\n', d.word(14) + "9"),
        ("main.bicep", "param administratorLoginPassword string = '@@'\n", d.word(14) + "#7"),
        ("Dockerfile", "FROM python:3.12\nENV API_TOKEN=@@\n", d.word(32)),
        ("run.sh", "curl --token @@ https://api.shop.io\n", d.word(32)),
    )
    for path, template, value in shapes:
        yield path, template.replace("@@", value), value
    value = d.word(32)
    yield "cell.ipynb", notebook(f'api_key = "{value}"'), value
    value = "sk" + f"-{d.word(48)}"
    yield "output.ipynb", notebook("print(os.environ)", f"OPENAI_API_KEY={value}\n"), value


def past(seed: int = 2) -> list[Case]:
    """Secrets that a commit added and a later one removed: fifteen of the kinds above, with other values."""
    chosen = [case for case in current(seed) if case.path != "live/weak.py"]  # the one value that is not drawn
    return [Case(case.path.replace("live/", "gone/"), case.text, case.value) for case in chosen[::4]][:15]


def decoys(seed: int = 3) -> list[Case]:
    """What looks like a secret and is none."""
    d = Drawn(seed)
    example = "EXAM" + "PLE"
    texts = {
        "placeholder.env": "OPENAI_API_KEY=your-api-key-here\n",
        "angle.env": "OPENAI_API_KEY=<your-openai-api-key-1>\n",
        "empty.env": "OPENAI_API_KEY=\nOPENAI_TEMPERATURE=0.0\n",
        "short.env": "OPENAI_API_KEY=sk-...\n",
        "xxx.env": "OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
        "your.env": "TOKEN=ghp" + "_yourtokenhere1234567890abcdefghijklmn\n",
        "test.py": 'client = OpenAI(api_key="test-key-1")\n',
        "fake.py": 'API_KEY = "fake-api-key-for-tests-0001"\n',
        "change.yaml": "POSTGRES_PASSWORD: changeme123\n",
        "shell.sh": "export PASSWORD=${DB_PASSWORD:?set it}\n",
        "compose.yaml": "environment:\n  POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}\n  SECRET_KEY: ${SECRET_KEY:-unset}\n",
        "actions.yml": "env:\n  OPENAI_API_KEY: ${{ secrets.OPENAI_API_KEY }}\n",
        "helm.yaml": "password: {{ .Values.db.password2 }}\n",
        "local.py": 'URL = "postgresql://postgres:postgres@localhost:5432/app"\n',
        "service.yaml": "url: postgresql://app:app@db:5432/app\n",
        "redis.yaml": "broker: redis://:redis@redis:6379/0\n",
        "doc.md": "Set `DATABASE_URL=postgresql://user:password@host:5432/dbname`.\n",
        "doc2.md": "postgres://alice:s3cr3tpw9@db.example.com/shop\n",
        "template.py": 'url = f"postgresql://{user}:{password}@{host}/{name}"\n',
        "template.js": "const url = `mongodb+srv://${USER}:${PASS}@cluster0.mongodb.net`\n",
        "env.py": 'API_KEY = os.environ["API_KEY"]\nsecret = settings.SECRET_KEY_2\n',
        "call.py": "password = get_password2(user)\ntoken=create_token_v2(payload)\n",
        "lookup.tf": "administrator_login_password = var.admin_password1\npassword = data.aws_secret.db1.value\n",
        "lookup.bicep": "@secure()\nparam adminPassword string\nvar secretName = 'db-password-2'\n",
        "vault.yaml": "password: vault:secret/data/db#password1\ntoken: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n",
        "sops.yaml": "db_password: ENC[AES256_GCM,data:Zm9v,iv:AbC123=,tag:xYz9==,type:str]\n",
        "aws_doc.py": f'AWS_ACCESS_KEY_ID = "AKIAIOSFODNN7{example}"\n'
        f'AWS_SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCY{example}KEY"\n',
        "uv.lock": f'sdist = {{ url = "https://files/x.tar.gz", hash = "sha256:{d.word(64, HEX)}" }}\n',
        "lock.json": f'{{"integrity": "sha512-{base64.b64encode(d.word(64).encode()).decode()}"}}\n',
        "commit.md": f"Fixed in {d.word(40, HEX)}, see {d.uuid()}.\n",
        "hash.py": f'DIGEST = "{d.word(64, HEX)}"\nrequest_id = "{d.uuid()}"\n',
        "users.sql": f"INSERT INTO users VALUES ('ada', '$2b$12${d.word(53)}');\n",
        "tokens.py": 'max_tokens = 4096\ntokenizer = "bert-base-uncased-v2"\neos_token = "<|endoftext|>"\npad_token="[PAD1]"\n',
        "labels.py": 'password_label = "Your password (8+ characters)"\nlabel = "Password"\npassword: "string1"\n',
        "words.py": 'secret_name = "database-credentials-2"\ncache_key = "user-profile-cache-v2"\napi_key_header = "X-API-Key-2024"\n',
        "public.pem": pem("PUBLIC KEY", d.key(6)),
        "cert.pem": pem("CERTIFICATE", d.key(16)),
        "encrypted.pem": pem("ENCRYPTED PRIVATE KEY", d.key(16)),
        "image.svg": f'<image href="data:image/png;base64,{d.key(6).replace(chr(10), "")}"/>\n',
        "picture.ipynb": notebook("plot()", base64.b64encode(d.word(400).encode()).decode()),
        "page.json": f'{{"next_token": "{base64.b64encode(d.word(60).encode()).decode()}", "pageToken": "{d.word(40)}"}}\n',
        "publishable.js": f'const stripe = Stripe("pk_live_{d.word(24)}")\n',
        "counted.py": 'API_KEY = "0123456789abcdef0123456789abcdef"\nTOKEN = "aaaaaaaaaaaaaaaaaaaaaaaa1"\n',
        "url.md": "See https://host:8080/a/b@v2 and https://shop.io/?q=a:b@c, mail ada@shop.io, git@github.com:a/b.git\n",
        "arn.yaml": "secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbC123\ntoken: op://vault/item/field1\n",
        "file.yaml": "password_file: /run/secrets/db_password1\npassword: /run/secrets/db_password1\nsecret: file:/etc/key1.pem\n",
    }
    return [Case(f"decoy/{path}", text, path) for path, text in texts.items()]


def packed(seed: int = 4) -> list[Case]:
    """Secrets within what has to be taken apart: sheets, text documents, archives, and what cells of notebooks show."""
    d = Drawn(seed)
    found = [Case(f"packed/{path}", "", value, data) for path, data, value in (*_documents(d), *_archives(d), *_shown(d))]
    assert all(item.value.encode() not in item.data or item.path.endswith(".ipynb") for item in found)
    return found


def packed_past(seed: int = 5) -> list[Case]:
    """Packed files that a commit added and a later one removed."""
    chosen = [item for item in packed(seed) if not item.path.endswith(".ipynb")]
    return [Case(item.path.replace("packed/", "packed-gone/"), "", item.value, item.data) for item in chosen]


def _documents(d: Drawn) -> Iterator[tuple[str, bytes, str]]:
    value = d.word(12) + "!3"
    yield "people.xlsx", workbook([["System", "User", "Password"], ["shop", "admin", value], ["mail", "admin", "changeme"]]), value
    value = d.word(14)
    yield "list.xlsx", workbook([["what", "where"], ["database", f"mysql+pymysql://shop:{value}@db.shop.io/shop"]]), value
    value = "gh" + f"p_{d.word(36)}"
    yield "notes.xlsx", workbook([["a"], [""], ["deploy with"], [value]]), value
    value = d.word(14)
    yield "beside.xlsx", workbook([["name", "value"], ["DB_PASSWORD", value]]), value
    value = d.word(14)
    yield "runbook.docx", document(["Connect to ", "postgresql+", f"asyncpg://shop:{value[:5]}", f"{value[5:]}@db.shop.io/shop"]), value
    value = "sk" + f"-ant-api03-{d.word(93)}AA"
    yield "letter.docx", document(["Dear team,"], ["the key is ", value[:9], value[9:]]), value
    value = d.word(14)
    text = (
        f'<office:document xmlns:text="t" xmlns:office="o"><text:p>pw: <text:span>postgres://shop:{value}@db.shop.io/s</text:span></text:p>'
    )
    yield "open.odt", zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": f"{text}</office:document>"}), value


def _archives(d: Drawn) -> Iterator[tuple[str, bytes, str]]:
    value = d.word(14)
    yield "backup.zip", zipped({"app/.env": f"DB_PASSWORD={value}\n" * 3}), value
    value = d.word(14)
    yield "backup.tgz", tarred({"app/settings.py": f'URL = "mysql+pymysql://shop:{value}@db.shop.io/shop"\n'}, packed=True), value
    value = d.word(14)
    sheet = workbook([["url"], [f"redis://:{value}@cache.shop.io:6379/0"]])
    yield "handover.zip", zipped({"docs/list.xlsx": sheet}), value
    value = d.word(32)
    yield "dump.sql.gz", gzip.compress(f"-- api_key = '{value}'\n".encode(), mtime=0), value


def _shown(d: Drawn) -> Iterator[tuple[str, bytes, str]]:
    def book(path: str, value: str, output: dict[str, object]) -> tuple[str, bytes, str]:
        cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": ["show()"], "outputs": [output]}
        text = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)
        return path, text.encode(), value

    value = d.word(14)
    yield book(
        "table.ipynb",
        value,
        {"output_type": "execute_result", "data": {"text/html": [f"<td>postgresql:<b></b>//shop:{value}@db.shop.io/s</td>"]}},
    )
    value = d.word(16)
    frame = f"\x1b[0;31mOperationalError\x1b[0m: could not connect with password=\x1b[1m{value}\x1b[0m host=db.shop.io"
    yield book("error.ipynb", value, {"output_type": "error", "ename": "E", "evalue": "", "traceback": [frame]})
    value = d.word(32)
    yield book("repr.ipynb", value, {"output_type": "execute_result", "data": {"text/plain": [f"{{'api_key': '{value}',\n", " 'n': 3}"]}})
    value = d.word(40)
    yield book(
        "json.ipynb",
        value,
        {"output_type": "display_data", "data": {"application/json": {"headers": {"Authorization": f"Bearer {value}"}}}},
    )


def packed_decoys() -> list[Case]:
    """Packed files without a secret that look as if they held one."""
    d = Drawn(6)
    found = {
        "form.xlsx": workbook([["System", "Password", "Token"], ["shop", "changeme", "see vault"], ["mail", "********", "rotated 2026"]]),
        "counts.xlsx": workbook([["max_tokens", "password age (days)"], ["4096", "90"], ["512", "365"]]),
        "policy.docx": document(["Passwords have at least ", "12 characters and 1 digit."], ["token: ask ada1 for one"]),
        "wheel.whl": zipped(
            {"shop/__init__.py": 'API_KEY = os.environ["API_KEY"]\n', "shop.dist-info/RECORD": f"a.py,sha256={d.word(43)},9\n"}
        ),
        "example.zip": zipped({".env.example": "OPENAI_API_KEY=sk-...\nDB_PASSWORD=changeme\n"}),
        "weights.npz": zipped({"layer0.npy": b"\x93NUMPY\1\0" + bytes(range(256)) * 99}),
        "hashes.tgz": tarred({"SHA256SUMS": f"{d.word(64, HEX)}  shop.tar\n"}, packed=True),
    }
    return [Case(f"decoy/{path}", "", path, data) for path, data in found.items()]
