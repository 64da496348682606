import { expect, test } from "vitest";
import { nonceOf } from "./nonce";

test("the nonce is read from the fragment with and without its sign", () => {
  expect(nonceOf("#nonce=a-b_c")).toBe("a-b_c");
  expect(nonceOf("nonce=a-b_c&x=1")).toBe("a-b_c");
});

test("no nonce is none", () => {
  expect(nonceOf("")).toBeNull();
  expect(nonceOf("#nonce=")).toBeNull();
  expect(nonceOf("#other=1")).toBeNull();
});
