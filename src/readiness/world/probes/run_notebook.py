"""Executes one notebook from top to bottom with the interpreter that runs this file.

`python run_notebook.py SPEC`, SPEC being JSON: path, tools (a folder with nbclient and ipykernel, searched after the
project's own packages), timeout_s. Prints the text outputs of the cells; a failing cell ends it with its error, exit 1.
"""

import json
import os
import re
import sys

INSTALL = re.compile(
    r"^[ \t]*[!%][ \t]*(?:\{sys\.executable\}[ \t]+-m[ \t]+|python3?[ \t]+-m[ \t]+|uv[ \t]+)?pip3?[ \t]+install[ \t][^\n]*$", re.M
)


def failing_line(book, message):
    """The source line a syntax error is about, so that a placeholder can be told from a slip."""
    found = re.search(r"line (\d+)\)", message)
    for cell in book.cells:
        if any(output.get("output_type") == "error" for output in cell.get("outputs", [])):
            lines = cell["source"].splitlines()
            number = int(found.group(1)) if found else 1
            return lines[number - 1].strip() if number <= len(lines) else ""
    return ""


def main():
    with open(sys.argv[1]) as handle:
        spec = json.load(handle)
    sys.path.append(spec["tools"])
    home = os.environ["HOME"]
    kernels = os.path.join(home, ".local/share/jupyter/kernels/python3")
    os.makedirs(kernels, exist_ok=True)
    code = "import sys; sys.path.append(%r); sys.path.insert(0, ''); from ipykernel.kernelapp import main; main()" % spec["tools"]
    argv = [sys.executable, "-c", code, "-f", "{connection_file}"]
    with open(os.path.join(kernels, "kernel.json"), "w") as handle:
        json.dump({"argv": argv, "display_name": "python3", "language": "python"}, handle)
    os.environ["JUPYTER_PATH"] = os.path.join(home, ".local/share/jupyter")
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    book = nbformat.read(spec["path"], as_version=4)
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "python3", "language": "python"}
    for cell in book.cells:
        if cell["cell_type"] == "code":  # what it installs was installed before it started, from an empty environment
            cell["source"] = INSTALL.sub("pass", cell["source"])
    folder = os.path.dirname(os.path.abspath(spec["path"]))
    client = NotebookClient(book, timeout=int(spec["timeout_s"]), kernel_name="python3", resources={"metadata": {"path": folder}})
    failed = None
    try:
        client.execute()
    except CellExecutionError as error:
        failed = error
    for cell in book.cells:
        for output in cell.get("outputs", []):
            text = output.get("text") or (output.get("data") or {}).get("text/plain") or ""
            if output.get("output_type") != "error" and output.get("name") != "stderr" and text:
                print(text if isinstance(text, str) else "".join(text))
    if failed is not None and failed.ename == "SyntaxError":
        failed.evalue = "%s: %s" % (failed.evalue, failing_line(book, failed.evalue))
    if failed is not None:
        sys.stderr.write("Traceback (most recent call last)\n%s: %s\n" % (failed.ename, " ".join(str(failed.evalue).split())))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
