#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What cmwq-sum promises, tried on generated trees and compared with sha256sum.

    python3 cmwq_sum_test.py PATH_OF_CMWQ_SUM [unittest options]

Nothing here depends on speed: where a moment in the middle of a run is needed, the run is held at a FIFO, and what it
has done so far is read from the kernel. CMWQ_TEST_TIMEOUT (seconds, default 120) bounds each run.
"""

import contextlib
import ctypes
import hashlib
import json
import os
import pty
import random
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = ""
TIMEOUT = float(os.environ.get("CMWQ_TEST_TIMEOUT", "120"))
QUEUES = ["unbound", "percpu", "highpri", "power-efficient"]
NASTY_NAMES = [
    b"plain", b"with space", b" leading and trailing ", b"new\nline", b"back\\slash", b"carriage\rreturn", b"\\", b"\n",
    b"tab\tbell\a", b"-", b"-leading-dash", b"--help", b"quote'\"`$(x)", b"*?[a,b]{c}", b"not utf-8 \xff\xfe\x80",
    "schön 文".encode(), b"#hash", b"a" * 255, b"\x01\x7f", b"~", b"...",
]


def write(path, data=b""):
    with open(path, "wb") as file:
        file.write(data)


def line_for(path, data):
    """The line of sha256sum, written independently of it."""
    escaped = path.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    mark = b"\\" if escaped != path else b""
    return mark + hashlib.sha256(data).hexdigest().encode() + b"  " + escaped + b"\n"


class Run:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err


class CmwqSumTest(unittest.TestCase):
    def setUp(self):
        self.home = os.fsencode(tempfile.mkdtemp(prefix="cmwq-sum-test-"))
        self.addCleanup(shutil.rmtree, self.home)
        self.tree = os.path.join(self.home, b"tree")
        os.mkdir(self.tree)

    # ---- tools -------------------------------------------------------------------------------------------------------

    def start(self, *words, **how):
        how.setdefault("stdout", subprocess.PIPE)
        how.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen([PROGRAM, *words], cwd=self.home, **how)

    def finish(self, process):
        try:
            out, err = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.fail(f"{process.args} did not end")
        return Run(process.returncode, out, err)

    def run_sum(self, *words, **how):
        return self.finish(self.start(*words, **how))

    def expected(self, *paths):
        """find | sort | sha256sum, one PATH after the other."""
        out = b""
        for path in paths:
            found = subprocess.run(["find", "-H", path, "-type", "f", "-print0"], cwd=self.home, check=True,
                                   stdout=subprocess.PIPE).stdout
            ordered = subprocess.run(["sort", "-z"], env={**os.environ, "LC_ALL": "C"}, input=found, check=True,
                                     stdout=subprocess.PIPE).stdout
            out += subprocess.run(["xargs", "-0", "-r", "sha256sum", "--"], cwd=self.home, input=ordered, check=True,
                                  stdout=subprocess.PIPE).stdout
        return out

    def assert_all_fine(self, run):
        self.assertEqual((run.status, self.complaints(run)), (0, []))

    @staticmethod
    def complaints(run):
        """The messages without the three lines of the summary."""
        lines = run.err.decode(errors="surrogateescape").splitlines()
        return [line for line in lines if not any(word in line for word in (" s wall, ", " in flight; "))
                and not (" in " in line and "director" in line and " file" in line)]

    def assert_checked_by_sha256sum(self, output):
        check = subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "-"], cwd=self.home, input=output,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual((check.returncode, check.stdout), (0, b""))

    def fill(self, files=300, seed=1):
        """A tree of directories and files with names whose order is easy to get wrong."""
        chance = random.Random(seed)
        folders = [self.tree]
        for name in [b"a", b"a-b", b"a.b", b"a0", b"a/c", b"a/c-d", b"a/c/e", b"Z", b"\xc3\xa4"]:
            path = os.path.join(self.tree, name)
            os.makedirs(path, exist_ok=True)
            folders.append(path)
        for number in range(files):
            name = chance.choice([b"f", b"a.", b"a-", b"zz", b"A", b"c/"[:1]]) + str(number).encode()
            size = chance.choice([0, 1, 63, 64, 4095, 4096, 30_000, 131_072, 131_073])
            write(os.path.join(chance.choice(folders), name), chance.randbytes(size))

    def held_at_fifo(self):
        path = os.path.join(self.home, b"fifo")
        os.mkfifo(path)
        return path

    def wait_for(self, condition):
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            self.assertLess(time.monotonic(), deadline, "waited too long")
            time.sleep(0.01)

    @staticmethod
    def bytes_read(process):
        with open(f"/proc/{process.pid}/io", encoding="ascii") as file:
            return int(file.readline().split()[1])

    # ---- the output --------------------------------------------------------------------------------------------------

    def test_output_equals_that_of_find_sort_sha256sum(self):
        self.fill()
        run = self.run_sum("tree")
        self.assert_all_fine(run)
        self.assertEqual(run.out, self.expected("tree"))
        self.assert_checked_by_sha256sum(run.out)

    def test_nasty_names_are_escaped_as_sha256sum_does(self):
        for name in NASTY_NAMES:
            write(os.path.join(self.tree, name), name)
            os.mkdir(os.path.join(self.tree, name[:250] + b".dir"))
            write(os.path.join(self.tree, name[:250] + b".dir", name), name + name)
        run = self.run_sum("tree")
        self.assert_all_fine(run)
        self.assertEqual(run.out, self.expected("tree"))
        self.assertIn(line_for(b"tree/new\nline", b"new\nline"), run.out)
        self.assertIn(line_for(b"tree/carriage\rreturn", b"carriage\rreturn"), run.out)
        self.assertEqual(run.out.count(b"\n"), 2 * len(NASTY_NAMES))
        self.assert_checked_by_sha256sum(run.out)

    def test_nasty_names_are_taken_from_the_command_line_as_they_are(self):
        names = [name for name in NASTY_NAMES if name != b"-"] + [b"[x,y]", b"{}", b"[]", b"\x01[", b"a=b", b"%%"]
        for name in names:
            write(os.path.join(self.home, name), name)
        run = self.run_sum("--", *names)
        self.assert_all_fine(run)
        self.assertEqual(run.out, b"".join(line_for(name, name) for name in names))
        for name in [b"[x,y]", b"{}", b"[]"]:  # alone: another way through the parser
            self.assertEqual(self.run_sum(name).out, line_for(name, name))

    def test_output_is_in_path_order_whatever_finishes_first(self):
        self.fill()
        write(os.path.join(self.tree, b"a", b"0 first and largest"), bytes(30_000_000))
        expected = self.expected("tree")
        for words in [[], [], [], ["--jobs", "1"], ["--jobs", "2"], ["--jobs", "2048"]] + [["--queue", q] for q in QUEUES]:
            with self.subTest(words=words):
                run = self.run_sum(*words, "tree")
                self.assert_all_fine(run)
                self.assertEqual(run.out, expected)

    def test_paths_keep_the_order_of_the_command_line(self):
        for name in [b"z", b"a"]:
            os.mkdir(os.path.join(self.tree, name))
            write(os.path.join(self.tree, name, b"file"), name)
        run = self.run_sum("tree/z", "tree/a/file", "tree/a/", "tree/z/file")
        self.assert_all_fine(run)
        self.assertEqual(run.out, line_for(b"tree/z/file", b"z") + 2 * line_for(b"tree/a/file", b"a")
                         + line_for(b"tree/z/file", b"z"))

    def test_sizes_around_the_buffers_boundaries(self):
        for size in [0, 1, 131_071, 131_072, 131_073, 262_144, 524_287, 524_288, 524_289, 3_000_001]:
            write(os.path.join(self.tree, str(size).encode()), random.Random(size).randbytes(size))
        run = self.run_sum("tree")
        self.assert_all_fine(run)
        self.assertEqual(run.out, self.expected("tree"))

    def test_files_that_misstate_their_size_are_read_to_the_end(self):
        run = self.run_sum("/proc/version")
        self.assert_all_fine(run)
        with open("/proc/version", "rb") as file:
            self.assertEqual(run.out, line_for(b"/proc/version", file.read()))

    def test_empty_directory_gives_no_output(self):
        run = self.run_sum("tree")
        self.assert_all_fine(run)
        self.assertEqual(run.out, b"")
        self.assertIn(b"0 files in 1 directory", run.err)

    def test_dash_is_standard_input(self):
        run = self.run_sum("-", stdin=subprocess.DEVNULL)
        self.assert_all_fine(run)
        self.assertEqual(run.out, line_for(b"-", b""))

    def test_many_directories_deep_and_wide(self):
        path = self.tree
        for level in range(120):
            path = os.path.join(path, b"level-%d" % level)
            os.mkdir(path)
            for sibling in range(3):
                os.mkdir(os.path.join(path, b"%d" % sibling))
                write(os.path.join(path, b"%d" % sibling, b"file"), b"%d" % level)
        run = self.run_sum("tree")
        self.assert_all_fine(run)
        self.assertEqual(run.out, self.expected("tree"))

    # ---- what cannot be read -----------------------------------------------------------------------------------------

    def test_missing_path_is_named_and_the_rest_is_done(self):
        write(os.path.join(self.tree, b"file"))
        run = self.run_sum("no\nsuch", "tree", "")
        self.assertEqual(run.status, 1)
        self.assertEqual(run.out, line_for(b"tree/file", b""))
        self.assertEqual(self.complaints(run), ["cmwq-sum: no\\012such: No such file or directory",
                                                "cmwq-sum: '': No such file or directory"])

    def test_unreadable_file_and_directory_are_named_and_the_rest_is_done(self):
        closed = os.path.join(self.tree, b"closed")
        os.mkdir(closed)
        write(os.path.join(self.tree, b"open"), b"open")
        write(os.path.join(self.tree, b"secret"), b"secret")
        os.chmod(os.path.join(self.tree, b"secret"), 0)
        os.chmod(closed, 0)
        self.addCleanup(os.chmod, closed, 0o700)
        run = self.run_unprivileged("tree")
        self.assertEqual(run.status, 1)
        self.assertEqual(run.out, line_for(b"tree/open", b"open"))
        self.assertEqual(self.complaints(run), ["cmwq-sum: tree/closed: Permission denied",
                                                "cmwq-sum: tree/secret: Permission denied"])

    def run_unprivileged(self, *words):
        """Root may read everything: become somebody else, with a copy of the program that everybody can reach."""
        if os.geteuid() != 0:
            return self.run_sum(*words)
        os.chmod(self.home, 0o755)
        copy = shutil.copy(PROGRAM, os.path.join(os.fsdecode(self.home), "cmwq-sum"))
        try:
            process = subprocess.Popen([copy, *words], cwd=self.home, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       user=65534, group=65534, extra_groups=[])
        except PermissionError as error:
            self.skipTest(f"cannot become another user: {error}")
        return self.finish(process)

    def test_error_while_reading_is_named(self):
        # Address 0 of the reading process itself is mapped nowhere.
        write(os.path.join(self.tree, b"file"))
        run = self.run_sum("/proc/self/mem", "tree")
        self.assertEqual(run.status, 1)
        self.assertEqual(run.out, line_for(b"tree/file", b""))
        self.assertEqual(self.complaints(run), ["cmwq-sum: /proc/self/mem: Input/output error"])

    def test_file_that_vanishes_is_named_and_the_rest_is_done(self):
        fifo = self.held_at_fifo()
        for name in [b"1", b"2", b"3"]:
            write(os.path.join(self.tree, name), name)
        libc = ctypes.CDLL(None, use_errno=True)
        watch = libc.inotify_init()
        close_nowrite = 0x10
        self.assertGreaterEqual(libc.inotify_add_watch(watch, self.tree, close_nowrite), 0)
        process = self.start("--jobs", "1", fifo, "tree")  # one at a time: nothing of the tree is opened before the end
        with open(fifo, "wb"):
            self.assertTrue(select.select([watch], [], [], TIMEOUT)[0], "the directory was not read")
            os.remove(os.path.join(self.tree, b"2"))
        os.close(watch)
        run = self.finish(process)
        self.assertEqual(run.status, 1)
        self.assertEqual(run.out, line_for(fifo, b"") + line_for(b"tree/1", b"1") + line_for(b"tree/3", b"3"))
        self.assertEqual(self.complaints(run), ["cmwq-sum: tree/2: No such file or directory"])

    def test_file_replaced_by_a_fifo_is_refused_without_waiting_for_a_writer(self):
        fifo = self.held_at_fifo()
        write(os.path.join(self.tree, b"1"), b"1")
        libc = ctypes.CDLL(None, use_errno=True)
        watch = libc.inotify_init()
        self.assertGreaterEqual(libc.inotify_add_watch(watch, self.tree, 0x10), 0)
        process = self.start("--jobs", "1", fifo, "tree")
        with open(fifo, "wb"):
            self.assertTrue(select.select([watch], [], [], TIMEOUT)[0], "the directory was not read")
            os.remove(os.path.join(self.tree, b"1"))
            os.mkfifo(os.path.join(self.tree, b"1"))
        os.close(watch)
        run = self.finish(process)
        self.assertEqual(run.status, 1)
        self.assertEqual(self.complaints(run), ["cmwq-sum: tree/1: no longer a regular file"])

    def test_path_beyond_the_kernels_limit_is_named_and_the_rest_is_done(self):
        write(os.path.join(self.tree, b"zz"), b"zz")
        folder = os.open(self.tree, os.O_RDONLY)
        for _ in range(20):
            os.mkdir(b"d" * 250, dir_fd=folder)
            below = os.open(b"d" * 250, os.O_RDONLY, dir_fd=folder)
            os.close(folder)
            folder = below
        os.close(folder)
        run = self.run_sum("tree")
        self.assertEqual(run.status, 1)
        self.assertEqual(run.out, line_for(b"tree/zz", b"zz"))
        self.assertEqual(len(self.complaints(run)), 1)
        self.assertTrue(self.complaints(run)[0].endswith(": File name too long"))

    def test_special_files_in_trees_are_skipped_with_a_note(self):
        os.mkfifo(os.path.join(self.tree, b"a fifo"))
        write(os.path.join(self.tree, b"file"))
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as listener:
            here = os.getcwd()
            os.chdir(self.tree)  # the name of a socket must be short
            listener.bind("socket")
            os.chdir(here)
            run = self.run_sum("tree")
            quiet = self.run_sum("--quiet", "tree")
        self.assertEqual((run.status, run.out), (0, line_for(b"tree/file", b"")))
        self.assertEqual(self.complaints(run), ["cmwq-sum: tree/a fifo: FIFO, skipped",
                                                "cmwq-sum: tree/socket: socket, skipped"])
        self.assertIn(b"; 2 skipped", run.err)
        self.assertEqual((quiet.status, quiet.out, quiet.err), (0, run.out, b""))

    # ---- symbolic links ----------------------------------------------------------------------------------------------

    def make_links(self):
        os.mkdir(os.path.join(self.tree, b"real"))
        write(os.path.join(self.tree, b"real", b"file"), b"real")
        os.symlink(b"real", os.path.join(self.tree, b"to-directory"))
        os.symlink(b"real/file", os.path.join(self.tree, b"to-file"))

    def test_links_in_trees_are_not_followed_and_paths_are(self):
        self.make_links()
        os.symlink(b"nowhere", os.path.join(self.tree, b"dangling"))
        os.symlink(b"..", os.path.join(self.tree, b"up"))
        run = self.run_sum("tree", "tree/to-directory", "tree/to-file")
        self.assert_all_fine(run)
        self.assertEqual(run.out, line_for(b"tree/real/file", b"real") + line_for(b"tree/to-directory/file", b"real")
                         + line_for(b"tree/to-file", b"real"))

    def test_dereference_follows_links_in_trees(self):
        self.make_links()
        run = self.run_sum("-L", "tree")
        self.assert_all_fine(run)
        self.assertEqual(run.out, line_for(b"tree/real/file", b"real") + line_for(b"tree/to-directory/file", b"real")
                         + line_for(b"tree/to-file", b"real"))

    def test_directory_loop_and_dangling_link_are_named_and_the_rest_is_done(self):
        self.make_links()
        os.symlink(b"..", os.path.join(self.tree, b"real", b"loop"))
        os.symlink(b"nowhere", os.path.join(self.tree, b"dangling"))
        run = self.run_sum("--dereference", "tree")
        self.assertEqual(run.status, 1)
        self.assertEqual(run.out.count(b"\n"), 3)
        self.assertEqual(self.complaints(run), [
            "cmwq-sum: tree/dangling: No such file or directory",
            "cmwq-sum: tree/real/loop: directory loop: the same directory as tree, not entered",
            "cmwq-sum: tree/to-directory/loop: directory loop: the same directory as tree, not entered"])

    # ---- early ends --------------------------------------------------------------------------------------------------

    def test_broken_pipe_ends_the_run_with_one_message(self):
        self.fill(files=3000)  # more lines than a pipe holds
        process = self.start("tree", stderr=subprocess.PIPE)
        self.assertEqual(len(process.stdout.readline().split(b"  ")), 2)
        process.stdout.close()
        _, err = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 141)
        self.assertEqual(err.count(b"Broken pipe"), 1)
        self.assertRegex(err, rb"cmwq-sum: standard output: Broken pipe: [0-9,]+ files done and printed\n")

    def test_full_disk_ends_the_run_with_one_message(self):
        self.fill(files=100)
        with open("/dev/full", "wb") as full:
            run = self.run_sum("tree", stdout=full)
        self.assertEqual(run.status, 3)
        self.assertEqual(self.complaints(run),
                         ["cmwq-sum: standard output: No space left on device: 0 files done and printed"])

    def interrupt_in_the_middle(self, number):
        """Returns a run that got the signal while it was reading a file without end."""
        for name in [b"1", b"2"]:
            write(os.path.join(self.tree, name), name)
        with open(os.path.join(self.tree, b"3 endless"), "wb") as endless:
            endless.truncate(1 << 40)
        write(os.path.join(self.tree, b"4"), b"4")
        process = self.start("tree")
        self.wait_for(lambda: self.bytes_read(process) > 10_000_000)
        process.send_signal(number)
        return self.finish(process)

    def test_interrupt_stops_soon_and_prints_a_beginning_of_the_output(self):
        for number, status in [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]:
            with self.subTest(signal=number.name):
                run = self.interrupt_in_the_middle(number)
                self.assertEqual(run.status, status)
                self.assertEqual(run.out, line_for(b"tree/1", b"1") + line_for(b"tree/2", b"2"))
                self.assertEqual(self.complaints(run),
                                 [f"cmwq-sum: interrupted by {number.name}: 2 files done and printed"])

    def test_interrupt_ends_a_run_that_hangs_in_a_read(self):
        fifo = self.held_at_fifo()
        process = self.start(fifo)
        with open(fifo, "wb"):
            process.send_signal(signal.SIGINT)
            run = self.finish(process)
        self.assertEqual((run.status, run.out), (130, b""))
        self.assertEqual(run.err, b"cmwq-sum: interrupted by SIGINT: 0 files done and printed\n")

    def test_ignored_signal_stays_ignored(self):
        fifo = self.held_at_fifo()
        process = self.start(fifo, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        with open(fifo, "wb") as writer:
            process.send_signal(signal.SIGHUP)
            writer.write(b"text")
        run = self.finish(process)
        self.assert_all_fine(run)
        self.assertEqual(run.out, line_for(fifo, b"text"))

    # ---- limits ------------------------------------------------------------------------------------------------------

    def test_jobs_limits_the_files_hashed_at_once(self):
        for number in range(100):  # more than a batch between the FIFOs, so that different items meet them
            write(os.path.join(self.tree, b"%d" % number))
        fifos = [os.path.join(self.home, b"fifo%d" % number) for number in range(3)]
        for fifo in fifos:
            os.mkfifo(fifo)
        process = self.start("--jobs", "1", fifos[0], "tree", fifos[1], "tree", fifos[2])
        for number, fifo in enumerate(fifos):
            with open(fifo, "wb") as writer:
                self.wait_until_idle(process)
                for later in fifos[number + 1:]:
                    with self.assertRaises(OSError, msg="a second file is open"):  # nobody reads it
                        os.open(later, os.O_WRONLY | os.O_NONBLOCK)
                writer.write(b"text")
        run = self.finish(process)
        self.assert_all_fine(run)
        self.assertEqual(run.out.count(b"\n"), 203)

    def test_results_behind_a_slow_file_are_bounded(self):
        fifo = self.held_at_fifo()
        for number in range(500):
            write(os.path.join(self.tree, b"%d" % number))
        process = self.start("--stats", "json", fifo, *(["tree"] * 300))  # 150,000 results, if nothing stopped it
        with open(fifo, "wb"):
            self.wait_until_idle(process)
        run = self.finish(process)
        self.assertEqual((run.status, run.out.count(b"\n")), (0, 150_001))
        self.assertLess(json.loads(run.err)["most_bytes_waiting"], 17 * 1024 * 1024)

    def wait_until_idle(self, process):
        """Until it has read nothing for a while. Too early would only make the test weaker, never fail it."""
        before = -1
        while before != (now := self.bytes_read(process) + self.cpu_ticks(process)):
            before = now
            time.sleep(0.3)

    @staticmethod
    def cpu_ticks(process):
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
            return sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))

    # ---- reports -----------------------------------------------------------------------------------------------------

    def test_summary_as_json_says_what_was_done(self):
        write(os.path.join(self.tree, b"1"), b"12345")
        write(os.path.join(self.tree, b"2"), b"678")
        os.mkfifo(os.path.join(self.tree, b"fifo"))
        run = self.run_sum("--quiet", "--stats", "json", "--queue", "percpu", "--jobs", "3", "tree", "missing")
        lines = run.err.split(b"\n", 1)
        self.assertEqual(lines[0], b"cmwq-sum: missing: No such file or directory")
        figures = json.loads(lines[1])
        wanted = {"files": 2, "bytes": 8, "directories": 1, "failures": 1, "skipped": 1, "lines_written": 2,
                  "queue": "percpu", "jobs": 3, "exit_status": 1}
        self.assertEqual({key: figures[key] for key in wanted}, wanted)
        self.assertEqual(run.status, 1)
        for key in ["work_items", "workers_created", "most_items_in_flight", "most_bytes_waiting", "wall_seconds"]:
            self.assertGreater(figures[key], 0, key)
        self.assertGreaterEqual(figures["user_seconds"] + figures["system_seconds"], 0)

    def test_summary_goes_to_the_stats_file(self):
        write(os.path.join(self.tree, b"1"), b"12345")
        run = self.run_sum("--stats", "json", "--stats-file", "figures", "tree")
        self.assertEqual((run.status, run.err), (0, b""))
        with open(os.path.join(self.home, b"figures"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["bytes"], 5)

    def test_stats_file_that_cannot_be_made_is_found_before_the_work(self):
        run = self.run_sum("--stats-file", "no/such/place", "tree")
        self.assertEqual((run.status, run.out), (2, b""))
        self.assertEqual(run.err, b"cmwq-sum: no/such/place: No such file or directory\n")

    def test_summary_in_words(self):
        write(os.path.join(self.tree, b"1"), b"12345")
        run = self.run_sum("tree")
        self.assertRegex(run.err, rb"\Acmwq-sum: 1 file in 1 directory, 5 B\n"
                                  rb"cmwq-sum: [0-9.]+ s wall, [0-9.]+ s CPU \([0-9.]+ user, [0-9.]+ system\), .*/s\n"
                                  rb"cmwq-sum: [0-9,]+ work items, at most [0-9,]+ in flight; "
                                  rb"[0-9,]+ workers? created; queue unbound\n\Z")
        self.assertEqual(self.run_sum("-q", "tree").err, b"")

    def run_on_terminal(self, *words):
        """Runs with standard error on a terminal, held for three pictures of the bar. A message follows, then the end.
        Returns what the terminal got."""
        fifo = self.held_at_fifo()
        ours, theirs = pty.openpty()
        process = self.start(*words, fifo, "missing", stderr=theirs)
        os.close(theirs)
        with open(fifo, "wb"):
            seen = self.read_terminal(ours, lambda text: text.count(b"files, ") >= 3, 1.0)
        seen += self.read_terminal(ours, lambda text: False, TIMEOUT)
        os.close(ours)
        self.assertEqual((process.wait(TIMEOUT), process.stdout.read()), (1, line_for(fifo, b"")))
        process.stdout.close()
        os.remove(fifo)
        return seen

    @staticmethod
    def read_terminal(terminal, enough, seconds):
        seen = b""
        deadline = time.monotonic() + seconds
        while not enough(seen) and select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
            try:
                seen += os.read(terminal, 4096)
            except OSError:  # the other side is closed
                break
        return seen

    def test_progress_bar_is_drawn_on_a_terminal_and_erased_before_anything_else(self):
        erase = b"\r\x1b[K"
        seen = self.run_on_terminal()
        self.assertRegex(seen, rb"files, .*/s, ")
        self.assertEqual(seen.count(b"cmwq-sum: "), 4)  # the message and the summary
        for before in seen.split(b"cmwq-sum: ")[:-1]:
            self.assertTrue(before.endswith((erase, b"\n")), seen)

    def test_no_progress_bar_unless_wanted(self):
        for words in (["--no-progress"], ["--quiet"]):
            self.assertNotIn(b"\x1b", self.run_on_terminal(*words))

    # ---- usage -------------------------------------------------------------------------------------------------------

    def test_bad_usage_is_status_2_and_says_why(self):
        for words, why in [([], b"PATH is required"), (["--nonsense", "tree"], b"--nonsense"),
                           (["--jobs", "0", "tree"], b"--jobs"), (["--jobs", "many", "tree"], b"--jobs"),
                           (["--queue", "fast", "tree"], b"--queue"), (["--stats", "xml", "tree"], b"--stats")]:
            with self.subTest(words=words):
                run = self.run_sum(*words)
                self.assertEqual((run.status, run.out), (2, b""))
                self.assertIn(why, run.err)
                self.assertIn(b"cmwq-sum --help", run.err)

    def test_help_names_every_option_and_exit_status(self):
        run = self.run_sum("--help")
        self.assertEqual((run.status, run.err), (0, b""))
        for word in ["--dereference", "--jobs", "--queue", "--no-progress", "--quiet", "--stats", "--stats-file",
                     "--version", *QUEUES, " 0 ", " 1 ", " 2 ", " 3 ", " 130 ", " 141 "]:
            self.assertIn(word.encode(), run.out)

    def test_version_names_the_program_and_openssl(self):
        run = self.run_sum("--version")
        self.assertEqual((run.status, run.err), (0, b""))
        self.assertRegex(run.out, rb"\Acmwq-sum [0-9]+\.[0-9]+\.[0-9]+ \(OpenSSL .*\)\n\Z")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    if not os.stat(PROGRAM).st_mode & stat.S_IXUSR:
        sys.exit(f"{PROGRAM} is not a program")
    unittest.main(verbosity=2)
