"""A configuration of terraform against its state, and the state against what is live, as far as it can be asked from here."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from readiness.formats import terraform_plan
from readiness.layers.infrastructure.causes import one_line
from readiness.layers.infrastructure.evidence import Part
from readiness.sequence.finding import Cause, Location, Problem
from readiness.world.context import Context
from readiness.world.sandbox import Ran

TOOLS: Final = ("terraform", "tofu")
_REMOTE: Final = re.compile(r'^\s*(?:backend\s+"(?!local")(\w+)"|(cloud)\s*\{)', re.MULTILINE)
_NOT_INSTALLED: Final = re.compile(
    r"inconsistent dependency lock|required plugins are not installed|failed to query available provider|provider .*not found|"
    r"module not installed|could not load plugin|missing required provider|not found in any of the search locations",
    re.IGNORECASE,
)
_UNANSWERED: Final = re.compile(
    r"credential|no such host|network is unreachable|connection refused|failed to request|unauthorized|i/o timeout|dial tcp|"
    r"configuring the provider|could not find default",
    re.IGNORECASE,
)
"""How providers say that they could not ask what is live."""


def states(context: Context) -> list[Part]:
    """A comparison for each folder that terraform was applied from; providers are never downloaded for it."""
    folders = sorted({path.rpartition("/")[0] for path in context.project.paths if path.endswith(".tf")})
    found = []
    for folder in folders:
        texts = "\n".join(context.project.text(p) for p in context.project.paths if p.endswith(".tf") and p.rpartition("/")[0] == folder)
        remote = _REMOTE.search(texts)
        name = f"the configuration in {folder or 'the root'}"
        if (context.project.root / folder / "terraform.tfstate").is_file():
            found.append(_state(context, folder, name))
        elif remote:
            where = remote[1] or remote[2]
            found.append(Part(name, cause=Cause.SERVICE, reason=f"the state of {name} lies in `{where}`, which is not reached from here"))
    return found or ([Part(absent="no state of terraform is here: nothing was applied from this folder")] if folders else [])


def _state(context: Context, folder: str, name: str) -> Part:
    tool = next((path for word in TOOLS if (path := shutil.which(word))), None)
    if tool is None:
        return Part(name, cause=Cause.SYSTEM, reason="there is a state, and neither terraform nor tofu is installed")
    tree = _copied(context, folder)
    run = _runner(context, tool, tree)
    if not (tree / ".terraform").is_dir():
        initialised = run("init", "-input=false", "-no-color")
        if not initialised.ok:
            return _unplanned(name, initialised.said)
    planned, refreshed = run("plan", "-json", "-detailed-exitcode", "-input=false", "-lock=false", "-out=readiness.plan"), True
    if planned.exit_code not in (0, 2) and _UNANSWERED.search(planned.said):
        more = ("plan", "-json", "-detailed-exitcode", "-input=false", "-lock=false", "-refresh=false", "-out=readiness.plan")
        planned, refreshed = run(*more), False
    return _read(name, folder, planned, run("show", "-json", "readiness.plan"), refreshed=refreshed)


def _copied(context: Context, folder: str) -> Path:
    """A copy of the configuration with the state and the providers that lie beside it, for commands to use."""
    top = context.session.tree("terraform")
    tree, live = top / folder, context.project.root / folder
    shutil.copyfile(live / "terraform.tfstate", tree / "terraform.tfstate")
    if (live / ".terraform").is_dir() and not (tree / ".terraform").exists():
        shutil.copytree(live / ".terraform", tree / ".terraform", ignore_dangling_symlinks=True)
    context.session.sandbox.hand_over(top)
    return tree


def _runner(context: Context, tool: str, tree: Path) -> Callable[..., Ran]:
    """Runs terraform without network; providers come from beside the configuration or from the machine's own folders."""
    mirrors = [path for path in ("/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins") if Path(path).is_dir()]
    blocks = "".join(f'  filesystem_mirror {{ path = "{path}" }}\n' for path in mirrors) or '  filesystem_mirror { path = "/nowhere" }\n'
    settings = context.session.sandbox.give("terraform.rc", f"provider_installation {{\n{blocks}}}\n".encode())
    env = {"TF_CLI_CONFIG_FILE": str(settings), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}

    def run(*words: str) -> Ran:
        return context.session.sandbox.run([tool, *words], cwd=tree, env=env, timeout_s=120)

    return run


def _unplanned(name: str, said: str) -> Part:
    text = re.sub(r"[╷│╵\s]+", " ", said).strip()
    provider = re.search(r"provider\s+\"?(?:registry\.[\w.]+/)?([\w-]+/[\w-]+)", text)
    if _NOT_INSTALLED.search(text):
        needed = f"the provider {provider[1]}" if provider else "a provider or module"
        return Part(name, cause=Cause.SYSTEM, reason=f"{name} needs {needed}, which is not installed here")
    if re.search(r"No value for required variable", text):
        return Part(name, cause=Cause.CONFIGURATION, reason=f"{name} asks for a variable that has no value")
    return Part(name, cause=Cause.TOOL, reason=f"{name} could not be planned: {one_line(text)}")


def _read(name: str, folder: str, planned: Ran, shown: Ran, *, refreshed: bool) -> Part:
    try:
        stream = terraform_plan.stream(planned.stdout)
        if planned.exit_code not in (0, 2) or stream.errors:
            return _unplanned(name, stream.errors[0] if stream.errors else planned.said)
        changes = terraform_plan.plan(shown.stdout)
    except ValueError as error:
        return Part(name, cause=Cause.TOOL, reason=f"{name}: {error}")
    addresses = {item.address for item in changes if not item.outside and not item.address.startswith("output.")}
    if addresses != set(stream.planned) or bool(changes) is not (planned.exit_code == 2 or bool(stream.drifted)) or not stream.complete:
        return Part(name, cause=Cause.TOOL, reason=f"{name}: the plan and what it prints of itself differ")
    problems = tuple(_of_change(item, folder) for item in changes)
    compared = f"{name} with its state{' and what is live' if refreshed else ''}"
    if problems or refreshed:
        return Part(compared, problems, note="" if refreshed else f"{name}: what is live could not be asked, the state was")
    return Part(compared, cause=Cause.SERVICE, reason=f"{name} and its state agree, but what is live could not be asked")


def _of_change(item: terraform_plan.Change, folder: str) -> Problem:
    named = f" in {', '.join(item.attributes[:4])}{' …' if len(item.attributes) > 4 else ''}" if item.attributes else ""
    done = {"create": "is declared and not live", "delete": "is live and no longer declared"}
    if item.outside:
        text = f"{item.address} was changed outside terraform{named}"
    else:
        text = f"{item.address} {done.get('+'.join(item.actions), f'differs{named}')}"
    return Problem(item.address, text, Location(folder or "."))
