"""Runs what the document of the first API shows, unchanged: its curl lines and its Python example.

Usage: seed_client.py SERVER
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import requests

from server import running_server

DOCUMENT = Path(__file__).with_name("async-ingestion-system.md")

# The one job that the document names; no server has it.
UNKNOWN_JOB = "550e8400-e29b-41d4-a716-446655440000"

SUMMARY = {"job_id", "job_type", "status", "created_at", "message"}
STATISTICS = {"total_jobs", "pending", "running", "completed", "failed", "cancelled", "total_chunks_created"}


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)


def curl_lines():
    """Each call of curl in the document, as it stands there."""
    commands = "".join(block for block in blocks("bash")).replace("\n\n", "\n")
    return [line for line in re.split(r"(?m)^(?=curl |#|pip |python )", commands) if line.startswith("curl ")]


def run_curl(line, home):
    """Runs a line in a shell; returns the status and the JSON of the answer."""
    result = subprocess.run(
        ["bash", "-c", line], env={**os.environ, "CURL_HOME": home}, capture_output=True, text=True, check=True
    )
    body, status = result.stdout.rsplit("\n", 1)
    return int(status), json.loads(body)


def check_curl_lines(address):
    lines = curl_lines()
    assert len(lines) >= 12, f"the document has {len(lines)} lines with curl"
    with tempfile.TemporaryDirectory() as home:
        # The lines name port 8011; curl is told where that is.
        settings = [
            f'connect-to = "localhost:8011:{urlsplit(address).netloc}"',
            'write-out = "\\n%{http_code}"',
            "silent",
        ]
        Path(home, ".curlrc").write_text("\n".join(settings))
        for line in lines:
            status, answer = run_curl(line, home)
            print(f"{status}  {' '.join(line.split())[:110]}")
            check_answer(line, status, answer)


def check_answer(line, status, answer):
    if UNKNOWN_JOB in line:
        assert (status, answer["code"]) == (404, "job_not_found"), answer
        return
    assert status == 200, answer
    if "/ingest" in line:
        assert SUMMARY <= answer.keys(), answer
        waited = "sync=true" in line
        assert answer["status"] == ("completed" if waited else "pending"), answer
    elif "/jobs/stats" in line:
        assert STATISTICS <= answer.keys() and answer["total_jobs"] > 0, answer
    else:
        assert answer["jobs"] or "status=running" in line, answer


class RequestsWithHost:
    """`requests`, for an example that names only paths."""

    def __init__(self, address):
        self.address = address

    def post(self, path, **options):
        return self.answer(requests.post(self.address + path, **options))

    def get(self, path, **options):
        return self.answer(requests.get(self.address + path, **options))

    @staticmethod
    def answer(response):
        response.raise_for_status()
        return response


def check_python_example(address):
    (example,) = blocks("python")
    said = []
    names = {
        "requests": RequestsWithHost(address),
        "time": time,
        "text": "A text that is sent both ways.",
        "print": said.append,
    }
    exec(compile(example, DOCUMENT.name, "exec"), names)
    assert said == ["Created 1 chunks", "Created 1 chunks"], said
    print("The Python example says:", *said, sep="\n  ")


def main(program):
    with running_server(program) as address:
        check_curl_lines(address)
        check_python_example(address)


if __name__ == "__main__":
    main(sys.argv[1])
