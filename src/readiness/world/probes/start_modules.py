"""Imports every module of a project, repeats failures in a process of their own, and says how each went.

Stand-alone (standard library of Python 3.7 and later), run by the interpreter of the judged project:
`python start_modules.py SPEC RESULTS`. SPEC is JSON: root, limit_s, modules [{file, name, roots}]. RESULTS gets one
JSON line a module: file, outcome (ok, error, exit, timeout, died), and every environment variable the project's own
files asked for on the way. An error has its type, its bases, message, missing name, chain of causes, the last place in
the project, the installed module it was raised in, whether that was while importing one, and the names of variables
that were looked up in vain; a module that did not come to an end has the last it printed.
"""

import importlib
import importlib.util
import json
import os
import re
import select
import signal
import sys
import time
import traceback

BASE_PATH = list(sys.path[1:])
"""The search path of the interpreter itself, without the folder of this file."""

TAIL_BYTES, MARK = 2000, b"\0"
"""How much is kept of what a module prints, and what divides it from what the one before it printed."""

ABSENT = re.compile(
    r"\b(?:director(?:y|ies)|folder|file|path)\b[^\n]{0,400}(?:does not exist|doesn't exist|do not exist|not found|is missing)"
    r"|no such file or directory",
    re.I,
)
"""How an exception of another kind than FileNotFoundError says that it looked for a file."""


def ask_recorder(root):
    """Notes every lookup in os.environ that a file of the project makes, and the names nobody found; returns both."""
    asked, seen, absent = [], set(), set()
    kind = type(os.environ)
    original = kind.__getitem__

    def asker():
        frame = sys._getframe(3)
        for _ in range(6):
            if frame is None:
                return None
            name = frame.f_code.co_filename
            if name.startswith(root):
                return name[len(root) :].lstrip("/"), frame.f_lineno
            if not (name.endswith(("os.py", "_collections_abc.py", "<frozen os>", "<frozen _collections_abc>"))):
                return None
            frame = frame.f_back
        return None

    def getitem(self, key):
        try:
            value = original(self, key)
        except KeyError:
            note(key, False)
            raise
        note(key, True)
        return value

    def note(key, there):
        if not isinstance(key, str):
            return
        if not there:
            absent.add(key)
        if key not in seen:
            place = asker()
            if place is not None:
                seen.add(key)
                asked.append({"name": key, "file": place[0], "line": place[1], "set": there})

    kind.__getitem__ = getitem
    return asked, absent


def load(module, root, attempt):
    """Imports one module as attempt number `attempt` has it: with one of its possible roots first on the path."""
    roots = module["roots"]
    if attempt >= len(roots):  # one more: started from its own folder, as a README may say
        os.chdir(os.path.dirname(os.path.join(root, module["file"])))
        attempt = 0
    first = os.path.join(root, roots[attempt]) if roots[attempt] else root
    path = os.path.join(root, module["file"])
    # Its own folder only where it is one of the roots and its turn: a module in it may be called as a package or as
    # something of the standard library is. What earlier modules added is gone.
    extra = list(dict.fromkeys((first, root)))
    sys.path[:] = extra + [folder for folder in BASE_PATH if folder not in extra]
    sys.argv[:] = [path]
    relative = os.path.relpath(path, first)
    parts = relative[:-3].split(os.sep)
    if parts[-1] == "__init__":
        parts = parts[:-1]
    name = ".".join(parts)
    if parts and all(part.isidentifier() for part in parts) and not relative.startswith(".."):
        existing = sys.modules.get(name)
        if existing is None or same_file(existing, path):
            loaded = importlib.import_module(name)
            if same_file(loaded, path):
                return
    spec = importlib.util.spec_from_file_location("_started_" + "".join(c if c.isalnum() else "_" for c in name), path)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)


def same_file(module, path):
    found = getattr(module, "__file__", None)
    return bool(found) and os.path.realpath(found) == os.path.realpath(path)


def describe(error, root):
    """What is to be known of an exception, as JSON."""
    chain, seen = [], set()
    current = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        chain.append({"type": qualified(type(current)), "message": text_of(current)})
        current = current.__cause__ or current.__context__
    place = None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(root):
            place = {"file": frame.filename[len(root) :].lstrip("/"), "line": frame.lineno}
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(root):
        place = {"file": error.filename[len(root) :].lstrip("/"), "line": error.lineno or 1}
    last = traceback.extract_tb(error.__traceback__)
    own = [number for number, frame in enumerate(last) if frame.filename.startswith(root)]
    beyond = [frame for frame in last[own[-1] + 1 if own else 0 :] if "/site-packages/" in frame.filename]
    return {
        "type": qualified(type(error)),
        "bases": [qualified(base) for base in type(error).__mro__],
        "message": text_of(error),
        "missing": getattr(error, "name", None) if isinstance(error, ImportError) else None,
        "filename": str(getattr(error, "filename", "") or "") if isinstance(error, OSError) else "",
        "chain": chain[1:6],
        "place": place,
        "errno": error.errno if isinstance(error, OSError) else None,
        "raised_in": dotted(beyond[-1].filename) if beyond else "",
        "importing": any(frame.name == "<module>" for frame in beyond),
        "raised_line": (last[-1].line or "") if last else "",
    }


def dotted(filename):
    """The name of an installed module by its file."""
    parts = os.path.splitext(filename.rpartition("/site-packages/")[2])[0].split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def qualified(kind):
    return kind.__name__ if kind.__module__ == "builtins" else kind.__module__ + "." + kind.__qualname__


def text_of(error):
    try:
        return str(error)[:2000]
    except Exception:
        return "<no message>"


def worker(pipe, printed, jobs, spec, recorded):
    """Handles jobs one after another and says how each went; killed from outside where one does not end."""
    asked, absent = recorded
    os.dup2(printed, 1)
    os.dup2(printed, 2)

    def say(record):
        os.write(pipe, (json.dumps(record) + "\n").encode("utf-8", "replace"))

    for index, attempt in jobs:
        say({"index": index, "started": True})
        os.write(printed, MARK)
        del asked[:]
        absent.clear()
        record = {"index": index, "outcome": "ok"}
        try:
            load(spec["modules"][index], spec["root"], attempt)
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) or error.code is None else str(error.code)[:500]
            record.update(outcome="exit", code=code, absent=sorted(absent))
        except BaseException as error:
            record.update(outcome="error", error=dict(describe(error, spec["root"]), absent=sorted(absent)))
        record["asked"] = list(asked)
        say(record)
        if attempt or record["outcome"] != "ok":  # two folders may each hold a module of the same name
            forget(spec["root"])


def forget(root):
    """Drops the project's own modules, so that what failed half-way is loaded anew by the next one."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(root):
            del sys.modules[name]


def signature(record):
    error = record.get("error") or {}
    place = error.get("place") or {}
    return (record["outcome"], error.get("type"), error.get("message"), place.get("file"), place.get("line"), str(record.get("code")))


def confirm(spec, recorded, results):
    """Repeats every failure of another kind in a clean process; what then starts was only the fault of a neighbour."""
    settled = set()
    for index in range(len(spec["modules"])):
        record = results[index]
        if record["outcome"] not in ("error", "exit") or signature(record) in settled:
            continue
        run_batch([(index, 0)], spec, recorded, results)
        if signature(results[index]) == signature(record):
            settled.add(signature(record))


def run_batch(jobs, spec, recorded, results):
    """Starts a worker on `jobs`, stores what it says, and returns the jobs it did not get to."""
    (read, write), (output, printed) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        os.close(output)
        os.setpgid(0, 0)
        try:
            worker(write, printed, jobs, spec, recorded)
        finally:
            os._exit(0)
    os.close(write)
    os.close(printed)
    done, unfinished = follow(read, output, spec["limit_s"], results)
    if not done and unfinished is None:  # it ended before its first job
        unfinished = jobs[0][0]
        results[unfinished] = {"index": unfinished, "outcome": "died", "said": ""}
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass
    status = os.waitpid(pid, 0)[1]
    os.close(read)
    os.close(output)
    if unfinished is not None:
        results[unfinished]["status"] = status
        done += 1
    return jobs[done:]


def follow(read, output, limit_s, results):
    """Stores what a worker says until it ends or a job takes too long; returns the jobs done, and the one that was not."""
    buffer, said, current, done = b"", b"", None, 0
    since, open_ends = time.monotonic(), [read, output]
    while True:
        left = limit_s - (time.monotonic() - since)
        ready = select.select(open_ends, [], [], left)[0] if left > 0 else []
        if output in ready:
            chunk = os.read(output, 65536)
            said = (said + chunk)[-TAIL_BYTES:]
            if not chunk:
                open_ends.remove(output)
        if ready and read not in ready:
            continue
        chunk = os.read(read, 65536) if ready else b""
        if not chunk:
            if current is not None:
                outcome = "died" if ready else "timeout"
                results[current] = {"index": current, "outcome": outcome, "said": said.rpartition(MARK)[2].decode("utf-8", "replace")}
            return done, current
        buffer += chunk
        while b"\n" in buffer:
            line, buffer = buffer.split(b"\n", 1)
            record = json.loads(line.decode("utf-8", "replace"))
            if record.get("started"):
                current, since = record["index"], time.monotonic()
            else:
                results[record["index"]] = record
                current, done = None, done + 1


def local_names(spec):
    names = set()
    for module in spec["modules"]:
        names.update(part[:-3] if part.endswith(".py") else part for part in module["file"].split("/"))
    return names


def misplaced(record, local):
    """Whether a module may only have been looked for from the wrong folder; `local` are names the project's files have."""
    error = record.get("error") or {}
    if record["outcome"] != "error":
        return False
    message = error.get("message", "")
    lacking = re.match(r"(?:partially initialized )?module '(\w+)[\w.]*' has no attribute", message)
    names = {(error.get("missing") or "").split(".")[0], lacking.group(1) if lacking else ""}
    return "attempted relative import" in message or not names.isdisjoint(local)


def elsewhere(spec, recorded, results):
    """Tries modules that were perhaps looked for from the wrong folder from the other folders they may belong to."""
    local = local_names(spec)
    for attempt in range(1, max((len(module["roots"]) for module in spec["modules"]), default=0)):
        again = [index for index, record in results.items() if misplaced(record, local)]
        jobs = [(index, attempt) for index in again if attempt < len(spec["modules"][index]["roots"])]
        before = {index: results[index] for index, _ in jobs}
        left = list(jobs)
        while left:
            left = run_batch(left, spec, recorded, results)
        for index, _ in jobs:
            if results[index]["outcome"] != "ok":  # again in a process of its own, without neighbours
                run_batch([(index, attempt)], spec, recorded, results)
            if misplaced(results[index], local) and wanted(results[index]) == wanted(before[index]):
                results[index] = before[index]


def wanted(record):
    return ((record.get("error") or {}).get("missing") or "").split(".")[0]


def looks_for_file(record):
    """Whether a module failed because a path relative to the folder it is started in leads nowhere."""
    error = record.get("error") or {}
    if error.get("type") == "FileNotFoundError":
        return not error.get("filename", "/").startswith("/")
    return "ImportError" not in error.get("bases", ()) and bool(ABSENT.search(error.get("message", "")))


def from_own_folder(spec, recorded, results):
    """Starts modules that look for a file from their own folder, as a README may say."""
    for index, module in enumerate(spec["modules"]):
        if results[index]["outcome"] == "error" and looks_for_file(results[index]):
            before = results[index]
            run_batch([(index, len(module["roots"]))], spec, recorded, results)
            if results[index]["outcome"] == "error" and looks_for_file(results[index]):
                results[index] = before


def main():
    spec_path, results_path = sys.argv[1:3]
    with open(spec_path) as handle:
        spec = json.load(handle)
    recorded = ask_recorder(spec["root"])
    os.chdir(spec["root"])
    results = {}
    jobs = [(index, 0) for index in range(len(spec["modules"]))]
    while jobs:
        jobs = run_batch(jobs, spec, recorded, results)
    confirm(spec, recorded, results)
    elsewhere(spec, recorded, results)
    from_own_folder(spec, recorded, results)
    with open(results_path, "w") as handle:
        for index, module in enumerate(spec["modules"]):
            record = dict(results[index], file=module["file"])
            handle.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
