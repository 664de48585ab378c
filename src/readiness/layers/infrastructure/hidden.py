"""What each perturbation means when the result depends on it: the hidden cause in words, and how it is repaired."""

from __future__ import annotations

from typing import Final

from readiness.world.perturbed import Perturbation

SAYS: Final[dict[Perturbation, str]] = {
    Perturbation.DIRECTORY: "depends on the folder it runs in",
    Perturbation.HOME: "depends on HOME, or on what a run left there",
    Perturbation.USER: "depends on the user it runs as",
    Perturbation.ZONE: "reads the local time zone",
    Perturbation.LOCALE: "depends on the locale",
    Perturbation.HASH: "depends on the order of sets, which the hash seed decides",
    Perturbation.CLOCK: "reads the clock",
    Perturbation.ORDER: "takes files in the order in which a folder lists them",
    Perturbation.CPUS: "depends on the number of processors",
    Perturbation.TIMES: "depends on when files were changed",
    Perturbation.UMASK: "depends on the umask",
    Perturbation.NETWORK: "takes something from the network, and does without it in silence",
    Perturbation.SOURCE: "writes into its own source",
    Perturbation.TEMP: "depends on the temporary folder, or on what a run left there",
    Perturbation.STRAY: "takes up files that are not its own",
    Perturbation.VARIABLES: "reads variables that nobody declared",
    Perturbation.HOST: "depends on the name of the machine",
    Perturbation.PIDS: "depends on its process id",
}

REPAIRS: Final[dict[Perturbation, str]] = {
    Perturbation.DIRECTORY: "find files relative to the code, and keep absolute paths out of the outputs",
    Perturbation.HOME: "keep what a run needs in the project, and paths of HOME out of the outputs",
    Perturbation.USER: "keep the user out of the outputs",
    Perturbation.ZONE: 'use UTC in code, or state the zone: env = { TZ = "UTC" } in [demo]',
    Perturbation.LOCALE: 'sort and format without the locale, or state it: env = { LC_ALL = "C.UTF-8" } in [demo]',
    Perturbation.HASH: "sort what comes out of a set, and use hashlib instead of hash()",
    Perturbation.CLOCK: "take the date as an argument, or say which field is a time: normalise in [demo]",
    Perturbation.ORDER: "sort what os.listdir, glob and iterdir give",
    Perturbation.CPUS: "name the number of workers, and join results in the order of the inputs",
    Perturbation.TIMES: "sort by name or by a date that the file itself holds",
    Perturbation.UMASK: "set the mode of files that others read",
    Perturbation.NETWORK: "ship what it downloads, or fail where it cannot be had",
    Perturbation.SOURCE: "write below TMPDIR, or declare the file under outputs in [demo]",
    Perturbation.TEMP: "make a temporary folder of its own for each run",
    Perturbation.STRAY: "name the files that are read, and make a temporary folder of its own for each run",
    Perturbation.VARIABLES: "name the variable in .env.example, or state it in env of [demo]",
    Perturbation.HOST: "keep the name of the machine out of the outputs",
    Perturbation.PIDS: "keep process ids out of the outputs",
}


def named(names: tuple[Perturbation, ...], detail: str = "") -> str:
    """The cause in words, with what exactly it was where that is known; of several, that it takes them together."""
    if len(names) == 1:
        return f"{SAYS[names[0]]}{f' ({detail})' if detail else ''}"
    return f"{' and '.join(SAYS[name] for name in names)}, both at once" if len(names) == 2 else _together(names)


def _together(names: tuple[Perturbation, ...]) -> str:
    return f"depends on {', '.join(names[:-1])} and {names[-1]} together"


def repair(names: tuple[Perturbation, ...]) -> str:
    """What helps against a cause; of several, against the first of them."""
    return REPAIRS[names[0]]
