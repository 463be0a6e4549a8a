"""`torch.profiler` beside lesson 14."""

import os
import socket
import time

__all__ = ["tensorboard_trace_handler"]


def tensorboard_trace_handler(dir_name: str, worker_name: str | None = None, use_gzip: bool = False):
    """For `on_trace_ready`: writes what was recorded into the folder, as a trace that Chrome and Perfetto show."""
    os.makedirs(dir_name, exist_ok=True)

    def handler(prof) -> None:
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        prof.export_chrome_trace(os.path.join(dir_name, f"{worker}.{time.time_ns()}.pt.trace.json"))

    return handler
