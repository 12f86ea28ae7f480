"""Asks the server what its document says can be asked, and what cannot, and holds the answers to the document.

Usage: fuzz.py SERVER [OPTIONS OF SCHEMATHESIS…]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import requests

from server import running_server

FOLDER = Path(__file__).parent

# Callbacks are taken; nobody listens where they lead.
WEBHOOKS = ("--webhook-secrets", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "--webhook-networks", "127.0.0.0/8")

# Fewer would try too little of what there is.
LEAST_REQUESTS = 20_000

# Each with a server of its own, all at the same time. The calls that change or delete for all are apart: in a queue
# that is paused nothing that waits for a job ends, and what is deleted cannot be shown. Each part is one thread,
# because two of them trip over a fault of Python's parser (gh-106905).
CHANGING = "^(delete_|change_queue|get_queue)"
PARTS = {
    "ingest": ["--include-tag", "ingest"],
    "changing": ["--include-operation-id-regex", CHANGING],
    "others": ["--exclude-tag", "ingest", "--exclude-operation-id-regex", CHANGING],
}


def fill(address):
    """Ingests something; returns the ids of jobs and documents, so that not only unknown ones are asked for."""
    messages = [{"text": f"Message {number} of those that are there."} for number in range(200)]
    requests.post(f"{address}/ingest/batch?sync=true", json={"messages": messages}).raise_for_status()
    for number in range(20):
        file = (f"{number}.txt", f"File {number} of those that are there.".encode())
        requests.post(f"{address}/ingest/file", files={"file": file}).raise_for_status()
    jobs = requests.get(f"{address}/jobs?limit=1000").json()["jobs"]
    documents = requests.get(f"{address}/documents?limit=1000").json()["documents"]
    return {
        "jobs": [job["job_id"] for job in jobs],
        "documents": [document["document_id"] for document in documents],
    }


class Part:
    """Schemathesis at work on some of the calls."""

    def __init__(self, name, address, folder, options):
        self.name = name
        self.report, self.statuses = Path(folder, f"{name}.json"), Path(folder, f"{name}-statuses.json")
        self.log = Path(folder, f"{name}.log")
        command = [Path(sys.executable).with_name("st"), "--config-file", FOLDER / "schemathesis.toml", "run"]
        command += [f"{address}/openapi.json", "--report-json-path", self.report, *PARTS[name], *options]
        environment = {**os.environ, "STATUSES": str(self.statuses), "PYTHONPATH": str(FOLDER)}
        environment["KNOWN_IDS"] = json.dumps(fill(address))
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)

    def wait(self):
        """Returns whether it was content; shows what it said if not."""
        content = self.process.wait() == 0
        if not content:
            print(self.log.read_text())
        return content


def main(program, options):
    started = time.monotonic()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        addresses = {name: stack.enter_context(running_server(program, *WEBHOOKS)) for name in PARTS}
        parts = [Part(name, address, folder, options) for name, address in addresses.items()]
        content = [part.wait() for part in parts]
        reports = [json.loads(part.report.read_text()) for part in parts]
        statuses = sum((Counter(json.loads(part.statuses.read_text())) for part in parts), Counter())
    show(reports, statuses, time.monotonic() - started)
    requests = statuses.total()
    if not options and requests < LEAST_REQUESTS:
        sys.exit(f"Only {requests} requests were made; at least {LEAST_REQUESTS} should be.")
    if not all(content) or any(status.startswith("5") for status in statuses):
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
