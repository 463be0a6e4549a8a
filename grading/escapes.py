"""What sandbox.prove() tries, inside and outside: `python -I escapes.py TARGETS FD` writes as JSON what it reached."""

import contextlib
import itertools
import json
import mmap
import os
import socket
import sys
import threading
from pathlib import Path


def network(port: int):
    socket.create_connection(("127.0.0.1", port), 1).close()


def abstract_socket(token: str):
    with socket.socket(socket.AF_UNIX) as found:
        found.connect(f"\0{token}")


def names_of_machines():
    socket.getaddrinfo("localhost", 80)


def environment(token: str):
    texts = [" ".join(os.environ.values()).encode()]
    for file in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            texts.append(file.read_bytes())
    assert any(token.encode() in text for text in texts)


def processes_outside(command: str):
    files = Path("/proc").glob("[0-9]*/cmdline")
    assert any(text == command for text in map(text_of, files))


def text_of(file: Path) -> str:
    with contextlib.suppress(OSError):
        return file.read_text(errors="replace")
    return ""


def written_folder(folder: str):
    assert Path(folder).is_dir()
    Path(folder, f"written-{os.getpid()}").write_text("x")  # not to be refused because it is another's


def memory(size: int):
    mmap.mmap(-1, size).close()


def many_processes(number: int):
    done = threading.Event()
    threads = [threading.Thread(target=done.wait) for _ in range(number)]
    try:
        for thread in threads:
            thread.start()
    finally:
        done.set()


def large_file(size: int):
    name = next(name for name in map("large-{}".format, itertools.count()) if not os.path.exists(name))
    with open(name, "wb") as file:
        file.seek(size)
        file.write(b"x")


def attempts(targets: dict):
    for file in targets["files"]:
        yield f"the file {file}", Path(file).read_text
    yield "the network", lambda: network(targets["port"])
    yield "a socket without a file", lambda: abstract_socket(targets["token"])
    yield "the names of machines", names_of_machines
    yield "the environment", lambda: environment(targets["token"])
    yield "the processes outside", lambda: processes_outside(targets["process"])
    yield "writing to a folder that it may read", lambda: written_folder(targets["folder"])
    yield "more memory than its limit", lambda: memory(targets["memory"])
    yield "more processes than its limit", lambda: many_processes(targets["processes"])
    yield "larger files than its limit", lambda: large_file(targets["file_size"])


def reaches(attempt) -> bool:
    try:
        attempt()
    except (OSError, RuntimeError, MemoryError, AssertionError):
        return False
    return True


if __name__ == "__main__":
    reached = {name: reaches(attempt) for name, attempt in attempts(json.loads(sys.argv[1]))}
    os.write(int(sys.argv[2]), json.dumps(reached).encode())
