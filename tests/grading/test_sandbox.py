"""The sandbox: each wall and limit, what attacks processes, and the same through a notebook's kernel."""

import ast
import importlib.util
import itertools
import os
import secrets
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from bubblewrap import needs_bubblewrap, needs_linux
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course.plan import ROOT
from grading import preprocessors, provisioner, sandbox
from grading.sandbox import MB, Limits, SandboxError
from grading.worth_running import worth_running

SHORT = Limits(
    wall_seconds=20, cpu_seconds=10, memory=600 * MB, processes=20, file_size=4 * MB, disk=8 * MB, output=8 * MB
)
SAY = """
import ctypes, errno, importlib.util, os, signal, socket, subprocess, sys, threading, time
def say(what): os.write({fd}, (repr(what) + "\\n").encode())
def tried(action, *args):
    try: return action(*args)
    except BaseException as error: return type(error).__name__
"""


def ran(code: str, limits: Limits = SHORT, folders=(), sandboxed: bool = True):
    """What `code` said, and how it ended; nothing of it is left."""
    mark = f"mark-{secrets.token_hex(8)}"
    argv = [sandbox.PYTHON, "-IBc", f"{SAY}\n{textwrap.dedent(code)}\n# {mark}"]
    outcome = sandbox.run(argv, dict(folders), limits, sandboxed)
    assert not running(mark), "something of it still runs"
    lines = outcome.answers.decode(errors="replace").splitlines()
    return [ast.literal_eval(line) for line in lines if line[:1] in "[({'\"-0123456789TFN"], outcome


def running(mark: str) -> list:
    """Processes with `mark` in their command line; the kernel may need a moment to bury them."""
    for _ in range(40):
        found = [
            process for process in psutil.process_iter(["cmdline"]) if mark in " ".join(process.info["cmdline"] or ())
        ]
        if not found:
            break
        time.sleep(0.05)
    return found


# -- the proof ---------------------------------------------------------------------------------------------------------


@needs_bubblewrap
def test_isolation_is_proved(tmp_path):
    sandbox.prove(tmp_path)
    assert not list(tmp_path.iterdir())


def without(wall: str):
    return lambda line: [part for part in line if part != wall]


def with_course(line: list[str]) -> list[str]:
    at = line.index("/dev", line.index("/dev/shm")) - 1  # behind /tmp, where this repository may lie
    made = {"/", *(part for before, part in itertools.pairwise(line) if before in ("--dir", "--tmpfs"))}
    return [*line[:at], *sandbox._parents(str(ROOT), made), "--ro-bind", str(ROOT), str(ROOT), *line[at:]]


def with_writable_folders(line: list[str]) -> list[str]:
    at = line.index("/shared")
    return [*line[: at - 2], "--bind", *line[at - 1 :]]


HOLES = {
    "the network": without("--unshare-net"),
    "the processes outside": without("--unshare-pid"),
    "the file": with_course,
    "writing to a folder": with_writable_folders,
    "more memory": without(f"--as={Limits.memory}"),
    "more processes": without(f"--nproc={Limits.processes}"),
    "larger files": without(f"--fsize={Limits.file_size}"),
}


@needs_bubblewrap
@pytest.mark.parametrize("what", HOLES)
def test_the_proof_notices_a_missing_wall(what, monkeypatch):
    command = sandbox.command
    monkeypatch.setattr(sandbox, "command", lambda *args: HOLES[what](command(*args)))
    with pytest.raises(SandboxError, match=f"not isolated.*{what}"):
        sandbox.prove()


@needs_bubblewrap
def test_the_proof_notices_a_leaking_environment(monkeypatch):
    popen, command = subprocess.Popen, sandbox.command
    monkeypatch.setattr(sandbox, "command", lambda *args: without("--clearenv")(command(*args)))
    monkeypatch.setattr(sandbox.subprocess, "Popen", lambda *args, env=None, **rest: popen(*args, **rest))
    with pytest.raises(SandboxError, match="the environment"):
        sandbox.prove()


@needs_bubblewrap
def test_the_proof_fails_where_it_would_prove_nothing(monkeypatch):
    monkeypatch.setattr(socket.socket, "listen", lambda self: None)
    with pytest.raises(SandboxError, match=r"cannot be proved.*the network"):
        sandbox.prove()


@needs_linux
def test_without_bubblewrap_nothing_runs(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda *args, **options: None)
    with pytest.raises(SandboxError, match="bubblewrap is not installed"):
        sandbox.prove()


@needs_linux
def test_unsandboxed_the_same_command_runs_on_links(tmp_path):
    (tmp_path / "given").write_text("here")
    code = "import pathlib; say(pathlib.Path(sys.argv[1]).read_text())"
    argv = [sandbox.PYTHON, "-IBc", SAY + code, "{root}/folder/given"]
    assert sandbox.run(argv, {"/folder": tmp_path}, SHORT, sandboxed=False).answers == b"'here'\n"
    assert ran("while True: pass", Limits(cpu_seconds=1), sandboxed=False)[1].stopped == "CPU time"


@needs_bubblewrap
@pytest.mark.skipif(getattr(os, "geteuid", int)() != 0, reason="the other tests run as an ordinary user already")
def test_isolation_is_proved_for_an_ordinary_user_too():
    code = "from grading import sandbox; sandbox.prove(); print(sandbox.run(['/usr/bin/id', '-u'], {}).returncode)"
    argv = as_ordinary_user([sys.executable, "-Bc", code])
    done = subprocess.run(argv, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.stdout == "0\n", done.stderr


def as_ordinary_user(argv: list[str]) -> list[str]:
    """`argv` as a user without rights, who also reaches what lies in a folder that only root may enter."""
    walls = ["bwrap", "--dev-bind", "/", "/", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    for path in map(Path, (sys.base_prefix, ROOT)):
        closed = next((parent for parent in reversed(path.parents) if not parent.stat().st_mode & 1), None)
        if closed:
            walls += ["--perms", "0755", "--tmpfs", str(closed)]
            walls += [*sandbox._parents(str(path), set(map(str, closed.parents)) | {str(closed)})]
            walls += ["--ro-bind", str(path), str(path)]
    return [*walls, "--", "setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", *argv]


# -- walls -------------------------------------------------------------------------------------------------------------


@needs_bubblewrap
def test_nothing_is_inherited(monkeypatch):
    monkeypatch.setenv("GRADEBOOK", "secret")
    code = """
        say([n for n in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{n}")])
        say(dict(os.environ))
        say([tried(open, f"/proc/{n}/environ", "rb") for n in os.listdir("/proc") if n.isdigit() and n != str(os.getpid())])
    """
    [descriptors, environment, _], outcome = ran(code)
    assert len(descriptors) == 4 and {"0", "1", "2"} < set(descriptors), outcome
    assert environment.keys() <= sandbox.ENVIRONMENT.keys() | {"PWD", "LC_CTYPE"}
    code = "say([open(f'/proc/{n}/environ').read() for n in os.listdir('/proc') if n.isdigit() and tried(open, f'/proc/{n}/environ') != 'PermissionError'])"
    [environments], _ = ran(code)
    assert environments and not any("GRADEBOOK" in each for each in environments)


@needs_bubblewrap
def test_no_network():
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"""
            say(tried(lambda: socket.create_connection(("127.0.0.1", {server.getsockname()[1]}), 1) and True))
            say(tried(socket.getaddrinfo, "localhost", 80) if "Error" in str(tried(socket.getaddrinfo, "localhost", 80)) or "gaierror" == tried(socket.getaddrinfo, "localhost", 80) else "found")
            say(tried(socket.socket, socket.AF_VSOCK) and "OSError")
            say([line.split(":")[0].strip() for line in open("/proc/net/dev")][2:])
        """
        [connected, names, _, cards], _ = ran(code)
        assert (connected, names, cards) == ("ConnectionRefusedError", "gaierror", ["lo"])
        assert ran(code, sandboxed=False)[0][:2] == [True, "found"]


@needs_bubblewrap
@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "grading/grader.py",
        "modules/08_convolution/08_convolution.ipynb",
        "tinytorch/nn/conv.py",
        "course/lesson.py",
    ],
)
def test_the_course_is_not_there(path):
    code = f"say(os.path.exists({str(ROOT / path)!r}))"
    assert ran(code)[0] == [False]
    assert ran(code, sandboxed=False)[0] == [True]


@needs_bubblewrap
def test_no_gradebook_and_no_notebook_is_anywhere(tmp_path):
    (tmp_path / "gradebook.db").write_text("grades")
    tmp_path.chmod(0o755)
    code = """
        found = []
        for folder, folders, names in os.walk("/"):
            folders[:] = [name for name in folders if os.path.join(folder, name) not in ("/proc", "/usr", sys.base_prefix)]
            found += names
        say("gradebook.db" in found or any(name.endswith(".ipynb") for name in found))
    """
    assert ran(code)[0] == [False]
    assert ran(code, folders={"/given": tmp_path})[0] == [True]


@needs_bubblewrap
def test_it_writes_to_its_own_memory_only(tmp_path):
    tmp_path.chmod(0o777)
    code = """
        mounts = [line.split() for line in open("/proc/self/mounts")]
        say([name for _, name, _, options, *_ in mounts if options.startswith("rw") and os.path.isdir(name)])
        say(tried(open, "/given/file", "w"))
        say(tried(open, "/proc/sys/kernel/core_pattern", "w"))
        say(open("/tmp/file", "w").write("x"))
    """
    [folders, given, setting, own], _ = ran(code, folders={"/given": tmp_path})
    assert set(folders) == {"/tmp", "/dev/shm", "/proc", "/dev/pts"} and own == 1
    assert given == "OSError" and setting in ("OSError", "PermissionError")
    assert not list(tmp_path.iterdir())


@needs_bubblewrap
def test_it_has_no_rights():
    code = "say({line.split(':')[0]: line.split()[1] for line in open('/proc/self/status') if ':' in line and line.split()[1:]})"
    [status], _ = ran(code)
    assert status["Uid"] != "0"
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"


CALLS = {
    "memfd_create": "os.memfd_create('x')",
    "unshare": "ctypes.CDLL(None, use_errno=True).unshare(0x10000000)",
    "shmget": "ctypes.CDLL(None, use_errno=True).shmget(0, 4096, 0o1600)",
    "ptrace": "ctypes.CDLL(None, use_errno=True).ptrace(0, 0, 0, 0)",
    "socket": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
}


@needs_bubblewrap
@pytest.mark.parametrize("name", CALLS)
def test_system_calls_that_no_limit_counts_are_refused(name):
    code = f"say(tried(lambda: {CALLS[name]} != -1) is True)"
    assert ran(code)[0] == [False]
    if name not in ("unshare",):  # which containers may refuse, too
        assert ran(code, sandboxed=False)[0] == [True]


@needs_bubblewrap
@pytest.mark.parametrize("name", ["torch", "course", "tinytorch", "nbgrader", "sklearn", "pip"])
def test_only_numpy_scipy_and_numba_can_be_imported(name):
    names = ("numpy", "scipy", "numba", name)
    code = f"sys.path.insert(0, '/site'); say([importlib.util.find_spec(name) is not None for name in {names}])"
    assert ran(code)[0] == [[True, True, bool(importlib.util.find_spec("numba")), False]]


# -- limits ------------------------------------------------------------------------------------------------------------


@needs_bubblewrap
def test_memory_of_one_process():
    code = "say(type(tried(bytearray, {} * 2**20)).__name__)"
    assert ran(code.format(1000))[0] == ["str"]
    assert ran(code.format(100))[0] == ["bytearray"]


EATERS = """
import os, time
for _ in range({}):
    if not os.fork():
        held = b"x" * (60 * 2**20)
        time.sleep(5)
        os._exit(0)
time.sleep(8)
"""


@needs_bubblewrap
def test_memory_of_all_processes_together():
    limits = Limits(memory=300 * MB)
    assert ran(EATERS.format(8), limits)[1].stopped == "memory"
    assert ran(EATERS.format(2), limits)[1].stopped is None


@needs_bubblewrap
def test_a_fork_bomb():
    code = """
        number = 0
        while tried(os.fork) != "BlockingIOError":
            number += 1
            if number > 3 * 20: break
        if os.getppid() == 1: say(number)
        while True: tried(os.fork)
    """
    said, outcome = ran(code, Limits(wall_seconds=3, processes=20))
    assert outcome.stopped == "wall clock"
    assert said and max(said) < 20


@needs_bubblewrap
def test_threads():
    code = """
        done, number = threading.Event(), 0
        while tried(threading.Thread(target=done.wait).start) is None and number < 100: number += 1
        done.set()
        say(number)
    """
    assert 3 < ran(code)[0][0] < SHORT.processes
    assert ran(code, Limits(processes=50))[0][0] > 40


@needs_bubblewrap
@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
def test_disk(folder):
    code = f"""
        def fill(name, size):
            with open(f"{folder}/{{name}}", "wb", 0) as file:
                for _ in range(size): file.write(bytes(2**20))
        say(tried(fill, "small", 2))
        say(tried(fill, "large", 5))
        say([tried(fill, str(n), 2) for n in range(8)].count("OSError"))
        say(sum(os.path.getsize(f"{folder}/{{n}}") for n in os.listdir("{folder}")))
    """
    [small, large, refused, total], _ = ran(code)
    assert small is None and large == "OSError" and refused and total <= SHORT.disk


@needs_bubblewrap
@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
def test_a_flood_of_empty_files(folder):
    code = f"for n in range({{}}): open(f'{folder}/{{{{n}}}}', 'w').close()\ntime.sleep(1)"
    assert ran(code.format(10**9), Limits(files=1000, wall_seconds=30))[1].stopped == "files"
    assert ran(code.format(500), Limits(files=1000))[1].stopped is None


@needs_bubblewrap
def test_a_flood_of_answers():
    _, outcome = ran("while True: os.write({fd}, bytes(2**20))")
    assert outcome.stopped == "output" and len(outcome.answers) <= SHORT.output + MB


@needs_bubblewrap
def test_a_flood_of_errors_and_prints():
    code = """
        for stream in (1, 2):
            written = 0
            while written < 64 * 2**20:
                try: written += os.write(stream, b"x" * 2**20)
                except OSError: break
            say(written)
    """
    [stdout, stderr], outcome = ran(code)
    assert stdout == 64 * MB  # into nothing
    assert stderr == SHORT.file_size and len(outcome.stderr) <= 4000


@needs_bubblewrap
def test_cpu_time():
    limits = Limits(cpu_seconds=1)
    assert ran("while True: pass", limits)[1].stopped == "CPU time"
    assert ran("signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", limits)[1].stopped == "killed"


@needs_bubblewrap
def test_signals_that_are_ignored():
    code = """
        for number in range(1, 65): tried(signal.signal, number, signal.SIG_IGN)
        say("ready")
        while True: tried(time.sleep, 1)
    """
    said, outcome = ran(code, Limits(wall_seconds=2))
    assert said == ["ready"] and outcome.stopped == "wall clock"


@needs_bubblewrap
def test_an_end_without_goodbye():
    said, outcome = ran("say('kept'); os._exit(3)")
    assert (said, outcome.returncode, outcome.stopped) == (["kept"], 3, None)


@needs_bubblewrap
def test_orphans_that_hold_the_answers_open():
    code = """
        if not os.fork():
            os.setsid()
            for number in range(1, 65): tried(signal.signal, number, signal.SIG_IGN)
            if not os.fork(): time.sleep(60)
            time.sleep(60)
        say("gone")
    """
    said, outcome = ran(code)
    assert said == ["gone"] and outcome.seconds < 50 and outcome.stopped is None


@needs_bubblewrap
def test_closed_answers_do_not_stop_the_clock():
    assert ran("os.close({fd})\ntime.sleep(60)", Limits(wall_seconds=1))[1].stopped == "wall clock"


@needs_bubblewrap
def test_the_parent_cannot_be_stopped():
    code = """
        say([tried(os.kill, pid, number) for pid in (os.getppid(), 1) for number in (signal.SIGSTOP, signal.SIGKILL)])
        say(sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))
    """
    [killed, seen], outcome = ran(code)
    assert set(killed) <= {None, "PermissionError"} and outcome.returncode == 0
    assert len(seen) == 2  # the first process inside, and this one
    _, outcome = ran("tried(os.kill, -1, signal.SIGSTOP); os.kill(os.getpid(), signal.SIGSTOP)", Limits(wall_seconds=1))
    assert outcome.stopped == "wall clock"


@needs_bubblewrap
def test_the_sandbox_dies_with_the_grader():
    mark = f"mark-{secrets.token_hex(8)}"
    code = f"from grading import sandbox; sandbox.run([sandbox.PYTHON, '-c', 'import time; time.sleep(60)  # {mark}'], {{}})"
    grader = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    while len(psutil.Process(grader.pid).children(recursive=True)) < 3 and grader.poll() is None:
        time.sleep(0.05)
    assert running(mark)
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    assert not running(mark)


# -- the notebook's kernel ---------------------------------------------------------------------------------------------


def executed(*sources: str, **options):
    """The cells of a student's notebook of lesson 08 after nbgrader ran it; what remains of them is a sound notebook."""
    nb = new_notebook(cells=[new_code_cell(source, metadata={"added": True}) for source in sources])
    resources = {"nbgrader": {"assignment": "08_convolution"}}
    steps = preprocessors.SandboxedExecute(**options), preprocessors.CapOutput()
    for step in steps:
        nb, resources = step.preprocess(nb, resources)
    nbformat.validate(nb)
    nbformat.writes(nb).encode()
    return nb.cells


def shown(cell) -> str:
    return "".join(output.get("text", "") or output.get("evalue", "") for output in cell.outputs)


@needs_bubblewrap
def test_a_kernel_runs_the_students_cells_behind_the_walls(monkeypatch):
    monkeypatch.setenv("GRADEBOOK", "secret")
    look = f"import os, socket; print(os.path.exists({str(ROOT)!r}), 'GRADEBOOK' in os.environ, os.getuid() == {os.getuid()})"
    build = "from tinytorch import nn, ones; print(nn.Linear(2, 3)(ones(1, 2)).shape)"
    later = "import importlib.util as u; print([n for n in ('tinytorch.nn.conv', 'tinytorch.nn.norm', 'torch', 'sklearn') if u.find_spec(n)])"
    with socket.create_server(("127.0.0.1", 0)) as server:
        call = f"socket.create_connection({server.getsockname()})"
        cells = executed(look, build, later, call, "from course import begin; begin('08_convolution')")
    assert shown(cells[0]) == f"False False {os.geteuid() != 0}\n"
    assert shown(cells[1]) == "torch.Size([1, 3])\n"
    assert shown(cells[2]) == "['sklearn']\n"
    assert "refused" in shown(cells[3])
    assert "being graded" in shown(cells[4])


ENDS = {
    "dies": ("import os; os._exit(1)", "the kernel died"),
    "hangs": ("import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass", "it took too long"),
    "floods": ("while True: print('x' * 10**6)", "the kernel passed a limit (output)"),
    "sends a giant": ("print('x' * 10**8)", ""),
    "eats memory": (EATERS.format(8), "the kernel passed a limit (memory)"),
    "lies": (
        "k = get_ipython().kernel\nk.session.send(k.iopub_socket, 'stream', {'no': 'text'}, parent=k.get_parent())",
        "the kernel sent what no kernel sends",
    ),
}  # fmt: skip


@needs_bubblewrap
@pytest.mark.parametrize("how", ENDS)
def test_a_kernel_that_ends_costs_its_own_cells_only(how, monkeypatch):
    source, why = ENDS[how]
    if how == "eats memory":
        monkeypatch.setattr(provisioner, "NOTEBOOK_LIMITS", Limits(memory=600 * MB))
    seconds = 5 if how == "hangs" else 300  # a busy machine takes long to reach the other limits
    before, cell, after = executed("print('before')", source, "print('after')", timeout=seconds)
    assert shown(before) == "before\n"
    stopped = cell if cell.outputs or how != "sends a giant" else after  # a cell may be over before its output is read
    assert stopped.outputs[-1].ename == "Stopped" and why in stopped.outputs[-1].evalue, stopped.outputs[-1]
    assert stopped is after or after.outputs == [preprocessors.NOT_RUN]
    assert len(nbformat.writes(new_notebook(cells=[cell]))) < 2 * MB


@needs_bubblewrap
def test_a_notebook_has_a_limit_too():
    cells = executed(*["import time; time.sleep(3)"] * 4, notebook_timeout=5)
    assert cells[-1].outputs == [preprocessors.NOT_RUN]


def test_outputs_are_capped_and_rebuilt():
    picture = "iVBORw0KGgo" + "A" * 400_001
    cell = new_code_cell(
        outputs=[
            new_output("stream", name="stdout", text="line\ud800\n"),
            new_output(
                "display_data", data={"text/html": "<script>", "image/svg+xml": "<svg/>", "text/plain": "shown"}
            ),
            new_output("display_data", data={"image/png": 'x" onerror="alert(1)'}),
            new_output("display_data", data={"image/png": picture + "A" * (-len(picture) % 4)}),
            new_output("stream", name="stdout", text="x" * MB),
        ]
    )
    nb, _ = preprocessors.CapOutput().preprocess(new_notebook(cells=[cell]), {})
    first, plain, lie, image, *rest = nb.cells[0].outputs
    assert first.text == "line?\n" and plain.data == {"text/plain": "shown"} and "image/png" not in lie.data
    assert image.data["image/png"].startswith(picture)
    assert len(nbformat.writes(nb).encode()) < 1.1 * MB and rest[-1].text
    nb.cells = [new_code_cell(outputs=[new_output("stream", text="x" * MB)]) for _ in range(20)]
    nb, _ = preprocessors.CapOutput(cell_bytes=MB, notebook_bytes=3 * MB).preprocess(nb, {})
    assert len(nbformat.writes(nb)) < 3.1 * MB


def test_demonstrations_are_not_run():
    cells = [
        new_code_cell("import math\nfar = 3"),
        new_code_cell("%matplotlib inline\nunused = math.pi"),
        new_code_cell("#| export\ndef area(r): return math.pi * r"),
        new_code_cell("for r in range(far): print(area(r))"),
        new_code_cell("x = 2\nassert area(x) < far", metadata={"nbgrader": {"grade": True}}),
        new_code_cell("1 +", metadata={"added": True}),
    ]
    assert [index for index, _ in worth_running(new_notebook(cells=cells))] == [0, 2, 4, 5]
