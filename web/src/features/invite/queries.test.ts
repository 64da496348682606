import { describe, expect, it } from "vitest";
import { tokenOf } from "./queries";

const TOKEN = `${"a".repeat(40)}-_9`;

describe("the token of an invite link", () => {
  it("is what is behind its hash", () => {
    expect(tokenOf(` https://crier.example/invite#${TOKEN} `)).toBe(TOKEN);
    expect(tokenOf(`#${TOKEN}`)).toBe(TOKEN);
    expect(tokenOf(TOKEN)).toBe(TOKEN);
  });

  it("is missing where the link was cut off or is another address", () => {
    for (const link of [
      "",
      "#",
      `https://crier.example/invite#${TOKEN.slice(1)}`,
      `#${TOKEN}.`,
      `#nonce=${TOKEN}`,
    ]) {
      expect(tokenOf(link)).toBeNull();
    }
  });
});
