import type { Diagnosis } from "@/api/types";

/** Plain text to paste into a ticket. The server has redacted the evidence already. */
export function diagnosisReport(diagnosis: Diagnosis): string {
  const lines = [`${diagnosis.title} (${diagnosis.code})`, "", diagnosis.cause];
  if (diagnosis.evidence.length > 0) {
    lines.push("", ...diagnosis.evidence.map(({ label, value }) => `${label}: ${value}`));
  }
  if (diagnosis.fix.length > 0)
    lines.push("", ...diagnosis.fix.map((step, index) => `${index + 1}. ${step}`));
  return lines.join("\n");
}

/** Index of the first character where two strings differ, or -1 where they are equal. */
export function firstDifference(a: string, b: string): number {
  if (a === b) return -1;
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i += 1) if (a[i] !== b[i]) return i;
  return end;
}

/** Reads the diagnosis that the server put into the fragment of `/connect/failed#d=…` (base64url of JSON in UTF-8). */
export function diagnosisFromFragment(fragment: string): Diagnosis | null {
  const encoded = fragment.replace(/^#?d=/, "").replaceAll("-", "+").replaceAll("_", "/");
  try {
    const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isDiagnosis(value) ? value : null;
  } catch {
    return null;
  }
}

function isDiagnosis(value: unknown): value is Diagnosis {
  if (typeof value !== "object" || value === null) return false;
  const it = value as Record<string, unknown>;
  return (
    typeof it.code === "string" &&
    typeof it.title === "string" &&
    typeof it.cause === "string" &&
    Array.isArray(it.evidence) &&
    Array.isArray(it.fix) &&
    typeof it.next === "object" &&
    it.next !== null
  );
}
