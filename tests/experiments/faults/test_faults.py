"""Full disks, locks, other runners, newer files and wrong clocks: each ends with its exit code and a message that says
what to do, and loses nothing.

    test_faults.py PROGRAM TINY_WORLD [unittest's arguments]
"""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import world

NOBODY = 65534
ENVIRONMENT = 3  # exit code
PROGRAM, TINY_WORLD = (str(Path(argument).resolve()) for argument in sys.argv[1:3])


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = Path(cls.scratch.name)
        cls.world = world.World(PROGRAM, TINY_WORLD, cls.folder / "world", plans="M1, M3", latency=world.NO_LATENCY)
        code, output = cls.world.run(cls.folder / "undisturbed.db")
        assert code == 0, output
        cls.expected = world.results(cls.folder / "undisturbed.db")

    def database(self):
        return self.folder / f"{self.id().rsplit('.', 1)[1]}.db"

    def refused(self, database, *words, **options):
        code, output = self.world.run(database, **options)
        self.assertEqual(code, ENVIRONMENT, output)
        for word in words:
            self.assertIn(word, output)

    def completes(self, database, **options):
        code, output = self.world.run(database, **options)
        self.assertEqual(code, 0, output)
        self.assertEqual(world.results(database), self.expected)
        self.assertEqual(world.rows(database, "PRAGMA integrity_check"), [("ok",)])

    def change(self, database, statement):
        connection = sqlite3.connect(database)
        with connection:
            connection.execute(statement)
        connection.close()

    def start_hanging(self, database):
        """A run that waits in a plan for ever."""
        process = self.world.start(database, inject="hang@M3:accuracy")
        self.addCleanup(process.kill)
        held = lambda: (database.exists() and database.stat().st_size > 0 and
                        world.rows(database, "SELECT 1 FROM sqlite_schema WHERE name = 'trials'") and
                        world.rows(database, "SELECT 1 FROM trials WHERE state = 'running'"))
        self.assertTrue(world.wait_until(held))
        return process

    def test_newer_version(self):
        database = self.database()
        self.completes(database)
        self.change(database, "PRAGMA user_version = 99")
        before = database.read_bytes()
        self.refused(database, "schema version 99", "use the newer program")
        self.assertEqual(database.read_bytes(), before)

    def test_second_runner(self):
        database = self.database()
        first = self.start_hanging(database)
        self.refused(database, "a sweep is running in it already", f"process {first.pid}", "another database")
        # A clock that jumps does not make the first one look dead: its process is looked up.
        self.change(database, "UPDATE runner SET heartbeat = heartbeat - 100000")
        self.refused(database, "a sweep is running in it already")
        self.change(database, "UPDATE runner SET heartbeat = heartbeat + 200000")
        self.refused(database, "a sweep is running in it already")
        first.send_signal(signal.SIGTERM)
        first.send_signal(signal.SIGTERM)
        self.assertEqual(first.wait(timeout=60), 130)
        self.completes(database)

    def test_clock_of_another_machine(self):
        database = self.database()
        self.completes(database)
        for ahead, words in ((0, "last seen"), (7200, "s ahead of this one's; if it has ended")):
            self.change(database, "INSERT OR REPLACE INTO runner VALUES (1, 'token', 'elsewhere', 'boot', 'ns', 1, 1, "
                                  f"'', {time.time() + ahead})")
            self.refused(database, "elsewhere", words)
        self.change(database, f"UPDATE runner SET heartbeat = {time.time() - 3600}")
        self.completes(database)

    def test_short_lock_is_waited_for_and_a_long_one_named(self):
        database = self.database()
        self.completes(database)
        self.change(database, "UPDATE trials SET state = 'planned'")
        lock = sqlite3.connect(database)
        self.addCleanup(lock.close)
        lock.execute("BEGIN IMMEDIATE")
        begin = time.monotonic()
        self.refused(database, "another process holds the lock")
        self.assertGreater(time.monotonic() - begin, 5)
        process = self.world.start(database)
        self.addCleanup(process.kill)
        time.sleep(2)
        self.assertIsNone(process.poll())
        lock.rollback()
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertEqual(world.results(database), self.expected)

    def test_full_disk(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "none", str(disk)]
        if subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("only the superuser can mount a small disk")
        self.addCleanup(subprocess.run, ["umount", "-l", str(disk)], check=True)
        database = disk / "full.db"
        before = ([], [])
        for kilobytes in (32, 200, 400, 480, 560):
            subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", str(disk)], check=True)
            self.refused(database, "free some disk space")
            # Read elsewhere: a reader, too, needs some space.
            copy = self.folder / f"copy-{kilobytes}"
            shutil.copytree(disk, copy)
            if (copy / "full.db").exists():
                self.assertEqual(world.rows(copy / "full.db", "PRAGMA integrity_check"), [("ok",)])
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        self.completes(database)

    def test_file_size_limit(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        database = self.database()
        self.refused(database, "disk", preexec_fn=limit)
        self.completes(database)

    def test_read_only_folder(self):
        database = self.folder / "kept" / "kept.db"
        database.parent.mkdir()
        self.completes(database)
        self.change(database, "UPDATE trials SET state = 'planned'")
        database.parent.chmod(0o555)
        self.addCleanup(database.parent.chmod, 0o755)
        options = {}
        if os.geteuid() == 0:  # who may write anywhere
            self.folder.chmod(0o755)
            options = {"user": NOBODY, "group": NOBODY}
            try:
                subprocess.run([PROGRAM, "--version"], check=True, stdout=subprocess.DEVNULL, **options)
            except (OSError, subprocess.CalledProcessError):
                self.skipTest("the program lies where only the superuser finds it")
        self.refused(database, "read-only", "name a database in a folder that can be written", **options)

    def test_places_that_cannot_be(self):
        (self.folder / "file").write_text("")
        for place in ("/proc/none/x.db", self.folder / "file" / "x.db"):
            self.refused(place, "cannot be made", "name another database")
        self.refused(self.database(), "/proc/none", cache="/proc/none/cache")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
