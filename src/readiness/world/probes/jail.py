"""Ends one command in a box: the launcher between `readiness` and the code of a judged project.

Stand-alone (standard library only), started with `python -I -S jail.py SPEC_FD`. The specification is JSON on that
descriptor: argv, cwd, env, network, writable, over (folders put in place of others), shown, hidden, uid, gid, limits,
status (path of the status file). A run that is perturbed also has binds [source, target, writable], locked, umask, cpus,
host, pids, inner_uid; one in another root of an operating system has root (its folder) and stage (an empty folder, where
it is put together).

It tries, in this order, and reports what it got: own mount, process, network and IPC namespaces (as root directly, else
through a user namespace); the whole file system read-only but for the work folder; the home, the checkout and /run
hidden; an unprivileged user; no new privileges; resource limits. Whatever is left running when the command ends is
killed: with a process namespace by the kernel, without one by walking the descendants.
"""

import ctypes
import errno
import json
import os
import resource
import signal
import struct
import sys
import time

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
CLONE_NEWUTS = 0x4000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER = 1, 38, 36
AT_FDCWD, AT_RECURSIVE, SYS_MOUNT_SETATTR, MOUNT_ATTR_RDONLY = -100, 0x8000, 442, 1

LINUX = sys.platform.startswith("linux")
libc = ctypes.CDLL(None, use_errno=True)


def call(name, *args):
    if getattr(libc, name)(*args) != 0:
        code = ctypes.get_errno()
        raise OSError(code, name + ": " + os.strerror(code))


def mount(source, target, kind, flags, data=None):
    encode = lambda value: None if value is None else os.fsencode(value)
    call("mount", encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(data))


def set_readonly(path, readonly, recursive):
    attr = struct.pack("=QQQQ", MOUNT_ATTR_RDONLY if readonly else 0, 0 if readonly else MOUNT_ATTR_RDONLY, 0, 0)
    libc.syscall.restype = ctypes.c_long
    got = libc.syscall(
        ctypes.c_long(SYS_MOUNT_SETATTR),
        ctypes.c_int(AT_FDCWD),
        ctypes.c_char_p(os.fsencode(path)),
        ctypes.c_uint(AT_RECURSIVE if recursive else 0),
        ctypes.c_char_p(attr),
        ctypes.c_size_t(len(attr)),
    )
    if got != 0:
        code = ctypes.get_errno()
        raise OSError(code, "mount_setattr: " + os.strerror(code))


def write(path, text):
    with open(path, "w") as handle:
        handle.write(text)


def enter_namespaces(spec, got):
    """Namespaces as far as the machine gives them; `got` says which."""
    if not LINUX or spec.get("plain"):
        return
    uid, gid = os.geteuid(), os.getegid()
    wanted = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | (0 if spec["network"] else CLONE_NEWNET)
    wanted |= CLONE_NEWUTS if spec.get("host") else 0
    try:
        if uid == 0:
            call("unshare", wanted)
        else:
            call("unshare", wanted | CLONE_NEWUSER)
            write("/proc/self/setgroups", "deny")
            write("/proc/self/uid_map", "%d %d 1" % (spec.get("inner_uid", uid), uid))
            write("/proc/self/gid_map", "%d %d 1" % (gid, gid))
    except OSError as error:
        got["why"] = str(error)
        return
    got["processes"] = got["namespaces"] = True
    if spec.get("host"):
        call("sethostname", spec["host"].encode(), len(spec["host"]))
    got["network_off"] = not spec["network"]
    if not spec["network"]:
        raise_loopback()


def raise_loopback():
    import fcntl
    import socket

    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            request = struct.pack("16sh14s", b"lo", 0x1 | 0x40, b"")
            fcntl.ioctl(sock.fileno(), 0x8914, request)
    except OSError:
        pass  # then there is no loopback either, which a demo will say itself


def shape_files(spec, got):
    """The file system as the command sees it: read-only, private places hidden, the work folder writable."""
    if not got["namespaces"]:
        return
    try:
        mount(None, "/", None, MS_REC | MS_PRIVATE)
    except OSError as error:
        got["why"] = "mounts stay as they are (%s)" % error
        return
    # what is shown comes first: the writable folders may lie in it
    keep = [(path, os.open(path, os.O_PATH)) for path in [*spec["shown"], *spec["writable"]] if os.path.exists(path)]
    over = [(target, os.open(source, os.O_PATH)) for source, target in spec["over"]]
    tmp = os.open(spec["tmp"], os.O_PATH)  # its own path may be hidden by the time it is bound
    placed = [(os.open(source, os.O_PATH), target, writable) for source, target, writable in spec.get("binds", [])]
    hidden = {os.path.realpath(path) for path in spec["hidden"] if os.path.isdir(path)}
    for path in sorted(hidden):
        if any(path.startswith(other + "/") for other in hidden):
            continue  # gone with the folder around it
        mount("none", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m")
    opened = list(spec["writable"])
    for path in ("/tmp", "/var/tmp"):
        if os.path.isdir(path) and not any(w == path or w.startswith(path + "/") for w in spec["writable"]):
            mount("/proc/self/fd/%d" % tmp, path, None, MS_BIND)
            opened.append(path)
    for path, fd in keep:
        if not os.path.exists(path):
            if os.path.isdir("/proc/self/fd/%d" % fd):
                os.makedirs(path)
            else:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
        mount("/proc/self/fd/%d" % fd, path, None, MS_BIND | MS_REC)
        os.close(fd)
    os.close(tmp)
    for path, fd in over:
        mount("/proc/self/fd/%d" % fd, path, None, MS_BIND)
        opened.append(path)
        os.close(fd)
    for fd, path, writable in placed:
        mount("/proc/self/fd/%d" % fd, path, None, MS_BIND)
        os.close(fd)
        opened += [path] if writable else []
    if spec.get("root"):
        enter_root(spec, opened)
    for path in spec.get("locked", []):
        mount(path, path, None, MS_BIND)  # a mount of its own, which nothing below makes writable again
    if os.path.isdir("/dev/shm"):
        mount("none", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=256m")
        opened.append("/dev/shm")
    try:
        set_readonly("/", True, True)
        for path in opened:
            set_readonly(path, False, False)
    except OSError as error:  # a kernel before 5.12
        got["why"] = "the file system stays writable (%s)" % error
        return
    got["files"] = True


def enter_root(spec, opened):
    """Another operating system around the command: its folders, with what the command is shown laid into them.

    Nothing is written there. Folders on the way to something that is shown are made anew, and hold what they held.
    """
    root, stage = spec["root"], spec["stage"]
    outside = ["/proc", "/dev", "/sys", "/tmp", "/etc/resolv.conf", "/etc/hosts"]
    laid = [path for path in [*outside, *spec["shown"], *opened] if os.path.exists(path)]
    os.makedirs(stage, exist_ok=True)  # what is hidden may have taken it away
    mount("none", stage, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=16m")
    lay_out(root, stage, "", {path.rstrip("/") for path in laid})
    for path in sorted(set(laid), key=len):
        target = stage + path
        if not os.path.lexists(target):
            if os.path.isdir(path):
                os.makedirs(target)
            else:
                os.makedirs(os.path.dirname(target), exist_ok=True)
                os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
        if os.path.isdir(path) == os.path.isdir(target):
            mount(path, target, None, MS_BIND | MS_REC)
    os.chroot(stage)
    os.chdir("/")


def lay_out(root, stage, inner, laid):
    """The entries of a folder of the other root, bound one by one; those that lead to something that is laid in are opened."""
    for name in os.listdir(root + inner):
        path, source = inner + "/" + name, root + inner + "/" + name
        if os.path.islink(source):
            os.symlink(os.readlink(source), stage + path)
        elif os.path.isdir(source):
            os.mkdir(stage + path, 0o755)
            if any(other.startswith(path + "/") for other in laid):
                lay_out(root, stage, path, laid)
            elif path not in laid:
                mount(source, stage + path, None, MS_BIND | MS_REC)
        elif os.path.isfile(source):
            os.close(os.open(stage + path, os.O_CREAT | os.O_WRONLY, 0o644))
            if path not in laid:
                mount(source, stage + path, None, MS_BIND)


def private_proc(got):
    if got["files"]:
        try:
            mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)
        except OSError:
            got["proc"] = False


def drop_rights(spec, got):
    if os.geteuid() == 0 and spec["uid"]:
        os.setgroups([])
        os.setgid(spec["gid"])
        os.setuid(spec["uid"])
    got["user"] = os.geteuid() != 0
    if LINUX:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def limit(spec):
    for name, value in spec["limits"].items():
        which = getattr(resource, "RLIMIT_" + name, None)
        if which is None:
            continue
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(which, (value, value))
        except (ValueError, OSError):
            pass
    try:
        write("/proc/self/oom_score_adj", "1000")
    except OSError:
        pass


def narrow(spec):
    """What a perturbed run is told of its machine: how many processors, which process ids are taken."""
    os.umask(spec.get("umask", 0o022))
    if spec.get("cpus") and hasattr(os, "sched_setaffinity"):
        try:
            os.sched_setaffinity(0, spec["cpus"])
        except OSError:
            pass  # taken away in the meantime; what the command is shown stands
    for _ in range(spec.get("pids", 0)):
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)


def run_command(spec):
    """Replaces this process with the command; exit 127 where it cannot be started, as a shell says it."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    name, error = spec["argv"][0], OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    # No os.execvpe: it imports, and our own standard library may be out of reach of the unprivileged user by now.
    candidates = [name] if "/" in name else [folder + "/" + name for folder in spec["env"]["PATH"].split(":")]
    try:
        os.chdir(spec["cwd"])
        for candidate in candidates:
            try:
                os.execve(candidate, spec["argv"], spec["env"])
            except FileNotFoundError:
                continue
        raise error
    except OSError as caught:
        error = caught
    os.write(2, ("cannot start %s: %s\n" % (name, error.strerror)).encode())
    os._exit(126 if error.errno == errno.EACCES else 127)


def descendants(root):
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, "rb") as handle:
                    stat = handle.read()
            except OSError:
                continue
            parent = int(stat[stat.rindex(b")") + 2 :].split()[1])
            children.setdefault(parent, []).append(int(name))
    found, queue = [], [root]
    while queue:
        for child in children.get(queue.pop(), []):
            found.append(child)
            queue.append(child)
    return found


def end_descendants():
    """Ends everything below this process: all are stopped first, so that none can start another, then killed."""
    if not os.path.isdir("/proc/self"):
        return
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        alive, before = descendants(os.getpid()), None
        while alive != before and time.monotonic() < deadline:
            signal_all(alive, signal.SIGSTOP)
            before, alive = alive, descendants(os.getpid())
        signal_all(alive, signal.SIGKILL)
        reap()
        if not descendants(os.getpid()):
            return
        time.sleep(0.01)


def signal_all(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass


def reap():
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return
        except ChildProcessError:
            return


def supervise(child):
    """Waits for the command, reaping whatever else is handed to us, and returns its wait status."""
    while True:
        pid, status = os.wait()
        if pid == child:
            return status


def init(spec, got, status_fd):
    """The first process of the box: starts the command, reaps orphans, ends with it; the kernel then kills the rest."""
    if LINUX:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    private_proc(got)
    limit(spec)
    drop_rights(spec, got)
    if LINUX:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # changing the user clears it
    os.write(status_fd, (json.dumps(got) + "\n").encode())
    narrow(spec)
    child = os.fork()
    if child == 0:
        os.close(status_fd)
        run_command(spec)
    status = supervise(child)
    os.write(status_fd, (json.dumps({"status": status}) + "\n").encode())
    os._exit(0)


def main():
    with os.fdopen(int(sys.argv[1]), "r") as handle:
        spec = json.load(handle)
    status_fd = os.open(spec["status"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.set_inheritable(status_fd, False)
    got = {"namespaces": False, "processes": False, "network_off": False, "files": False, "user": False, "proc": True, "why": ""}
    if LINUX:
        # not SIGKILL: when readiness dies, what the command started still has to be ended
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.umask(0o022)
    enter_namespaces(spec, got)
    shape_files(spec, got)
    if spec.get("root") and not got["files"]:
        sys.exit("another root needs namespaces (%s)" % (got["why"] or "none here"))
    first = os.fork()
    if first == 0:
        init(spec, got, status_fd)
    stop = lambda *_: os.kill(first, signal.SIGKILL)
    signal.signal(signal.SIGTERM, stop)
    try:
        os.waitpid(first, 0)
    except OSError:
        pass
    if not got["processes"]:
        end_descendants()


if __name__ == "__main__":
    main()
