"""Gives an environment data files of its own, where its files are links into a package cache.

Stand-alone (standard library of Python 3.7 and later): `python own_files.py FOLDER`. An installation that links is much
quicker than one that copies, and no different to Python; but a package that opens its data itself may refuse a file
with a second name. So what is no code gets a copy in its place; code, which is most of it, stays linked.
"""

import os
import re
import shutil
import stat
import sys

CODE = re.compile(r"\.(?:py|pyi|pyc|pyx|pxd|h|hpp|hh|c|cc|cpp|cu|cuh|a|js|ts|map|dll|exe|so(?:\.[\d.]+)?)$")


def main(folder):
    for place, _, names in os.walk(folder):
        if place.endswith(".dist-info"):
            continue
        for name in names:
            path = os.path.join(place, name)
            if not CODE.search(name):
                state = os.lstat(path)
                if stat.S_ISREG(state.st_mode) and state.st_nlink > 1:
                    copy = path + ".own"
                    shutil.copyfile(path, copy)
                    os.chmod(copy, stat.S_IMODE(state.st_mode))
                    os.utime(copy, ns=(state.st_atime_ns, state.st_mtime_ns))
                    os.replace(copy, path)


if __name__ == "__main__":
    main(sys.argv[1])
