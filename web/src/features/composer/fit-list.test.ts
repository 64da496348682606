import { expect, test } from "vitest";
import { fitWords } from "./fit-list";

test("what is made of a file is said with its types, its size, its frames a second and its limit", () => {
  const fit = { kind: "made" as const, mime: ["image/png", "image/jpeg"], max_bytes: 5_000_000 };
  expect(fitWords({ ...fit, width: 1600, height: 900 })).toBe(
    "will be converted (PNG or JPEG, 1600 × 900, at most 5.0 MB)",
  );
  expect(fitWords(fit)).toBe("will be converted (PNG or JPEG, at most 5.0 MB)");
  expect(fitWords({ ...fit, mime: ["video/mp4"], frame_rate: 60 })).toBe(
    "will be converted (MP4, 60 frames a second, at most 5.0 MB)",
  );
  expect(fitWords({ kind: "as_it_is" })).toBe("fits as it is");
  expect(fitWords({ kind: "not" })).toBe("can’t go; the reason is below");
});
