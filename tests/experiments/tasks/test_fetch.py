"""Fetching from a folder of archives made here, and from one whose bytes are wrong."""

import dataclasses
import hashlib
import io
import os
import sys
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "experiments"))
import fetch  # noqa: E402


def digest(data):
    return hashlib.sha256(data).hexdigest()


def tar_bytes(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


class Fetching(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name) / "root"
        self.downloads = Path(scratch.name) / "downloads"
        self.downloads.mkdir()
        # pip must not be reached: what is missing locally is a failed download here.
        failed = mock.Mock(stdout="ERROR: no network\nhint: see above\n", returncode=1)
        patches = [mock.patch.object(fetch.subprocess, "run", return_value=failed),
                   mock.patch.dict(os.environ), mock.patch("builtins.print")]
        for patch in patches:
            patch.start()
            self.addCleanup(patch.stop)
        os.environ.pop("HEROSWEEP_DATA", None)

    def store(self, name, content):
        (self.downloads / name).write_bytes(content)
        return digest(content)

    def nested(self, members):
        inner = tar_bytes(members)
        return self.store("data.tar.gz", tar_bytes([("outer/inner.tar.gz", inner)]))

    def bundle(self, sha256, name="data.tar.gz", nested="outer/inner.tar.gz"):
        archive = fetch.Archive("data==1", name, sha256, "folder", nested)
        return fetch.Bundle("texts", "data/texts", {"a.txt": digest(b"text")}, ("LICENSE",),
                            (archive,), "HEROSWEEP_DATA", "copy a.txt there")

    def fetch(self, bundle):
        fetch.fetch(bundle, self.root, self.downloads)

    def problem(self, bundle):
        with self.assertRaises(fetch.FetchProblem) as caught:
            self.fetch(bundle)
        self.assertFalse((self.root / "data/texts/a.txt").exists())
        return str(caught.exception)

    def test_nested_archive_is_extracted_with_its_licence(self):
        self.fetch(self.bundle(self.nested(
            [("folder/a.txt", b"text"), ("folder/LICENSE", b"free"), ("folder/b.txt", b"no")])))
        found = {path.name for path in (self.root / "data/texts").iterdir()}
        self.assertEqual(found, {"a.txt", "LICENSE"})

    def test_wheel_is_extracted(self):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as wheel:
            wheel.writestr("folder/a.txt", b"text")
        sha256 = self.store("data.whl", buffer.getvalue())
        self.fetch(self.bundle(sha256, "data.whl", ""))
        self.assertEqual((self.root / "data/texts/a.txt").read_bytes(), b"text")

    def test_complete_files_are_kept_and_damaged_ones_replaced(self):
        bundle = self.bundle(self.nested([("folder/a.txt", b"text")]))
        self.fetch(bundle)
        path = self.root / "data/texts/a.txt"
        before = path.stat().st_mtime_ns
        self.fetch(bundle)
        self.assertEqual(path.stat().st_mtime_ns, before)
        path.write_bytes(b"tex")
        self.fetch(bundle)
        self.assertEqual(path.read_bytes(), b"text")

    def test_paths_inside_the_archive_never_leave_the_target(self):
        self.fetch(self.bundle(self.nested([
            ("../../evil.txt", b"evil"), ("/tmp/evil.txt", b"evil"), ("folder/a.txt", b"text")])))
        found = sorted(path.name for path in self.root.parent.rglob("*") if path.is_file())
        self.assertEqual(found, ["a.txt", "data.tar.gz"])

    def test_damaged_archive(self):
        self.nested([("folder/a.txt", b"text")])
        message = self.problem(self.bundle(digest(b"other")))
        self.assertIn("damaged", message)
        self.assertIn("copy a.txt there", message)

    def test_archive_with_other_content(self):
        message = self.problem(self.bundle(self.nested([("folder/a.txt", b"changed")])))
        self.assertIn("does not hold the expected a.txt", message)

    def test_archive_that_is_none(self):
        self.assertIn("cannot be unpacked", self.problem(self.bundle(self.store("data.tar.gz", b"?"))))

    def test_failed_download_shows_the_reason_and_the_way_on(self):
        message = self.problem(self.bundle(digest(b"")))
        self.assertIn("ERROR: no network", message)
        self.assertIn("copy a.txt there", message)

    def test_second_archive_is_tried(self):
        bundle = self.bundle(self.nested([("folder/a.txt", b"text")]))
        missing = fetch.Archive("gone==1", "gone.whl", digest(b""), "folder")
        self.fetch(dataclasses.replace(bundle, archives=(missing, *bundle.archives)))
        self.assertTrue((self.root / "data/texts/a.txt").exists())

    def test_own_copy_needs_no_download(self):
        own = self.root.parent / "own" / "texts"
        own.mkdir(parents=True)
        (own / "a.txt").write_bytes(b"mine")
        os.environ["HEROSWEEP_DATA"] = str(own.parent)
        self.fetch(self.bundle(digest(b"")))
        self.assertFalse(self.root.exists())


if __name__ == "__main__":
    unittest.main()
