import { QueryClient } from "@tanstack/react-query";
import { Problem } from "@/api/problem";

/** Only what may pass is tried again by itself: no connection, 429 and 5xx. */
export function worthRetrying(failures: number, error: unknown): boolean {
  if (failures >= 2) return false;
  if (!(error instanceof Problem)) return false;
  return error.status === 0 || error.status === 429 || error.status >= 500;
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: worthRetrying,
      retryDelay: (failures) => Math.min(1000 * 2 ** failures, 8000),
    },
    mutations: { retry: false },
  },
});
