"""Generates a client from the document of the API, and uploads, waits and asks with it.

Usage: client.py SERVER
"""

import io
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from server import PATIENCE, running_server

NAME = "sluice_client"


def generate(address, folder):
    """Writes the client; fails if the generator has anything to say against the document."""
    document = Path(folder, "openapi.json")
    with urllib.request.urlopen(f"{address}/openapi.json") as answer:
        document.write_bytes(answer.read())
    tools = Path(sys.executable).parent
    # The generator looks for its formatter there.
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    subprocess.run(
        [tools / "openapi-python-client", "generate", "--path", document, "--meta", "none", "--fail-on-warning"]
        + ["--output-path", Path(folder, NAME)],
        env=environment,
        check=True,
    )


def drive(address):
    from sluice_client import Client
    from sluice_client.api.ingest import ingest
    from sluice_client.api.jobs import get_job
    from sluice_client.api.query import ask
    from sluice_client.models import IngestForm, JobStatus, Metadata, Query
    from sluice_client.types import File

    client = Client(base_url=address, raise_on_unexpected_status=True)
    metadata = Metadata.from_dict({"source": "contract"})
    file = File(io.BytesIO(b"Leases end after thirty seconds."), "leases.txt", "text/plain")
    summary = ingest.sync(client=client, body=IngestForm(file=[file], metadata=metadata))
    print(f"uploaded: job {summary.job_id} is {summary.status}")

    deadline = time.monotonic() + PATIENCE
    job = get_job.sync(summary.job_id, client=client)
    while job.status in (JobStatus.PENDING, JobStatus.RUNNING):
        assert time.monotonic() < deadline, f"the job is still {job.status}"
        time.sleep(0.05)
        job = get_job.sync(summary.job_id, client=client)
    assert job.status == JobStatus.COMPLETED, job.error_message
    assert job.metadata["source"] == "contract", job.metadata
    print(f"waited: {job.message}, {job.chunks_created} chunk")

    answer = ask.sync(client=client, body=Query(question="When does a lease end?", max_chunks=3))
    assert answer.sources[0].document_id == job.document_id, answer
    print(f"asked: {answer.answer}")


def main(program):
    with running_server(program) as address, tempfile.TemporaryDirectory() as folder:
        generate(address, folder)
        sys.path.insert(0, folder)
        drive(address)


if __name__ == "__main__":
    main(sys.argv[1])
