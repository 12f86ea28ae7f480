"""A server of its own for a check: on a free port of this machine, with an empty data folder."""

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

PATIENCE = 60


@contextmanager
def running_server(program, *flags, folder=None):
    """Yields the address of a server, on a data folder of its own unless one is given, and stops it afterwards."""
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="sluice-contract-") as own:
            with running_server(program, *flags, folder=own) as address:
                yield address
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [program, "--addr", f"127.0.0.1:{port}", "--data-dir", folder, "--log", "warn"]
    # Nothing of this machine's settings is to count.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
    process = subprocess.Popen([*command, "--min-free-disk", "0", *flags], cwd=folder, env=clean)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_it_answers(process, address)
        yield address
        if process.poll() is not None:
            raise SystemExit(f"the server ended by itself with {process.returncode}")
    finally:
        process.terminate()
        process.wait(PATIENCE)


def wait_until_it_answers(process, address):
    """Returns once the server is healthy."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health") as answer:
                if json.load(answer)["status"] == "healthy":
                    return
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.05)
    raise SystemExit("the server did not come up")
