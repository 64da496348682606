import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import type { QueryClient } from "@tanstack/react-query";
import { CrashPage, LoadingPage, NotFoundPage } from "./fallbacks";
import { queryClient } from "./query-client";
import { meQuery, safeNext } from "./session";
import { SignedIn } from "./signed-in";

const rootRoute = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFoundPage,
});

const text = (value: unknown): string | undefined => (typeof value === "string" && value ? value : undefined);

/* ---- without a session ---- */

const nextSearch = (search: Record<string, unknown>): { next?: string } => ({ next: safeNext(search.next) });

const signIn = createRoute({
  getParentRoute: () => rootRoute,
  path: "sign-in",
  validateSearch: nextSearch,
  component: lazyRouteComponent(() => import("@/features/auth/sign-in"), "SignInPage"),
});

const signUp = createRoute({
  getParentRoute: () => rootRoute,
  path: "sign-up",
  validateSearch: nextSearch,
  component: lazyRouteComponent(() => import("@/features/auth/sign-up"), "SignUpPage"),
});

/* ---- with a session ---- */

const signedIn = createRoute({
  getParentRoute: () => rootRoute,
  id: "signed-in",
  component: SignedIn,
  beforeLoad: async ({ context, location }) => {
    const me = await context.client.ensureQueryData(meQuery);
    if (!me) throw redirect({ to: "/sign-in", search: { next: location.href === "/" ? undefined : location.href } });
    return { me };
  },
});

const routeTree = rootRoute.addChildren([signIn, signUp, signedIn.addChildren([])]);

export const router = createRouter({
  routeTree,
  context: { client: queryClient },
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
  defaultPendingComponent: LoadingPage,
  defaultPendingMs: 200,
  defaultErrorComponent: CrashPage,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

export { text as textParam };
