import { expect, test } from "vitest";
import { fieldErrors, Problem } from "./problem";

const problem = (message: string, fix: string) =>
  new Problem({
    status: 422,
    code: "form.refused",
    detail: "",
    errors: [{ pointer: "/values/url", code: "credentials.wrong", message, fix }],
  });

test("what is wrong with a field and what to do are two sentences", () => {
  const said = (message: string, fix: string) =>
    fieldErrors(problem(message, fix), { "/values/url": "url" }).byField.url;
  expect(said("The key is wrong", "Copy it again.")).toBe("The key is wrong. Copy it again.");
  expect(said("The key is wrong.", "Copy it again.")).toBe("The key is wrong. Copy it again.");
  expect(said("Who are you?", "Sign in.")).toBe("Who are you? Sign in.");
  expect(said("The key is wrong", "")).toBe("The key is wrong");
});
