"""Tests of the scripts: that the checks see what they are for, and that what is counted is what ran."""

import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import matrix  # noqa: E402  the folder must be on the path first
import running  # noqa: E402


def script(name):
    """A script without an ending, as a module."""
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(HERE / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class Licences(unittest.TestCase):
    licences = script("check-licences")
    allowed = {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"}

    def test_an_expression_is_met_or_not(self):
        cases = {
            "MIT": True, "AGPL-3.0-only": False, "MIT OR AGPL-3.0-only": True, "MIT AND AGPL-3.0-only": False, "MIT/Apache-2.0": True,
            "(MIT OR GPL-2.0) AND Apache-2.0": True, "(MIT AND GPL-2.0) OR GPL-3.0": False, "GPL-2.0 WITH Classpath-exception-2.0": False,
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0": True, "GPL-3.0 OR (GPL-2.0 AND MIT)": False,
        }
        for expression, met in cases.items():
            self.assertEqual(self.licences.is_met(expression, self.allowed), met, expression)

    def test_nonsense_is_no_expression(self):
        for nonsense in ("SEE LICENSE IN x.md", "MIT OR", "(MIT", "MIT)", "OR MIT", ""):
            with self.assertRaises(self.licences.Unreadable, msg=nonsense):
                self.licences.is_met(nonsense, self.allowed)

    def test_a_package_without_a_licence_or_with_another_is_named(self):
        packages = [("cargo", "good", "1", "MIT", False), ("npm", "bad", "2", "AGPL-3.0-only", True), ("npm", "none", "3", None, False)]
        self.assertEqual(len(list(self.licences.problems(packages))), 2)


class Directions(unittest.TestCase):
    directions = script("check-directions")

    def packages(self, **imports):
        names = dict.fromkeys(self.directions.MAY_IMPORT, ()) | {k.replace("_", "-"): v for k, v in imports.items()}
        return [{"name": name, "dependencies": [{"name": n, "kind": kind} for n, kind in of]} for name, of in names.items()]

    def found(self, **imports):
        return list(self.directions.problems(self.packages(**imports)))

    def test_a_wrong_direction_is_named(self):
        self.assertEqual(self.found(), [])
        self.assertEqual(self.found(crier_net=[("crier-model", None)]), [])
        self.assertEqual(len(self.found(crier_net=[("crier-store", None)])), 1)
        self.assertEqual(len(self.found(crier_model=[("tokio", None)])), 1)

    def test_tests_may_import_more(self):
        self.assertEqual(self.found(crier_networks=[("crier-store", "dev")]), [])

    def test_a_crate_that_is_not_in_the_table_is_named(self):
        self.assertEqual(len(self.found(crier_new=[])), 1)


class Words(unittest.TestCase):
    words = script("check-words")

    def found(self, text):
        return list(self.words.problems(self.words.ROOT / "file", text))

    def test_secrets_and_paths_are_found_and_not_shown(self):
        # Put together here, so that this file does not hold one.
        for secret in ("ghp_" + "a1" * 18, "AKIA" + "ABCDEFGH" * 2, "/wo" + "rk/main/x", "/ro" + "ot/.cargo", "<" * 7 + " HEAD"):
            found = self.found(f"first\nx {secret}" if not secret.startswith("<") else f"first\n{secret}")
            self.assertEqual(len(found), 1, secret)
            self.assertTrue(found[0].startswith("file:2: "), found)
            self.assertNotIn(secret, found[0])

    def test_ordinary_paths_and_addresses_pass(self):
        self.assertEqual(self.found("crates/home/x.rs https://example.org/work/x /var/lib/crier /home/user/x"), [])


class Docs(unittest.TestCase):
    docs = script("check-docs")

    def test_links_are_followed(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            self.docs.ROOT, self.docs.PAGES = root, root / "docs/src"
            self.docs.PAGES.mkdir(parents=True)
            page = self.docs.PAGES / "page.md"
            (self.docs.PAGES / "other.md").write_text("# Other\n\n## What `to` do\n")
            page.write_text("[a](other.md) [b](other.md#what-to-do) [c](https://example.org) `[d](nowhere.md)`\n")
            self.assertEqual(list(self.docs.links(page)), [])
            page.write_text("[a](nowhere.md) [b](other.md#nothing) [c](../../outside.md)\n")
            (root / "outside.md").write_text("")
            self.assertEqual(len(list(self.docs.links(page))), 3)


class Counting(unittest.TestCase):
    def test_every_test_program_counts(self):
        text = ("running 3 tests\ntest result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n"
                "test result: ok. 4 passed; 0 failed; 5 ignored; 0 measured; 1 filtered out\n")
        count = running.count_libtest(text)
        self.assertEqual((count.passed, count.failed, count.ignored), (5, 2, 5))

    def run_step(self, method, command, **options):
        with tempfile.TemporaryDirectory() as folder:
            run = running.Run(pathlib.Path(folder), pathlib.Path(folder))
            run.current = "section"
            getattr(run, method)("step", command, **options)
            count = run.rows[0][2]
            return count.passed, count.failed

    def test_a_check_passes_or_fails_by_its_exit_code(self):
        self.assertEqual(self.run_step("command", ["true"]), (1, 0))
        self.assertEqual(self.run_step("command", ["false"]), (0, 1))

    def test_tests_count_what_they_say_and_none_is_a_failure(self):
        self.assertEqual(self.run_step("tests", ["echo", "7 passed, 0 failed"]), (7, 0))
        self.assertEqual(self.run_step("tests", ["sh", "-c", "echo '7 passed, 2 failed'; exit 1"]), (7, 2))
        self.assertEqual(self.run_step("tests", ["true"]), (0, 1))
        # A crash after the last line still fails.
        self.assertEqual(self.run_step("tests", ["sh", "-c", "echo '7 passed, 0 failed'; exit 1"]), (7, 1))

    def test_what_failed_is_named_and_what_passed_is_not_shown(self):
        told = ("✔ goes well (12.5ms)\n✖ ends badly (30000.1ms)\ntest a::works ... ok\ntest a::breaks ... FAILED\n FAIL  src/x.test.ts > counts\n"
                "✖ failing tests:\n✖ ends badly (30000.1ms)\n  why it did\n")
        self.assertEqual(running.names_of_failed(told), ["ends badly", "a::breaks", "src/x.test.ts > counts"])
        shown = io.StringIO()
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(shown):
            run = running.Run(pathlib.Path(folder), pathlib.Path(folder))
            run.current = "section"
            run.note("step", running.Count(2, 3), 0.0, told)
            run.sum_up()
        self.assertIn("FAILED section, step: ends badly\n", shown.getvalue())
        self.assertIn("|   why it did", shown.getvalue())
        self.assertNotIn("goes well", shown.getvalue())
        self.assertTrue(shown.getvalue().endswith("2 passed, 3 failed\n"))

    def test_what_is_built_upon_a_crate_is_found_through_others(self):
        programs = running.TestPrograms([], {"a": {"serde"}, "b": {"a"}, "c": {"b"}, "d": set()})
        self.assertEqual(programs.above("a"), {"a", "b", "c"})


class Matrix(unittest.TestCase):
    wanted = {"database": ["a", "b"], "killed": ["c"], "browser": ["a"]}

    def row(self, name, on="SQLite", got="x"):
        return {"row": name, "on": on, "expected": "x", "got": got}

    def found(self, rows, places=("database",)):
        return list(matrix.row_problems(rows, self.wanted, places))

    def test_each_row_must_be_told_where_it_belongs(self):
        whole = [self.row("a"), self.row("b", "PostgreSQL")]
        self.assertEqual(self.found(whole), [])
        self.assertEqual(len(self.found(whole[:1])), 1)
        self.assertEqual(len(self.found(whole, ["database", "killed", "browser"])), 2)
        self.assertEqual(self.found([*whole, self.row("c", "SIGKILL"), self.row("a", "Chromium")], ["database", "killed", "browser"]), [])

    def test_a_row_that_came_out_otherwise_or_is_not_listed_is_named(self):
        whole = [self.row("a"), self.row("b")]
        self.assertEqual(len(self.found([*whole, self.row("a", got="y")])), 1)
        self.assertEqual(len(self.found([*whole, self.row("new")])), 1)
        self.assertEqual(len(self.found([*whole, self.row("b", "Chromium")])), 1)

    def test_each_code_must_be_raised_unless_it_is_for_later(self):
        self.assertEqual(list(matrix.code_problems({"x"}, ["x", "y"], {"y": "z"})), [])
        self.assertEqual(len(list(matrix.code_problems({"x"}, ["x", "y"], {}))), 1)
        self.assertEqual(len(list(matrix.code_problems({"x", "y"}, ["x", "y"], {"y": "z"}))), 1)
        self.assertEqual(len(list(matrix.code_problems({"x"}, ["x"], {"y": "z"}))), 1)

    def test_the_list_and_the_codes_can_be_read(self):
        rows, later = matrix.wanted()
        self.assertGreater(sum(map(len, rows.values())), 50)
        self.assertGreater(len(matrix.codes()), 40)
        self.assertTrue(later.keys() <= set(matrix.codes()))


if __name__ == "__main__":
    unittest.main(buffer=True)
