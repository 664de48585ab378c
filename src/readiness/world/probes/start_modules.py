"""Imports every module of a project, repeats failures in a process of their own, and says how each went.

Stand-alone (standard library of Python 3.7 and later), run by the interpreter of the judged project:
`python start_modules.py SPEC RESULTS`. SPEC is JSON: root, limit_s, modules [{file, name, roots}]. RESULTS gets one
JSON line a module: file, outcome (ok, error, exit, timeout, died), and for an error its type, its bases, message,
missing name, chain of causes, and the last place in the project; plus every environment variable the project's own
files asked for on the way.
"""

import importlib
import importlib.util
import json
import os
import select
import signal
import sys
import time
import traceback


def ask_recorder(root):
    """Notes every lookup in os.environ that a file of the project makes; returns the growing list."""
    asked, seen = [], set()
    kind = type(os.environ)
    original = kind.__getitem__

    def asker():
        frame = sys._getframe(2)
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
        if isinstance(key, str) and key not in seen:
            place = asker()
            if place is not None:
                seen.add(key)
                try:
                    original(self, key)
                    there = True
                except KeyError:
                    there = False
                asked.append({"name": key, "file": place[0], "line": place[1], "set": there})
        return original(self, key)

    kind.__getitem__ = getitem
    return asked


def load(module, root, attempt):
    """Imports one module as attempt number `attempt` has it: with one of its possible roots first on the path."""
    roots = module["roots"]
    if attempt >= len(roots):  # one more: started from its own folder, as a README may say
        os.chdir(os.path.dirname(os.path.join(root, module["file"])))
        attempt = 0
    first = os.path.join(root, roots[attempt]) if roots[attempt] else root
    path = os.path.join(root, module["file"])
    extra = [folder for folder in (first, root, os.path.dirname(path)) if folder]
    sys.path[:] = list(dict.fromkeys(extra)) + [folder for folder in sys.path if folder not in extra]
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
    return {
        "type": qualified(type(error)),
        "bases": [qualified(base) for base in type(error).__mro__],
        "message": text_of(error),
        "missing": getattr(error, "name", None) if isinstance(error, ImportError) else None,
        "filename": str(getattr(error, "filename", "") or "") if isinstance(error, OSError) else "",
        "chain": chain[1:6],
        "place": place,
        "raised_in": last[-1].filename if last else "",
        "raised_line": (last[-1].line or "") if last else "",
    }


def qualified(kind):
    return kind.__name__ if kind.__module__ == "builtins" else kind.__module__ + "." + kind.__qualname__


def text_of(error):
    try:
        return str(error)[:2000]
    except Exception:
        return "<no message>"


def worker(pipe, jobs, spec, asked):
    """Handles jobs one after another and says how each went; killed from outside where one does not end."""

    def say(record):
        os.write(pipe, (json.dumps(record) + "\n").encode("utf-8", "replace"))

    for index, attempt in jobs:
        say({"index": index, "started": True})
        del asked[:]
        record = {"index": index, "outcome": "ok"}
        try:
            load(spec["modules"][index], spec["root"], attempt)
        except SystemExit as error:
            record.update(outcome="exit", code=error.code if isinstance(error.code, int) or error.code is None else str(error.code)[:500])
        except BaseException as error:
            record.update(outcome="error", error=describe(error, spec["root"]))
        record["asked"] = list(asked)
        say(record)
        if record["outcome"] != "ok":
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


def confirm(spec, asked, results):
    """Repeats every failure of another kind in a clean process; what then starts was only the fault of a neighbour."""
    settled = set()
    for index in range(len(spec["modules"])):
        record = results[index]
        if record["outcome"] not in ("error", "exit") or signature(record) in settled:
            continue
        run_batch([(index, 0)], spec, asked, results)
        if signature(results[index]) == signature(record):
            settled.add(signature(record))


def run_batch(jobs, spec, asked, results):
    """Starts a worker on `jobs`, stores what it says, and returns the jobs it did not get to."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        os.setpgid(0, 0)
        try:
            worker(write, jobs, spec, asked)
        finally:
            os._exit(0)
    os.close(write)
    buffer, current, done = b"", None, 0
    since = time.monotonic()
    while True:
        left = spec["limit_s"] - (time.monotonic() - since)
        ready = select.select([read], [], [], max(left, 0))[0] if left > 0 else []
        if not ready:
            results[current] = {"index": current, "outcome": "timeout"}
            done += 1
            break
        chunk = os.read(read, 65536)
        if not chunk:
            if current is not None:
                results[current] = {"index": current, "outcome": "died"}
                done += 1
            break
        buffer += chunk
        while b"\n" in buffer:
            line, buffer = buffer.split(b"\n", 1)
            record = json.loads(line.decode("utf-8", "replace"))
            if record.get("started"):
                current, since = record["index"], time.monotonic()
            else:
                results[record["index"]] = record
                current, done = None, done + 1
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass
    status = os.waitpid(pid, 0)[1]
    os.close(read)
    for record in results.values():
        if record["outcome"] == "died" and "status" not in record:
            record["status"] = status
    return jobs[done:]


def local_names(spec):
    names = set()
    for module in spec["modules"]:
        names.update(part[:-3] if part.endswith(".py") else part for part in module["file"].split("/"))
    return names


def main():
    with open(sys.argv[1]) as handle:
        spec = json.load(handle)
    asked = ask_recorder(spec["root"])
    os.chdir(spec["root"])
    results, local = {}, local_names(spec)
    jobs = [(index, 0) for index in range(len(spec["modules"]))]
    while jobs:
        jobs = run_batch(jobs, spec, asked, results)
    confirm(spec, asked, results)
    for index, module in enumerate(spec["modules"]):
        # A module of the project that is not found may only have been looked for from the wrong folder.
        for attempt in range(1, len(module["roots"])):
            error = results[index].get("error") or {}
            missing = (error.get("missing") or "").split(".")[0]
            relative = "attempted relative import" in error.get("message", "")
            if results[index]["outcome"] != "error" or not (relative or missing in local):
                break
            before = results[index]
            run_batch([(index, attempt)], spec, asked, results)
            after = (results[index].get("error") or {}).get("missing") or ""
            if results[index]["outcome"] == "error" and after.split(".")[0] in local and missing == after.split(".")[0]:
                results[index] = before
        error = results[index].get("error") or {}
        if error.get("type") == "FileNotFoundError" and not error.get("filename", "/").startswith("/"):
            before = results[index]
            run_batch([(index, len(module["roots"]))], spec, asked, results)
            if (results[index].get("error") or {}).get("type") == "FileNotFoundError":
                results[index] = before
    with open(sys.argv[2], "w") as handle:
        for index, module in enumerate(spec["modules"]):
            record = dict(results[index], file=module["file"])
            handle.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
