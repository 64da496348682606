import { describe, expect, it } from "vitest";
import type { DoctorReport, DoctorRow } from "@/api/types";
import { heard, messages } from "./use-doctor";

const row = (title: string): DoctorRow => ({ area: "database", title, ok: true, elapsed_ms: 1 });

describe("the doctor's messages", () => {
  it("are read whole, however the stream is cut", () => {
    const stream = 'data: {"a":1}\n\n: keep-alive\n\ndata: {"b":\ndata: 2}\r\n\r\ndata: {"c"';
    for (let at = 0; at <= stream.length; at += 1) {
      const first = messages(stream.slice(0, at));
      const second = messages(first.rest + stream.slice(at));
      expect([...first.data, ...second.data].map((text) => JSON.parse(text))).toEqual([{ a: 1 }, { b: 2 }]);
      expect(second.rest.trim()).toBe('data: {"c"');
    }
  });

  it("add up to what was found, and a new plan forgets the old findings", () => {
    const report: DoctorReport = { ok: true, checks: [], text: "all" };
    let so = heard(
      { areas: [], rows: {}, report: null },
      { kind: "planned", areas: ["database", "mastodon"] },
    );
    so = heard(so, { kind: "checked", area: "database", rows: [row("SQLite answers")] });
    expect(so.rows.database).toHaveLength(1);
    expect(so.rows.mastodon).toBeUndefined();
    so = heard(so, { kind: "done", ...report });
    expect(so.report?.text).toBe("all");
    expect(heard(so, { kind: "planned", areas: ["database"] })).toEqual({
      areas: ["database"],
      rows: {},
      report: null,
    });
  });
});
