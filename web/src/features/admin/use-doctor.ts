import { useCallback, useEffect, useRef, useState } from "react";
import { reportIfSignedOut } from "@/api/client";
import { asProblem, Problem, problemOf } from "@/api/problem";
import type { DoctorProgress, DoctorReport, DoctorRow } from "@/api/types";

/** What the doctor has found so far. */
export interface Examination {
  areas: string[];
  /** By area, once it was looked at. */
  rows: Record<string, DoctorRow[]>;
  report: DoctorReport | null;
}

const NOTHING: Examination = { areas: [], rows: {}, report: null };

/** The state after one more message of the doctor. */
export function heard(so: Examination, progress: DoctorProgress): Examination {
  switch (progress.kind) {
    case "planned":
      return { areas: progress.areas, rows: {}, report: null };
    case "checked":
      return { ...so, rows: { ...so.rows, [progress.area]: progress.rows } };
    case "done":
      return { ...so, report: progress };
  }
}

/** Reads whole messages off a stream of server-sent events; what is left over is given back. */
export function messages(text: string): { data: string[]; rest: string } {
  const parts = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = parts.pop() ?? "";
  const data = parts.map((part) =>
    part
      .split("\n")
      .filter((line) => line.startsWith("data:"))
      .map((line) => line.slice(5).replace(/^ /, ""))
      .join("\n"),
  );
  return { data: data.filter(Boolean), rest };
}

async function follow(signal: AbortSignal, tell: (progress: DoctorProgress) => void) {
  const response = await fetch("/api/v1/admin/doctor", { signal, headers: { accept: "text/event-stream" } });
  if (!response.ok || !response.body) {
    const problem = problemOf(response, await response.json().catch(() => null));
    reportIfSignedOut(problem);
    throw problem;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let left = "";
  let done = false;
  for (;;) {
    const piece = await reader.read();
    if (piece.done) break;
    const { data, rest } = messages(left + piece.value);
    left = rest;
    for (const text of data) {
      const progress = JSON.parse(text) as DoctorProgress;
      done ||= progress.kind === "done";
      tell(progress);
    }
  }
  if (!done) throw new Problem({ status: 0, code: CUT_OFF });
}

/** The answer ended before the report came. */
export const CUT_OFF = "here.cut_off";

/** Starts the doctor and follows what it finds. */
export function useDoctor() {
  const [found, setFound] = useState<Examination>(NOTHING);
  const [error, setError] = useState<Problem | null>(null);
  const [working, setWorking] = useState(false);
  const running = useRef<AbortController | null>(null);
  const stop = useCallback(() => {
    running.current?.abort();
    running.current = null;
    setWorking(false);
  }, []);
  const start = useCallback(() => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    setFound(NOTHING);
    setError(null);
    setWorking(true);
    follow(controller.signal, (progress) => setFound((so) => heard(so, progress)))
      .catch((cause) => {
        if (!controller.signal.aborted) setError(asProblem(cause));
      })
      .finally(() => {
        if (running.current === controller) setWorking(false);
      });
  }, []);
  useEffect(() => stop, [stop]);
  return { found, error, working, start, stop };
}
