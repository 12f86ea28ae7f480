#!/usr/bin/env python3
"""Brings the files of manifest.tsv into a folder: fetch.py FOLDER [--packages FOLDER] [--kinds pdf,docx]

The packages are downloaded by apt-get, pip and npm, each only once, and kept in the packages folder.
"""
import argparse
import csv
import gzip
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import defaultdict
from pathlib import Path

MANIFEST = Path(__file__).resolve().parent / "manifest.tsv"


class Missing(Exception):
    """What could not be had, in plain words."""


def run(command, folder):
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)
    except FileNotFoundError:
        raise Missing(f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise Missing(f"{command[0]} took longer than 15 minutes") from None
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Missing(f"{command[0]} failed: {lines[-1] if lines else 'no reason given'}")


def download(kind, name, version, folder):
    """The package's file, in a folder of its own. A Debian archive keeps only its newest versions: where this
    one is gone, the newest is taken, and the check of each file tells whether it is still the same."""
    if kind == "deb":
        try:
            run(["apt-get", "download", f"{name}={version}"], folder)
        except Missing as first:
            try:
                run(["apt-get", "download", name], folder)
            except Missing:
                raise first from None
    elif kind == "pypi":
        python = [sys.executable, "-m", "pip"]
        run([*python, "download", "-q", "--no-deps", "--no-binary", ":all:", f"{name}=={version}"], folder)
    elif kind == "npm":
        run(["npm", "pack", "--silent", f"{name}@{version}"], folder)
    else:
        raise Missing(f"packages of the kind {kind} are not known here")


def package(kind, name, version, packages):
    folder = packages / f"{kind}-{name.replace('/', '+')}-{version.replace(':', '+')}"
    if not folder.exists():
        packages.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=packages) as scratch:
            download(kind, name, version, scratch)
            Path(scratch).chmod(0o755)
            shutil.copytree(scratch, folder)
    files = [it for it in folder.iterdir() if it.is_file()]
    if len(files) != 1:
        raise Missing(f"{folder} should hold one file and holds {len(files)}")
    return files[0]


def contents(kind, archive, paths):
    """(path, bytes) of the files asked for, as far as the package has them."""
    if kind == "deb":
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as process:
            with tarfile.open(fileobj=process.stdout, mode="r|") as tar:
                yield from members(tar, paths)
                process.stdout.read()
    elif archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as file:
            for path in paths & set(file.namelist()):
                yield path, file.read(path)
    else:
        with tarfile.open(archive, mode="r:*") as tar:
            yield from members(tar, paths)


def members(tar, paths):
    for member in tar:
        path = member.name.removeprefix("./")
        if path in paths and member.isfile():
            yield path, tar.extractfile(member).read()


def bring(kind, name, version, entries, target, packages):
    """How many files came; raises `Missing` with what did not."""
    archive = package(kind, name, version, packages)
    wanted = {entry["path"]: entry for entry in entries}
    problems = []
    for path, data in contents(kind, archive, set(wanted)):
        entry = wanted.pop(path)
        if path.endswith(".gz"):
            data = gzip.decompress(data)
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            problems.append(f"{path} is not the file the manifest means (its sha256 differs)")
            continue
        part = target / f".{entry['id']}.part"
        part.write_bytes(data)
        part.rename(target / f"{entry['id']}.{entry['kind']}")
    problems += [f"{path} is not in it" for path in wanted]
    if problems:
        raise Missing("; ".join(problems))


def is_there(entry, target):
    path = target / f"{entry['id']}.{entry['kind']}"
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--packages", type=Path, help="where the packages are kept; FOLDER/.packages otherwise")
    parser.add_argument("--kinds", help="only these, separated by commas")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    packages = options.packages or options.folder / ".packages"

    with open(MANIFEST, encoding="utf-8", newline="") as file:
        entries = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    if options.kinds:
        entries = [entry for entry in entries if entry["kind"] in options.kinds.split(",")]
    absent = defaultdict(list)
    for entry in entries:
        if not is_there(entry, options.folder):
            absent[entry["package_kind"], entry["package"], entry["version"]].append(entry)

    problems = []
    for number, ((kind, name, version), files) in enumerate(sorted(absent.items()), 1):
        print(f"{number}/{len(absent)} {name} {version} ({kind}): {len(files)} files", flush=True)
        try:
            bring(kind, name, version, files, options.folder, packages)
        except (Missing, OSError, tarfile.TarError, zipfile.BadZipFile) as problem:
            problems.append(f"{name} {version} ({kind}): {problem}")
    there = sum(1 for entry in entries if is_there(entry, options.folder))
    print(f"{there} of {len(entries)} files are in {options.folder}.")
    if problems:
        print("What could not be had:")
        print("\n".join(f"  {problem}" for problem in problems))
        sys.exit(1)


if __name__ == "__main__":
    main()
