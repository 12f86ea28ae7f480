"""Asks the server what its document says can be asked, and what cannot, and holds the answers to the document.

Usage: fuzz.py SERVER [OPTIONS OF SCHEMATHESIS…]

With `--seed=NUMBER` the same requests are made each time.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from server import running_server

FOLDER = Path(__file__).parent

# Callbacks are taken; nobody listens where they lead.
WEBHOOKS = ("--webhook-secrets", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "--webhook-networks", "127.0.0.0/8")
# How the server stands to keys, and for how many seconds requests are made up.
RUNS = {
    "without keys": (False, 240),
    "with keys": (True, 120),
}

# Fewer would try too little of what there is.
LEAST_REQUESTS = 20_000

# Each with a server of its own, all at the same time. The calls that change or delete for all are apart: in a queue
# that is paused nothing that waits for a job ends, and what is deleted cannot be shown. Each part is one thread,
# because two of them trip over a fault of Python's parser (gh-106905).
CHANGING = "^(delete_|change_queue|get_queue)"
PARTS = {
    # Schemathesis 4.32 cannot judge the files that it makes up in its phase of coverage.
    "ingest": ["--include-tag", "ingest", "--phases", "fuzzing"],
    "changing": ["--include-operation-id-regex", CHANGING],
    "others": ["--exclude-tag", "ingest", "--exclude-operation-id-regex", CHANGING],
}


@contextmanager
def server_to_ask(program, with_keys):
    """Yields the address of a server, and the headers it wants to see."""
    if not with_keys:
        with running_server(program, *WEBHOOKS) as address:
            yield address, {}
        return
    with tempfile.TemporaryDirectory(prefix="sluice-contract-") as folder:
        create = [program, "keys", "create", "--name", "all", "--scope", "admin", "--json", "--data-dir", folder]
        key = json.loads(subprocess.check_output(create))["key"]
        with running_server(program, "--require-keys", *WEBHOOKS, folder=folder) as address:
            yield address, {"Authorization": f"Bearer {key}"}


def fill(address, headers):
    """Ingests something; returns the ids of jobs and documents, so that not only unknown ones are asked for."""
    session = requests.Session()
    session.headers.update(headers)
    messages = [{"text": f"Message {number} of those that are there."} for number in range(200)]
    session.post(f"{address}/ingest/batch?sync=true", json={"messages": messages}).raise_for_status()
    for number in range(20):
        file = (f"{number}.txt", f"File {number} of those that are there.".encode())
        session.post(f"{address}/ingest/file", files={"file": file}).raise_for_status()
    jobs = session.get(f"{address}/jobs?limit=1000").json()["jobs"]
    documents = session.get(f"{address}/documents?limit=1000").json()["documents"]
    return {
        "jobs": [job["job_id"] for job in jobs],
        "documents": [document["document_id"] for document in documents],
    }


class Part:
    """Schemathesis at work on some of the calls."""

    def __init__(self, name, server, folder, seconds, options):
        address, headers = server
        self.name = name
        self.report, self.statuses = Path(folder, f"{name}.json"), Path(folder, f"{name}-statuses.json")
        self.log = Path(folder, f"{name}.log")
        command = [Path(sys.executable).with_name("st"), "--config-file", FOLDER / "schemathesis.toml", "run"]
        command += [f"{address}/openapi.json", "--report-json-path", self.report, *PARTS[name]]
        command += ["--max-time", str(seconds), *options]
        for header in headers.items():
            command += ["-H", ": ".join(header)]
        environment = {**os.environ, "STATUSES": str(self.statuses), "PYTHONPATH": str(FOLDER)}
        environment["KNOWN_IDS"] = json.dumps(fill(address, headers))
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)

    def wait(self):
        """Returns whether it was content; shows what it said if not."""
        content = self.process.wait() == 0
        if not content:
            print(self.log.read_text())
        return content


def ask(program, with_keys, seconds, options):
    """Returns whether all parts were content, and the statuses of the answers."""
    started = time.monotonic()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        servers = {name: stack.enter_context(server_to_ask(program, with_keys)) for name in PARTS}
        parts = [Part(name, server, folder, seconds, options) for name, server in servers.items()]
        content = [part.wait() for part in parts]
        reports = [json.loads(part.report.read_text()) for part in parts]
        statuses = sum((Counter(json.loads(part.statuses.read_text())) for part in parts), Counter())
    show(reports, statuses, time.monotonic() - started)
    return all(content), statuses


def main(program, options):
    content, statuses = True, Counter()
    for name, (with_keys, seconds) in RUNS.items():
        print(f"--- {name}")
        was_content, answers = ask(program, with_keys, seconds, options)
        content, statuses = content and was_content, statuses + answers
    print(f"--- together {statuses.total()} requests")
    is_whole = all(option.startswith("--seed=") for option in options)
    if is_whole and statuses.total() < LEAST_REQUESTS:
        sys.exit(f"That is too few; there should be {LEAST_REQUESTS}.")
    if not content or any(status.startswith("5") for status in statuses):
        sys.exit("The server and its document do not agree.")


def show(reports, statuses, seconds):
    def total(group, name):
        return sum(report[group][name] for report in reports)

    print(f"requests    {statuses.total()}")
    print(f"operations  {total('operations', 'tested')} of {reports[0]['operations']['total']}")
    print(f"failures    {total('test_cases', 'unique_failures')}")
    print(f"5xx         {sum(count for status, count in statuses.items() if status.startswith('5'))}")
    print(f"seconds     {seconds:.0f}")
    print("statuses    " + ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items())))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
