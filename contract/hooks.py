"""What Schemathesis cannot read in the document: formats of our own, and rules that join two fields."""

import atexit
import json
import os
from collections import Counter
from pathlib import Path

import jsonschema_rs
import schemathesis
from hypothesis import strategies as st

METADATA = st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=10),
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(st.characters(codec="utf-8"), max_size=20),
    max_size=3,
)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200)

# Metadata in a form: a JSON object as text.
schemathesis.openapi.format("json-object", METADATA.map(json.dumps))
# A file: bytes of a kind that Sluice reads, with something in it.
schemathesis.openapi.format("binary", WORDS.map(lambda text: f"A file. {text}".encode()))


# The calls that act on many jobs want to be told which: by a filter, by ids, or both.
BULK = {"cancel_jobs", "retry_jobs", "delete_jobs", "delete_jobs_by_form"}
SAYING = ["status", "job_type", "attention", "warnings", "error_code", "q", "since", "until", "id", "ids"]
SAYING_NOTHING = (None, False, "", "false", "0", "no", "off", [])


def says_which(fields):
    if not isinstance(fields, dict):
        return False
    values = [fields.get(name) for name in SAYING]
    return any((value.strip() if isinstance(value, str) else value) not in SAYING_NOTHING for value in values)


# Jobs and documents that are there.
KNOWN_IDS = json.loads(os.environ.get("KNOWN_IDS", "{}"))


def name_something_that_is_there(case):
    """Three of four valid ids become those of something; the others stay as they are, and are unknown."""
    known = KNOWN_IDS.get(case.path.split("/")[1], [])
    given = (case.path_parameters or {}).get("id")
    if known and given is not None:
        number = sum(str(given).encode())
        if number % 4:
            case.path_parameters = {**case.path_parameters, "id": known[number // 4 % len(known)]}


# Fields of a form that are texts, whatever is sent in them.
TEXTS = {"text_content", "file_path", "password", "callback_url"}


def is_right_once_sent(case):
    """Whether a form is right as the server reads it: every file is some bytes, and such fields are texts."""
    sent = dict(case.body)
    if isinstance(sent.get("file"), list):
        sent["file"] = ["bytes" for _ in sent["file"]]
    for name in TEXTS & sent.keys():
        sent[name] = str(sent[name])
    schema = case.operation.get_body_for_media_type(case.media_type).optimized_schema
    return jsonschema_rs.validator_for(schema).is_valid(sent)


@schemathesis.hook
def filter_case(context, case):
    """Leaves out wrong forms that are right once they are sent.

    Schemathesis leaves them out by itself, but not where the form has a file, too.
    """
    if case.meta is None or case.media_type != "multipart/form-data" or not isinstance(case.body, dict):
        return True
    return case.meta.generation.mode.is_positive or not is_right_once_sent(case)


@schemathesis.hook
def map_case(context, case):
    """Makes valid requests keep the rules that no schema can say: they join two fields, or query and body."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return case
    body = case.body
    if isinstance(body, dict):
        overlap = body.get("chunk_overlap")
        if isinstance(overlap, (int, float)):
            size = body.get("chunk_size")
            body["chunk_overlap"] = min(overlap, (1000 if size is None else size) // 2)
        # No pattern can tell a host that may be called.
        if body.get("callback_url"):
            body["callback_url"] = "http://127.0.0.1:9/"
    name_something_that_is_there(case)
    if case.operation.definition.raw["operationId"] in BULK and not says_which(case.query) and not says_which(body):
        case.query = {**(case.query or {}), "status": "failed"}
    return case


@schemathesis.check
def problem_code_is_documented(ctx, response, case):
    """A Problem has one of the codes that the document names for its status."""
    media_type = response.headers.get("content-type", [""])[0]
    if media_type != "application/problem+json":
        return
    answers = case.operation.definition.raw["responses"]
    answer = answers.get(str(response.status_code))
    if answer is None:
        return  # another check says so
    problem = response.json()
    assert problem["status"] == response.status_code, "the status of the Problem is not that of the answer"
    codes = answer["content"][media_type]["examples"]
    assert problem["code"] in codes, f"the code {problem['code']} is not among {', '.join(codes)}"


STATUSES = Counter()


@schemathesis.hook
def after_call(context, case, response):
    """Counts every answer, for the summary."""
    STATUSES[response.status_code] += 1


@atexit.register
def tell_statuses():
    if path := os.environ.get("STATUSES"):
        Path(path).write_text(json.dumps(STATUSES))
