import createClient from "openapi-fetch";
import { asProblem, type Problem, problemOf } from "./problem";
import type { paths } from "./schema";

export const api = createClient<paths>({ baseUrl: "/", credentials: "same-origin" });

type Listener = () => void;
const signedOut = new Set<Listener>();

/** Tells `listener` when a call is refused because the session has ended. */
export function onSignedOut(listener: Listener): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

export function reportIfSignedOut(problem: Problem) {
  if (problem.status === 401 && problem.code !== "auth.wrong") for (const listener of signedOut) listener();
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Waits for a call and gives its data, or throws a `Problem`. An abort is thrown as it is. */
export async function call<T>(request: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw asProblem(error);
  }
  if (answer.error !== undefined || !answer.response.ok) {
    const problem = problemOf(answer.response, answer.error);
    reportIfSignedOut(problem);
    throw problem;
  }
  return answer.data as T;
}
