"""Runs steps of script/test: times them, keeps their output, counts what passed and failed."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import time

import services

# Far beyond what anything here takes; a step that hangs fails instead of stopping everything.
LONGEST_STEP = 30 * 60
LONGEST_TEST_PROGRAM = 10 * 60
LINES_SHOWN = 80

# How test runners say that a test passed or was left out: of no use to somebody who looks for what failed.
PASSED = re.compile(r"\s*(✔|✓|﹣|test .* \.\.\. (ok|ignored))")
# How they name one that failed: Node's, Rust's and Vitest's.
FAILED = re.compile(r"^\s*(?:✖ (.+) \([\d.]+ms\)|test (.+) \.\.\. FAILED| FAIL  (.+))$", re.M)


class Count:
    """How many tests passed, failed and were left out."""

    def __init__(self, passed=0, failed=0, ignored=0):
        self.passed, self.failed, self.ignored = passed, failed, ignored

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.ignored += other.ignored

    def __str__(self):
        parts = [f"{self.passed} passed", f"{self.failed} failed"]
        return ", ".join(parts + [f"{self.ignored} left out"] if self.ignored else parts)


def count_libtest(text):
    """What Rust's test programs say: `test result: ok. 3 passed; 0 failed; 1 ignored; …`, a line for each program."""
    count = Count()
    for passed, failed, ignored in re.findall(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", text, re.M):
        count.add(Count(int(passed), int(failed), int(ignored)))
    return count


def count_report(path):
    """Vitest's JSON report."""
    report = json.loads(path.read_text())
    left_out = report["numPendingTests"] + report["numTodoTests"]
    return Count(report["numPassedTests"], report["numFailedTests"], left_out)


def names_of_failed(text):
    """The tests that failed, each once, in the order they were told."""
    return list(dict.fromkeys(next(filter(None, names)) for names in FAILED.findall(text)))


def count_summary(text):
    """A last line `N passed, N failed`."""
    lines = re.findall(r"^(\d+) passed, (\d+) failed", text, re.M)
    return Count(*map(int, lines[-1])) if lines else Count()


class Run:
    """What was run, and what came of it."""

    def __init__(self, root, logs):
        self.root, self.logs = root, logs
        self.rows = []  # (section, step, Count, seconds)
        self.failures = []  # (section, step, test)
        self.current = ""
        self._once = {}
        logs.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def section(self, name):
        """Names what is run in it. A service that cannot be started fails the section, not the whole run."""
        self.current = name
        print(f"{name}", flush=True)
        try:
            yield
        except services.Failed as problem:
            self.failed("services", str(problem))

    def once(self, make):
        """`make(self)`, made the first time it is asked for. A falsy result is a failure that has been noted."""
        if make not in self._once:
            self._once[make] = make(self)
        return self._once[make]

    def log(self, step):
        """The file for a step's output."""
        name = re.sub(r"\W+", "-", f"{self.current} {step}").strip("-").lower()
        return open(self.logs / f"{name}.log", "w", encoding="utf-8")

    def command(self, step, arguments, **options):
        """A check: it passes when the command succeeds. True when it did."""
        return self._noted(step, arguments, lambda text: Count(), options)

    def tests(self, step, arguments, counted_in=None, **options):
        """A command that runs tests and says how many passed and failed; one that ran none has failed."""

        def count(text):
            if counted_in is None:
                rust = count_libtest(text)
                return rust if rust.passed or rust.failed else count_summary(text)
            return count_report(counted_in) if counted_in.exists() else Count()

        return self._noted(step, arguments, count, options, needs_tests=True)

    def _noted(self, step, arguments, count_in, options, needs_tests=False):
        started = time.monotonic()
        code, text = self._output(step, arguments, options)
        count = count_in(text)
        if needs_tests and code == 0 and count.passed == 0:
            code, text = 1, f"{text}\nno test was run\n"
        if code == 0 and not needs_tests:
            count.passed = 1
        if code != 0 and count.failed == 0:
            count.failed = 1
        self.note(step, count, time.monotonic() - started, "" if code == 0 else text)
        return code == 0

    def _output(self, step, arguments, options):
        """Runs a command; its exit code and what it wrote."""
        options = {"cwd": self.root, **options}
        with self.log(step) as log:
            process = subprocess.Popen([str(a) for a in arguments], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                       start_new_session=True, **options)
            try:
                code = process.wait(LONGEST_STEP)
            except subprocess.TimeoutExpired:
                log.write(f"\nstopped after {LONGEST_STEP} s\n")
                code = 1
            finally:
                services.end(process)
        return code, pathlib.Path(log.name).read_text(errors="replace")

    def failed(self, step, why):
        self.note(step, Count(failed=1), 0.0, why)

    def note(self, step, count, seconds, output):
        """Writes down what came of a step; `output` is shown, as it failed."""
        self.rows.append((self.current, step, count, seconds))
        print(f"  {'FAILED' if count.failed or output else 'ok':7}{step:28} {seconds:7.1f} s   {count}", flush=True)
        self.failures += [(self.current, step, name) for name in names_of_failed(output)]
        lines = [line for line in output.rstrip().splitlines() if not PASSED.match(line)]
        if len(lines) > LINES_SHOWN:
            print(f"    … {len(lines) - LINES_SHOWN} lines before it, all in {self.logs}")
        for line in lines[-LINES_SHOWN:]:
            print(f"    | {line}")

    def any_failed(self):
        return any(count.failed for _, _, count, _ in self.rows)

    def sum_up(self):
        """The table of sections, and the line a machine reads."""
        total, seconds = Count(), 0.0
        print()
        for name in dict.fromkeys(section for section, *_ in self.rows):
            rows = [row for row in self.rows if row[0] == name]
            count = Count()
            for _, _, of_step, _ in rows:
                count.add(of_step)
            took = sum(row[3] for row in rows)
            print(f"{name:10} {took:7.1f} s   {count}")
            total.add(count)
            seconds += took
        print(f"{'together':10} {seconds:7.1f} s")
        for section, step, name in self.failures:
            print(f"FAILED {section}, {step}: {name}")
        print(f"{total.passed} passed, {total.failed} failed")


class TestPrograms:
    """The test programs of the workspace, built once and run as often as needed."""

    def __init__(self, programs, dependants):
        self.programs = programs  # (crate, its folder, what it tests, path)
        self.dependants = dependants

    @classmethod
    def built(cls, run):
        """Builds everything there is, tests and the binary alike, with one set of features; None when that fails."""
        # The UI is built into the binary.
        if not run.command("the UI's files", ["script/build-web"]):
            return None
        command = ["cargo", "build", "--workspace", "--all-targets", "--locked", "--message-format=json-render-diagnostics"]
        started = time.monotonic()
        with run.log("build") as log:
            made = subprocess.run(command, cwd=run.root, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True, check=False)
        seconds = time.monotonic() - started
        if made.returncode != 0:
            run.note("build", Count(failed=1), seconds, pathlib.Path(log.name).read_text(errors="replace"))
            return None
        run.note("build", Count(passed=1), seconds, "")
        return cls(*cls._read(run, made.stdout))

    @staticmethod
    def _read(run, messages):
        command = ["cargo", "metadata", "--no-deps", "--format-version", "1", "--locked", "--quiet"]
        metadata = json.loads(subprocess.run(command, cwd=run.root, check=True, stdout=subprocess.PIPE).stdout)
        packages = {package["id"]: package for package in metadata["packages"]}
        imports = {p["name"]: {d["name"] for d in p["dependencies"]} for p in metadata["packages"]}
        programs = []
        for message in map(json.loads, messages.splitlines()):
            if message["reason"] == "compiler-artifact" and message["profile"]["test"] and message["executable"]:
                package = packages[message["package_id"]]
                folder = pathlib.Path(package["manifest_path"]).parent
                programs.append((package["name"], folder, message["target"]["name"], message["executable"]))
        return sorted(programs), imports

    def above(self, crate):
        """`crate` and every crate that is built upon it."""
        found = {crate}
        while True:
            more = {name for name, imports in self.dependants.items() if imports & found} - found
            if not more:
                return found
            found |= more

    def run_all(self, run, step, arguments=(), environment=None, above=None):
        """Runs the programs, those of `above` and what is built upon it when it is given; a step that ran no test has failed."""
        chosen = [p for p in self.programs if above is None or p[0] in self.above(above)]
        total, output, started = Count(), [], time.monotonic()
        with run.log(step) as log:
            for crate, folder, target, path in chosen:
                count, text = self._run(crate, folder, path, arguments, environment or {})
                log.write(f"\n=== {crate} {target}\n{text}")
                log.flush()
                total.add(count)
                if count.failed:
                    output.append(f"=== {crate} {target}\n{text}")
        if total.passed == 0 and not total.failed:
            total.failed = 1
            output.append("no test was run")
        run.note(step, total, time.monotonic() - started, "\n".join(output))

    @staticmethod
    def _run(crate, folder, path, arguments, environment):
        # Most of what tests do is waiting for sockets and disks.
        environment = {"RUST_TEST_THREADS": str(4 * (os.cpu_count() or 1)), "CARGO_MANIFEST_DIR": str(folder), "CARGO_PKG_NAME": crate,
                       **os.environ, **environment}
        process = subprocess.Popen([path, *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL, start_new_session=True, text=True, errors="replace")
        try:
            text, _ = process.communicate(timeout=LONGEST_TEST_PROGRAM)
        except subprocess.TimeoutExpired:
            services.end(process)
            text = (process.communicate()[0] or "") + f"\nstopped after {LONGEST_TEST_PROGRAM} s\n"
        count = count_libtest(text)
        if process.returncode != 0 and count.failed == 0:
            count.failed = 1
        return count, text
