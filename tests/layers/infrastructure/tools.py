"""Projects that migrate with a tool: alembic, Django and yoyo, each with two migrations that can be undone."""

from __future__ import annotations

from typing import Final

ENV: Final = """
import os
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine({url}, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION: Final = '''"""{name}"""
from alembic import op
import sqlalchemy as sa

revision = "{name}"
down_revision = {before}

def upgrade():
    {up}

def downgrade():
    {down}
'''
MAKE: Final = 'op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text, nullable=False))'


def revision(name: str, before: str | None, up: str, down: str) -> str:
    """A revision of alembic."""
    return REVISION.format(name=name, before=repr(before), up=up, down=down)


def alembic(url: str = 'os.environ["DATABASE_URL"]', ini: str = "", **more: str) -> dict[str, str]:
    """A project that migrates with alembic; `url` is where its env.py finds the database, `more` are revisions by name."""
    return {
        "requirements.txt": "alembic==1.20.1\npsycopg[binary]==3.2.13\n",
        "alembic.ini": f"[alembic]\nscript_location = %(here)s/schema\n{ini}",
        "schema/env.py": ENV.format(url=url),
        "schema/script.py.mako": "",
        "schema/versions/a1.py": revision("a1", None, MAKE, 'op.drop_table("orders")'),
        **{f"schema/versions/{name}.py": text for name, text in more.items()},
    }


SETTINGS: Final = """
import os
SECRET_KEY = "a test"
INSTALLED_APPS = ["shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["POSTGRES_DB"], "USER": os.environ["POSTGRES_USER"],
    "PASSWORD": os.environ["POSTGRES_PASSWORD"], "HOST": os.environ["POSTGRES_HOST"], "PORT": os.environ.get("POSTGRES_PORT", "5432")}}
"""
MANAGE: Final = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
FIRST: Final = """
from django.db import migrations, models
class Migration(migrations.Migration):
    initial = True
    operations = [migrations.CreateModel("Order", [("id", models.BigAutoField(primary_key=True)), ("note", models.TextField())])]
"""
SECOND: Final = """
from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [{operation}]
"""


def django(operation: str = "") -> dict[str, str]:
    """A project that migrates with Django; `operation` makes a second migration."""
    files = {
        "requirements.txt": "django==5.2.19\npsycopg[binary]==3.2.13\n",
        "manage.py": MANAGE,
        "site_settings.py": SETTINGS,
        "shop/__init__.py": "",
        "shop/models.py": "from django.db import models\nclass Order(models.Model):\n    note = models.TextField()\n",
        "shop/migrations/__init__.py": "",
        "shop/migrations/0001_initial.py": FIRST,
    }
    return files | ({"shop/migrations/0002_more.py": SECOND.format(operation=operation)} if operation else {})


def yoyo(**more: str) -> dict[str, str]:
    """A project that migrates with yoyo; `more` are files of the folder by stem."""
    return {
        "requirements.txt": "yoyo-migrations==9.0.0\npsycopg2-binary==2.9.11\nsetuptools==80.9.0\n",
        "yoyo.ini": "[DEFAULT]\nsources = steps\ndatabase = postgresql://localhost/shop\n",
        "steps/0001_orders.py": (
            'from yoyo import step\n\nsteps = [step("create table orders (id int primary key, note text not null)", "drop table orders")]\n'
        ),
        **{f"steps/{name}": text for name, text in more.items()},
    }
