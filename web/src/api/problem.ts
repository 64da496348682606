import type { Diagnosis, ProblemBody } from "./types";

/** One wrong field, as the server names it. */
export interface FieldProblem {
  pointer: string;
  code: string;
  message: string;
  fix?: string | null;
}

/** The code of a request that never got an answer: no connection, or the server is down. */
export const UNREACHABLE = "here.unreachable";

/** Any failed call, in the words of the server's RFC 9457 problem. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly errors: FieldProblem[];
  readonly diagnosis: Diagnosis | null;
  readonly reference: string | null;
  /** Seconds, from `Retry-After`. */
  readonly retryAfter: number | null;

  constructor(
    body: Partial<ProblemBody> & { code: string; status: number },
    retryAfter: number | null = null,
  ) {
    super(body.detail || body.title || body.code);
    this.name = "Problem";
    this.status = body.status;
    this.code = body.code;
    this.title = body.title ?? "";
    this.detail = body.detail ?? "";
    this.errors = body.errors ?? [];
    this.diagnosis = body.diagnosis ?? null;
    this.reference = body.reference ?? null;
    this.retryAfter = retryAfter;
  }
}

function isProblemBody(body: unknown): body is ProblemBody {
  return typeof body === "object" && body !== null && typeof (body as ProblemBody).code === "string";
}

/** Reads a failed answer; what is no problem document (a proxy's page, an empty body) keeps its status. */
export function problemOf(response: Pick<Response, "status" | "headers">, body: unknown): Problem {
  const wait = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  const retryAfter = Number.isFinite(wait) ? wait : null;
  if (isProblemBody(body)) return new Problem({ ...body, status: response.status }, retryAfter);
  return new Problem({ status: response.status, code: `http.${response.status}` }, retryAfter);
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError) return new Problem({ status: 0, code: UNREACHABLE });
  const detail = error instanceof Error ? error.message : String(error);
  return new Problem({ status: 0, code: "here.unexpected", detail });
}

/** Titles of diagnoses end without a full stop, and a fix comes after them. */
const asSentence = (text: string) => (/[.!?…]$/.test(text) ? text : `${text}.`);

/**
 * Splits a problem's field errors into those of the form's own fields and the rest.
 *
 * `fields` maps a JSON pointer (`/values/password`) to the form's name of the field. A pointer that goes deeper
 * than a known one counts for it (`/email/domain` → `/email`); the longest match wins.
 */
export function fieldErrors<Name extends string>(
  problem: Problem | null,
  fields: Record<string, Name>,
): { byField: Partial<Record<Name, string>>; others: FieldProblem[] } {
  const byField: Partial<Record<Name, string>> = {};
  const others: FieldProblem[] = [];
  const pointers = Object.keys(fields).sort((a, b) => b.length - a.length);
  for (const error of problem?.errors ?? []) {
    const pointer = pointers.find(
      (known) => error.pointer === known || error.pointer.startsWith(`${known}/`),
    );
    const name = pointer === undefined ? undefined : fields[pointer];
    if (name === undefined) others.push(error);
    else byField[name] ??= error.fix ? `${asSentence(error.message)} ${error.fix}` : error.message;
  }
  return { byField, others };
}
