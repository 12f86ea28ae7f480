#!/usr/bin/env python3
"""Sends the corpus to a running Sluice, reads the same files with other readers, and compares the words.

    score.py --url http://127.0.0.1:8011 --corpus FOLDER [--json OUT] [--kinds pdf,docx] [--ids a,b] [--texts FOLDER]
"""
import argparse
import csv
import email
import email.policy
import html.parser
import io
import json
import mailbox
import re
import subprocess
import sys
import time
import unicodedata
import urllib.error
import urllib.request
import uuid
import zipfile
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
MANIFEST = HERE / "manifest.tsv"
# A reference with fewer words than this tells nothing about what was lost.
FEW_WORDS = 20


def manifest(path=MANIFEST):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


# Words

# Scripts without spaces between words: every character counts as a word.
SINGLE = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# `\w` knows no combining marks; words of Arabic, Hebrew or Devanagari would fall apart at each.
MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1-\u05c2\u05c4-\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962-\u0963\u0981-\u0983\u09bc-\u09d7\u0b82-\u0bcd"
# A word ends where the direction of its script changes, with or without a space.
LEFTWARD = "\u0590-\u05ff\u0620-\u065f\u066e-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
DIGITS = "0-9\u0660-\u0669\u06f0-\u06f9"
TOKEN = re.compile(
    f"[{SINGLE}]|[{LEFTWARD}](?:[{MARKS}]|[{LEFTWARD}])*|[{DIGITS}]+|"
    f"[^\\W{SINGLE}{LEFTWARD}](?:[{MARKS}]|[^\\W{SINGLE}{LEFTWARD}])*"
)
BROKEN = re.compile(r"(?<=[^\W\d_])[-\u2010\u00ad][ \t]*\r?\n[ \t]*(?=[^\W\d_])")
UNSEEN = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xAD, 0xFEFF, 0x0640, 0x061C]
)


POINTS = dict.fromkeys([*range(0x0591, 0x05BE), 0x05BF, 0x05C1, 0x05C2, 0x05C4, 0x05C5, 0x05C7,
                        *range(0x0610, 0x061B), *range(0x064B, 0x0660), 0x0670, *range(0x06D6, 0x06EE)])


def words(text):
    """The words of a text, with words broken at line ends joined, and without invisible characters and the vowel points
    of Arabic and Hebrew: readers put those at other places, some between words, and a search goes without them."""
    text = BROKEN.sub("", text)
    text = unicodedata.normalize("NFKC", text).translate(UNSEEN).translate(POINTS).casefold()
    return [token for token in TOKEN.findall(text)]


def bag(text):
    return Counter(words(text))


def overlap(ours, theirs):
    """(recall, precision, F1) of two bags of words; where one is empty, None or 0."""
    common = sum((ours & theirs).values())
    recall = common / sum(theirs.values()) if theirs else None
    precision = common / sum(ours.values()) if ours else None
    if recall is None or precision is None:
        return recall, precision, (1.0 if not ours and not theirs else 0.0)
    return recall, precision, 2 * recall * precision / (recall + precision) if common else 0.0



def letters(text):
    """The runs of three letters or digits of a text without its spaces: tells letters that are missing or in
    another order, and says nothing of where words end. Vowel points of Arabic and Hebrew are left out."""
    text = BROKEN.sub("", text)
    text = unicodedata.normalize("NFKC", text).translate(UNSEEN).translate(POINTS).casefold()
    text = "".join(it for it in text if unicodedata.category(it)[0] in "LMN")
    return Counter(text[at:at + 3] for at in range(len(text) - 2))


def directions(ours, theirs):
    """Of our right-to-left words of three letters or more, what share the reference has as they are, and what
    share it has only with the letters in the opposite order."""
    known = {word.translate(POINTS) for word in theirs}
    right, turned_, all_ = 0, 0, 0
    for word, count in ours.items():
        word = word.translate(POINTS)
        if len(word) < 3 or not RIGHT_TO_LEFT.fullmatch(word) or word == word[::-1]:
            continue
        all_ += count
        if word in known:
            right += count
        elif word[::-1] in known:
            turned_ += count
    return {"right": right / all_, "turned": turned_ / all_} if all_ else None


# Readers. Each gives the text, and where there is more than what a plain reader gives (headers, notes,
# text boxes, diagrams), the text with all of it.


def text_of_xml(node, paragraphs, skip=()):
    """The text below a node, with a line end after each element of `paragraphs`."""
    out = []

    def walk(node):
        name = node.tag.rsplit("}", 1)[-1] if isinstance(node.tag, str) else ""
        if name in skip or not name:
            return
        if node.text:
            out.append(node.text)
        if name in ("tab", "br", "s", "line-break"):
            out.append(" ")
        for child in node:
            walk(child)
            if child.tail:
                out.append(child.tail)
        if name in paragraphs:
            out.append("\n")

    walk(node)
    return "".join(out)


def parts_of_zip(path, patterns):
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if any(re.fullmatch(pattern, name) for pattern in patterns):
                try:
                    yield name, ElementTree.fromstring(archive.read(name))
                except ElementTree.ParseError:
                    pass


def only_text(root, paragraph, text):
    """All runs of an Office part: `text` elements, with a line end after each `paragraph`. The older copy of a
    drawing that is there for older programs is left out."""
    out = []

    def walk(node):
        name = node.tag.rsplit("}", 1)[-1] if isinstance(node.tag, str) else ""
        if name in ("Fallback", "del", "moveFrom"):
            return
        if name == text:
            out.append(node.text or "")
        elif name in ("tab", "br", "cr"):
            out.append(" ")
        for child in node:
            walk(child)
        if name == paragraph:
            out.append("\n")

    walk(root)
    return "".join(out)


def pdf_pdftotext(path):
    run = subprocess.run(["pdftotext", "-q", "-enc", "UTF-8", str(path), "-"], capture_output=True, timeout=300)
    return run.stdout.decode("utf-8", "replace")


def pdf_pymupdf(path):
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    with pymupdf.open(path) as document:
        if document.needs_pass:
            return ""
        return "\n".join(page.get_text("text", sort=False) for page in document)


RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]+")


def turned(text):
    """The text with the letters of each right-to-left word in the opposite order."""
    return RIGHT_TO_LEFT.sub(lambda found: found.group()[::-1], text)


def docx(path):
    import docx as python_docx

    patterns = [r"word/(document|footnotes|endnotes|comments|header\d*|footer\d*)\.xml", r"word/diagrams/data\d*\.xml"]
    wide = "\n".join(only_text(root, "p", "t") for _, root in parts_of_zip(path, patterns))
    try:
        document = python_docx.Document(path)
    except KeyError:  # Office's "strict" format, which python-docx does not know
        return wide, wide

    def blocks(container):
        for block in container.iter_inner_content():
            if hasattr(block, "rows"):
                seen = set()
                for row in block.rows:
                    for cell in row.cells:
                        if cell._tc not in seen:
                            seen.add(cell._tc)
                            yield from blocks(cell)
            else:
                yield block.text

    return "\n".join(blocks(document)), wide


def pptx(path):
    import pptx as python_pptx

    out = []

    def shapes(container):
        for shape in container:
            if shape.shape_type == 6:
                shapes(shape.shapes)
            elif getattr(shape, "has_table", False) and shape.has_table:
                for row in shape.table.rows:
                    out.extend(cell.text_frame.text for cell in row.cells)
            elif shape.has_text_frame:
                out.append(shape.text_frame.text)

    for slide in python_pptx.Presentation(path).slides:
        shapes(slide.shapes)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            out.append(slide.notes_slide.notes_text_frame.text)
    patterns = [r"ppt/(slides/slide|notesSlides/notesSlide|diagrams/data)\d+\.xml"]
    wide = "\n".join(only_text(root, "p", "t") for _, root in parts_of_zip(path, patterns))
    return "\n".join(out), wide


def cell_text(value):
    import datetime

    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return str(value)


def xlsx(path):
    import openpyxl

    out = []
    with open(path, "rb") as file:
        book = openpyxl.load_workbook(file, data_only=True)
        for sheet in book.worksheets:
            for row in sheet.iter_rows(values_only=True):
                out.extend(cell_text(value) for value in row if value is not None)
    return "\n".join(out), None


def xls(path):
    import xlrd

    book = xlrd.open_workbook(path, logfile=io.StringIO())
    out = []
    for sheet in book.sheets():
        for row in range(sheet.nrows):
            for cell in sheet.row(row):
                if cell.ctype == xlrd.XL_CELL_DATE:
                    try:
                        value = xlrd.xldate_as_datetime(cell.value, book.datemode)
                        if cell.value < 1:
                            value = value.time()
                        out.append(cell_text(value))
                    except (ValueError, OverflowError):
                        out.append(cell_text(cell.value))
                elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
                    out.append(str(bool(cell.value)))
                elif cell.ctype == xlrd.XL_CELL_ERROR:
                    out.append(xlrd.error_text_from_code.get(cell.value, ""))
                elif cell.ctype not in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
                    out.append(cell_text(cell.value))
    return "\n".join(out), None


OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"


def opendocument(path, sheets=False):
    plain = []
    for _, root in parts_of_zip(path, [r"content\.xml"]):
        if sheets:
            # Of a number what it is and not how it is shown (1234.5, not 1,234.50); of dates the date.
            for cell in root.iter("{urn:oasis:names:tc:opendocument:xmlns:table:1.0}table-cell"):
                kind = cell.get(OFFICE + "value-type")
                value = cell.get(OFFICE + ("date-value" if kind == "date" else "value"))
                if value is not None and kind in ("float", "percentage", "currency", "date"):
                    for paragraph in [it for it in cell if it.tag.endswith("}p")]:
                        cell.remove(paragraph)
                    number = kind != "date" and re.fullmatch(r"[-+.\deE]+", value)
                    shown_ = ElementTree.SubElement(cell, "p")
                    shown_.text = cell_text(float(value)) if number else value.replace("T", " ")
        body = root.find(OFFICE + "body")
        plain.append(text_of_xml(body, ("p", "h"), skip=("tracked-changes", "annotation", "forms", "scripts")))
    wide = list(plain)
    for _, root in parts_of_zip(path, [r"styles\.xml"]):
        for part in root.iter():
            if part.tag.rsplit("}", 1)[-1] in ("header", "footer", "header-first", "footer-first"):
                wide.append(text_of_xml(part, ("p", "h")))
    return "\n".join(plain), None if sheets else "\n".join(wide)


def rtf(path):
    from striprtf.striprtf import rtf_to_text

    return rtf_to_text(Path(path).read_bytes().decode("latin-1"), encoding="cp1252", errors="replace"), None


class Visible(html.parser.HTMLParser):
    SKIP = ("title", "script", "style", "template", "noscript")
    INLINE = ("a abbr b bdi bdo big cite code del dfn em font i ins kbd mark q rp rt ruby s samp small span strike "
              "strong sub sup tt u var wbr").split()

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.out, self.skipping = [], 0

    def handle_starttag(self, tag, attrs):
        if tag in self.SKIP:
            self.skipping += 1
        if tag not in self.INLINE:
            self.out.append("\n")

    def handle_startendtag(self, tag, attrs):
        if tag not in self.INLINE:
            self.out.append("\n")

    def handle_endtag(self, tag):
        if tag in self.SKIP:
            self.skipping = max(0, self.skipping - 1)
        if tag not in self.INLINE:
            self.out.append("\n")

    def handle_data(self, data):
        if not self.skipping:
            self.out.append(data)


def visible(markup):
    parser = Visible()
    parser.feed(markup)
    parser.close()
    return "".join(parser.out)


def html_bytes(data, encoding=None):
    if not encoding:
        declared = re.search(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", data[:4096])
        encoding = declared.group(1).decode() if declared else "utf-8"
    if data.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
    try:
        return visible(data.decode(encoding, "replace"))
    except LookupError:
        return visible(data.decode("utf-8", "replace"))


def epub(path):
    """The chapters in the order of the book's spine, also where other parts of the book are missing."""
    import posixpath
    from urllib.parse import unquote

    out = []
    with zipfile.ZipFile(path) as book:
        container = ElementTree.fromstring(book.read("META-INF/container.xml"))
        package = next(it.get("full-path") for it in container.iter() if it.tag.endswith("}rootfile"))
        root = ElementTree.fromstring(book.read(package))
        items = {it.get("id"): it.get("href") for it in root.iter() if it.tag.endswith("}item")}
        for itemref in (it for it in root.iter() if it.tag.endswith("}itemref")):
            name = unquote(items.get(itemref.get("idref"), "").split("#")[0])
            name = posixpath.normpath(posixpath.join(posixpath.dirname(package), name))
            if name in book.namelist():
                out.append(html_bytes(book.read(name), "utf-8"))
    return "\n".join(out), None


def message_text(message):
    out = []

    def headers(message):
        out.extend(str(message.get(name, "")) for name in ("subject", "from", "to"))

    def walk(part):
        if part.get_content_type() == "multipart/alternative":
            body = part.get_body(preferencelist=("plain", "html"))
            if body is not None:
                walk(body)
                return
        if part.is_multipart():
            inner = part.get_content_type() == "message/rfc822"
            for child in part.get_payload() if part.get_content_maintype() == "message" else part.iter_parts():
                if inner:
                    headers(child)
                walk(child)
            return
        if part.get_content_maintype() != "text":
            return
        try:
            content = part.get_content()
        except (LookupError, KeyError):
            content = (part.get_payload(decode=True) or b"").decode("utf-8", "replace")
        out.append(visible(content) if part.get_content_subtype() == "html" else content)

    headers(message)
    walk(message)
    return "\n".join(out)


def eml(path):
    with open(path, "rb") as file:
        return message_text(email.message_from_binary_file(file, policy=email.policy.default)), None


def mbox(path):
    box = mailbox.mbox(path, create=False)
    messages = (email.message_from_bytes(box.get_bytes(key), policy=email.policy.default) for key in box.keys())
    return "\n".join(message_text(message) for message in messages), None


def decoded(path, encoding):
    data = Path(path).read_bytes()
    return data.decode(encoding or "utf-8-sig", "replace")


def csv_text(path, encoding):
    text = decoded(path, encoding)
    csv.field_size_limit(1 << 30)
    try:
        dialect = csv.Sniffer().sniff(text[:8192], ",;\t|")
    except csv.Error:
        dialect = csv.excel
    return "\n".join(cell for row in csv.reader(io.StringIO(text), dialect) for cell in row)


def json_text(path, encoding):
    out = []

    def walk(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                out.append(key)
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
        elif value is not None:
            out.append(str(value))

    walk(json.loads(decoded(path, encoding), parse_float=str, parse_int=str))
    return "\n".join(out)


def xml_text(path):
    return "\n".join(ElementTree.parse(path).getroot().itertext())


def references(kind, path, encoding=None):
    """A list of (reader, text); and the wide text, or None."""
    if kind == "pdf":
        poppler, mupdf = pdf_pdftotext(path), pdf_pymupdf(path)
        # pdftotext gives right-to-left text in logical order. MuPDF does for most files; where it gives the
        # letters in the order they stand on the page, they are turned.
        other = turned(mupdf)
        if other != mupdf and overlap(bag(other), bag(poppler))[2] > overlap(bag(mupdf), bag(poppler))[2]:
            mupdf = other
        return [("pymupdf", mupdf), ("pdftotext", poppler)], None
    readers = {
        "docx": docx, "pptx": pptx, "xlsx": xlsx, "xls": xls, "odt": opendocument, "odp": opendocument,
        "ods": lambda path: opendocument(path, sheets=True), "rtf": rtf, "epub": epub, "eml": eml, "mbox": mbox,
    }
    if kind in readers:
        plain, wide = readers[kind](path)
        return [("reference", plain)], wide
    text = {
        "html": lambda: html_bytes(Path(path).read_bytes(), encoding),
        "csv": lambda: csv_text(path, encoding),
        "json": lambda: json_text(path, encoding),
        "xml": lambda: xml_text(path),
    }.get(kind, lambda: decoded(path, encoding))()
    return [("reference", text)], None


# The server


class Server:
    def __init__(self, url, timeout):
        self.url, self.timeout = url.rstrip("/"), timeout

    def call(self, request):
        for attempt in range(20):
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code in (429, 503) and attempt < 19:
                    time.sleep(float(error.headers.get("Retry-After") or 1))
                    continue
                body = error.read().decode("utf-8", "replace")
                try:
                    problem = json.loads(body)
                except ValueError:
                    problem = {"code": str(error.code), "detail": body[:200]}
                raise Refused(problem.get("code", str(error.code)), problem.get("detail", "")) from None

    def get(self, path):
        return self.call(self.url + path)

    def ingest(self, name, data):
        """The job at its end, and how long it took."""
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        begun = time.monotonic()
        job = self.call(urllib.request.Request(self.url + "/ingest/async", body, headers))["job_id"]
        wait = 0.02
        while True:
            state = self.get(f"/jobs/{job}")
            seconds = time.monotonic() - begun
            if state["status"] in ("completed", "failed", "cancelled"):
                return state, seconds
            if seconds > self.timeout:
                raise Refused("timeout", f"not finished after {self.timeout} s")
            time.sleep(wait)
            wait = min(0.5, wait * 1.5)

    def text(self, document):
        """What the server read, from its chunks. They overlap: of each only what is new is taken."""
        out, end, offset = [], 0, 0
        while True:
            page = self.get(f"/documents/{document}?limit=1000&offset={offset}")
            chunks = page["chunks"]
            for chunk in chunks:
                if chunk["end"] <= end:
                    continue
                new = chunk["text"]
                length = chunk["end"] - chunk["start"]
                # A passage of a table repeats the first row before its own text.
                new = new[len(new) - length:] if len(new) > length else new
                out.append(new[max(0, end - chunk["start"]):] if chunk["start"] < end else new)
                if chunk["start"] > end:
                    out.insert(-1, "\n")
                end = chunk["end"]
            offset += len(chunks)
            if len(chunks) < 1000:
                return "".join(out)


class Refused(Exception):
    def __init__(self, code, detail):
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail


# The report


def score(server, entry, path, texts):
    result = {key: entry[key] for key in ("id", "kind", "script", "scan", "expect")}
    try:
        found, wide = references(entry["kind"], path, entry.get("encoding"))
        result["reference_words"] = max(sum(bag(text).values()) for _, text in found)
    except Exception as error:  # a reader that stumbles is told in the report
        found, wide = [], None
        result["reference_error"] = f"{type(error).__name__}: {error}"[:200]
    try:
        job, seconds = server.ingest(path.name, path.read_bytes())
    except Refused as refused:
        job, seconds = {"status": "failed", "error_code": refused.code, "error_message": refused.detail}, 0
    result.update(status=job["status"], seconds=round(seconds, 2), warnings=job.get("warnings") or [])
    if job["status"] != "completed":
        error = job.get("error") if isinstance(job.get("error"), dict) else {}
        result["code"] = job.get("error_code") or error.get("code") or job["status"]
        result["message"] = job.get("error_message") or error.get("detail")
    # A mailbox is a batch, with a document for each mail.
    documents = [job.get("document_id")] + [it["document_id"] for it in job.get("items") or []]
    ours = "\n".join(server.text(it) for it in documents if it) if job["status"] == "completed" else ""
    mine = bag(ours)
    result["words"] = sum(mine.values())
    trigrams = letters(ours) if entry["kind"] == "pdf" else None
    scores = []
    for reader, text in found:
        recall, precision, f1 = overlap(mine, bag(text))
        result[reader] = {"recall": recall, "precision": precision, "f1": f1}
        if entry["kind"] == "pdf":
            result[reader]["letters"] = overlap(trigrams, letters(text))[2]
        scores.append(f1 if entry["kind"] == "pdf" else recall)
    if wide is not None:
        result["recall_of_all"] = overlap(mine, bag(wide))[0]
    if len(found) == 2:
        first, second = bag(found[0][1]), bag(found[1][1])
        result["references_agree"] = overlap(first, second)[2]
        result["letters_agree"] = overlap(letters(found[0][1]), letters(found[1][1]))[2]
        result["directions"] = directions(mine, first + second)
        result["presentation_forms"] = len(re.findall("[\ufb1d-\ufdff\ufe70-\ufefc]", ours))
    known = [value for value in scores if value is not None]
    if known and result["reference_words"] > 0:
        # Where two readers differ, one of them at most is right.
        result["score"] = max(known)
    if texts:
        texts.mkdir(parents=True, exist_ok=True)
        (texts / f"{entry['id']}.sluice.txt").write_text(ours, encoding="utf-8", errors="replace")
        for reader, text in found:
            (texts / f"{entry['id']}.{reader}.txt").write_text(text, encoding="utf-8", errors="replace")
    return result


def mean(values):
    values = [value for value in values if value is not None]
    return sum(values) / len(values) if values else None


def shown(value):
    return f"{value:.3f}" if value is not None else "-"


def counted(result):
    """Whether the file's score goes into the means: it has words, and the server is expected to read them."""
    return result.get("score") is not None and result["expect"] == "text"


HEADER = ["files", "scored", "mean", "worst", "worst file", "failed"]


def line(label, results):
    scored = [result for result in results if counted(result)]
    worst = min(scored, key=lambda result: result["score"], default=None)
    failed = sum(1 for result in results if result["expect"] == "text" and result["status"] != "completed")
    return [
        label, str(len(results)), str(len(scored)), shown(mean(result["score"] for result in scored)),
        shown(worst["score"]) if worst else "-", worst["id"] if worst else "-", str(failed),
    ]


def pdf_columns(results):
    scored = [result for result in results if counted(result)]
    return [
        shown(mean(result["pymupdf"]["f1"] for result in scored)),
        shown(mean(result["pdftotext"]["f1"] for result in scored)),
        shown(mean(result["references_agree"] for result in scored)),
        shown(mean(best_letters(result) for result in scored)),
        shown(mean(result["letters_agree"] for result in scored)),
    ]


def best_letters(result):
    return max(result["pymupdf"]["letters"], result["pdftotext"]["letters"])


def other_columns(results):
    scored = [result for result in results if counted(result)]
    reader = "reference" if results[0]["kind"] != "pdf" else "pdftotext"
    return [
        shown(mean(result[reader]["precision"] for result in scored)),
        shown(mean(result.get("recall_of_all") for result in scored)),
    ]


def table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print()


def report(results):
    by_kind = defaultdict(list)
    for result in results:
        by_kind[result["kind"]].append(result)
    print("Per kind. PDF: F1 against the closer of both readers; others: recall; precision tells what is there twice or "
          "should not be there.\n")
    table([["kind", *HEADER, "precision", "recall of all"]]
          + [line(kind, group) + other_columns(group) for kind, group in sorted(by_kind.items())])
    if "pdf" in by_kind:
        by_script = defaultdict(list)
        for result in by_kind["pdf"]:
            by_script[result["script"] if result["scan"] == "no" else "(scan)"].append(result)
        print("PDF per script. agree: how the two readers agree. letters: the better of both, without regard to "
              "spaces.\n")
        table([["script", *HEADER, "pymupdf", "pdftotext", "agree", "letters", "agree"]]
              + [line(script, group) + pdf_columns(group) for script, group in sorted(by_script.items())])
        rows = [["right", "turned", "forms", "letters", "agree", "score", "id"]]
        for it in sorted(by_kind["pdf"], key=lambda it: it["id"]):
            if it.get("directions") and it["script"] in ("arabic", "hebrew"):
                rows.append([shown(it["directions"]["right"]), shown(it["directions"]["turned"]),
                             str(it["presentation_forms"]), shown(best_letters(it)), shown(it["letters_agree"]),
                             shown(it.get("score")), it["id"]])
        print("Right-to-left PDFs: words the readers know as they are (right), or only backwards (turned); "
              "presentation forms left in the text.\n")
        table(rows)

    print("Worst files\n")
    worst = sorted((it for it in results if counted(it) and it["status"] == "completed"),
                   key=lambda it: it["score"])
    rows = [["score", "id", "kind", "script", "words", "reference", "status"]]
    for it in worst[:40]:
        if it["score"] < 0.97:
            rows.append([shown(it["score"]), it["id"], it["kind"], it["script"], str(it["words"]),
                         str(it["reference_words"]), it.get("code", it["status"])])
    table(rows)

    print("Failed jobs\n")
    failed = defaultdict(list)
    for it in results:
        if it["status"] != "completed":
            failed[it["kind"], it["code"], it["expect"]].append(it)
    rows = [["kind", "code", "expected", "files", "one of them", "its message"]]
    for (kind, code, expected), group in sorted(failed.items()):
        message = (group[0]["message"] or "").replace(group[0]["id"] + "." + kind, "…")
        rows.append([kind, code, expected, str(len(group)), group[0]["id"], message[:90]])
    table(rows)

    print("Silent empties (completed, hardly any word, no warning, though a reference found many)\n")
    silent = [it for it in results if it["status"] == "completed" and not it["warnings"]
              and it.get("reference_words", 0) >= FEW_WORDS and it["words"] < it["reference_words"] / 10]
    print("\n".join(f"{it['id']}: {it['words']} of {it['reference_words']} words" for it in silent) or "none", "\n")

    print("Files whose ending was not the expected one\n")
    odd = []
    for it in results:
        if it["expect"] == "no_text":
            fine = it.get("code") == "no_text" or (it["status"] == "completed" and it["warnings"])
        elif it["expect"] == "encrypted":
            fine = it.get("code") == "encrypted"
        else:
            continue
        if not fine:
            odd.append(f"{it['id']}: expected {it['expect']}, was {it.get('code', it['status'])}")
    print("\n".join(odd) or "none", "\n")

    stumbled = [it for it in results if "reference_error" in it]
    if stumbled:
        print("References that could not be read\n")
        print("\n".join(f"{it['id']}: {it['reference_error']}" for it in stumbled), "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--corpus", required=True, type=Path)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--texts", type=Path, help="write every text here, for comparing by eye")
    parser.add_argument("--kinds", help="only these, separated by commas")
    parser.add_argument("--ids", help="only these, separated by commas")
    parser.add_argument("--timeout", type=float, default=180, help="seconds a job may take")
    options = parser.parse_args()

    server, results, missing = Server(options.url, options.timeout), [], []
    for entry in manifest():
        if options.kinds and entry["kind"] not in options.kinds.split(","):
            continue
        if options.ids and entry["id"] not in options.ids.split(","):
            continue
        path = options.corpus / file_name(entry)
        if not path.exists():
            missing.append(entry["id"])
            continue
        results.append(score(server, entry, path, options.texts))
        print(f"\r{len(results)} files", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    if not results:
        sys.exit("No file of the manifest is in that folder. fetch.py brings them.")
    report(results)
    if missing:
        print(f"Not there, so not scored ({len(missing)}): {', '.join(missing)}")
    if options.json:
        options.json.write_text(json.dumps(results, ensure_ascii=False, indent=1), encoding="utf-8")


def file_name(entry):
    """The name a file of the manifest has in the folder."""
    return f"{entry['id']}.{entry['kind']}"


if __name__ == "__main__":
    main()
