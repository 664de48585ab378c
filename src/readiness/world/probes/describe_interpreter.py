"""Says in JSON what the interpreter that runs it is: run by the user's own, with `-I`, so nothing of a project is loaded.

Runs under Python 3.6 and later. Prints one object: `interpreter`, `sites` (folders packages are imported from), `blas`,
and `no_blas` with the reason where that is empty.
"""

import json
import platform
import sys
import sysconfig


def blas():
    try:
        import numpy
    except ImportError:
        return {}, "numpy is not installed"
    except Exception as error:
        return {}, "numpy does not load: %s" % type(error).__name__
    try:
        told = numpy.show_config(mode="dicts")["Build Dependencies"]
        found = {}
        for name in ("blas", "lapack"):
            part = told.get(name, {})
            found[name] = " ".join(str(part[key]) for key in ("name", "version") if part.get(key))
            setting = part.get("openblas configuration", "")
            if setting:
                found[name + " configuration"] = " ".join(str(setting).split())
        return found, "" if found.get("blas") else "numpy does not say"
    except Exception:
        return {}, "this numpy does not say"


def main():
    found, reason = blas()
    build = platform.python_build()
    told = {
        "interpreter": {
            "version": platform.python_version(),
            "implementation": platform.python_implementation(),
            "compiler": platform.python_compiler(),
            "build": " ".join(part for part in build if part),
            "platform": sysconfig.get_platform(),
        },
        "sites": [path for path in sys.path if path.replace("\\", "/").rstrip("/").endswith(("site-packages", "dist-packages"))],
        "blas": found,
        "no_blas": reason,
    }
    print(json.dumps(told))


main()
