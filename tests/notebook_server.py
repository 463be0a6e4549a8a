"""A Jupyter server for the length of a test, on localhost."""

import contextlib
import json
import os
import subprocess
import time
import urllib.request
from pathlib import Path

from course import lab

TOKEN = "of-a-test"


@contextlib.contextmanager
def server(folder: Path, runtime: Path):
    """JupyterLab in the workspace `folder`, as `make lab` starts it; gives its address, and stops it at the end."""
    port = ["--ServerApp.port=0", f"--IdentityProvider.token={TOKEN}"]
    command = lab.command("--no-browser", "--allow-root", *port)
    environment = os.environ | lab.environment(folder)
    environment |= {"JUPYTER_RUNTIME_DIR": str(runtime), "JUPYTER_CONFIG_DIR": str(runtime / "config")}
    log = runtime / "server.log"
    runtime.mkdir(parents=True, exist_ok=True)
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=file, stderr=subprocess.STDOUT)
        try:
            yield address(process, runtime, log)
        finally:
            process.terminate()
            process.wait(20)


def address(process, runtime: Path, log: Path) -> str:
    """Where it answers: it notes its port a moment before it is ready."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        for note in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(ValueError, KeyError, OSError):  # half written, or not listening yet
                url = json.loads(note.read_text())["url"].rstrip("/")
                urllib.request.urlopen(f"{url}/api", timeout=10).close()
                return url
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError("the server did not start:\n" + log.read_text())
