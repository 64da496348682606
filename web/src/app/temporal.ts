import type { Temporal as Standard } from "temporal-polyfill";

/** The standard's dates and times: the browser's own, or the polyfill that `main.tsx` (or the tests' setup) loaded. */
export const Temporal = (globalThis as unknown as { Temporal: typeof Standard }).Temporal;
