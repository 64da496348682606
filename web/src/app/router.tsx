import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import type { AttemptFilter } from "@/features/admin/queries";
import { CalendarPage } from "@/features/calendar/page";
import { calendarSearch } from "@/features/calendar/search";
import { startsAtWelcome } from "@/features/first-run/start";
import { CrashPage, LoadingPage, NotFoundPage } from "./fallbacks";
import { queryClient } from "./query-client";
import { meQuery, rememberedWorkspace, safeNext } from "./session";
import { SignedIn } from "./signed-in";

const rootRoute = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFoundPage,
});

type Search = Record<string, unknown>;

const text = (value: unknown): string | undefined => (typeof value === "string" && value ? value : undefined);

/* ---- without a session ---- */

const nextSearch = (search: Search): { next?: string } => ({ next: safeNext(search.next) });

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

const connectFailed = createRoute({
  getParentRoute: () => rootRoute,
  path: "connect/failed",
  component: lazyRouteComponent(() => import("@/features/connect/failed-page"), "ConnectFailedPage"),
});

/* ---- by an invite link ---- */

const invited = createRoute({
  getParentRoute: () => rootRoute,
  id: "invited",
  component: lazyRouteComponent(() => import("@/features/invite/frame"), "InviteFrame"),
});

const invite = createRoute({
  getParentRoute: () => invited,
  path: "invite",
  // `network`: the one chosen of those the link invites to.
  validateSearch: (search: Search): { network?: string } => ({ network: text(search.network) }),
  component: lazyRouteComponent(() => import("@/features/invite/invite-page"), "InvitePage"),
});

const invitedAttempt = createRoute({
  getParentRoute: () => invited,
  path: "invite/$attempt",
  component: lazyRouteComponent(() => import("@/features/invite/attempt-page"), "InvitedAttemptPage"),
});

/* ---- with a session ---- */

const signedIn = createRoute({
  getParentRoute: () => rootRoute,
  id: "signed-in",
  component: SignedIn,
  beforeLoad: async ({ context, location }) => {
    const me = await context.client.ensureQueryData(meQuery);
    if (me) return { me };
    // The fragment may carry a nonce: it stays one, and so out of every request.
    const here = location.pathname + location.searchStr;
    throw redirect({
      to: "/sign-in",
      search: { next: here === "/" ? undefined : here },
      hash: location.hash,
    });
  },
});

const home = createRoute({
  getParentRoute: () => signedIn,
  path: "/",
  beforeLoad: async ({ context: { client, me } }) => {
    const welcome = await startsAtWelcome(client, me.user.id, rememberedWorkspace(me)?.id);
    throw redirect({ to: welcome ? "/welcome" : "/calendar", replace: true });
  },
});

const calendar = createRoute({
  getParentRoute: () => signedIn,
  path: "calendar",
  validateSearch: calendarSearch,
  // Home: loaded with the shell, which is one request and compresses better than two.
  component: CalendarPage,
});

const welcome = createRoute({
  getParentRoute: () => signedIn,
  path: "welcome",
  component: lazyRouteComponent(() => import("@/features/first-run/page"), "WelcomePage"),
});

const newPost = createRoute({
  getParentRoute: () => signedIn,
  path: "posts/new",
  // `at`: an instant; `channels`: ids, separated by commas; `post`: the draft that this page has made.
  validateSearch: (search: Search): { at?: string; channels?: string; post?: string } => ({
    at: text(search.at),
    channels: text(search.channels),
    post: text(search.post),
  }),
  component: lazyRouteComponent(() => import("@/features/composer/page"), "ComposerPage"),
});

const editPost = createRoute({
  getParentRoute: () => signedIn,
  path: "posts/$id/edit",
  component: lazyRouteComponent(() => import("@/features/composer/page"), "ComposerPage"),
});

const post = createRoute({
  getParentRoute: () => signedIn,
  path: "posts/$id",
  component: lazyRouteComponent(() => import("@/features/post/page"), "PostPage"),
});

const channels = createRoute({
  getParentRoute: () => signedIn,
  path: "channels",
  component: lazyRouteComponent(() => import("@/features/channels/list-page"), "ChannelsPage"),
});

const channel = createRoute({
  getParentRoute: () => signedIn,
  path: "channels/$channel",
  component: lazyRouteComponent(() => import("@/features/channels/channel-page"), "ChannelPage"),
});

const addChannel = createRoute({
  getParentRoute: () => signedIn,
  path: "channels/add",
  component: lazyRouteComponent(() => import("@/features/connect/add-page"), "AddChannelPage"),
});

const inviteLinks = createRoute({
  getParentRoute: () => signedIn,
  path: "channels/invites",
  component: lazyRouteComponent(() => import("@/features/invites/page"), "InviteLinksPage"),
});

const network = createRoute({
  getParentRoute: () => signedIn,
  path: "channels/add/$network",
  // `channel`: the channel to reconnect.
  validateSearch: (search: Search): { channel?: string; instance?: string; way?: string } => ({
    channel: text(search.channel),
    instance: text(search.instance),
    way: text(search.way),
  }),
  component: lazyRouteComponent(() => import("@/features/connect/network-page"), "NetworkPage"),
});

const attempt = createRoute({
  getParentRoute: () => signedIn,
  path: "connect/$attempt",
  component: lazyRouteComponent(() => import("@/features/connect/attempt-page"), "AttemptPage"),
});

const evergreens = createRoute({
  getParentRoute: () => signedIn,
  path: "evergreen",
  component: lazyRouteComponent(() => import("@/features/evergreen/list-page"), "EvergreensPage"),
});

const evergreen = createRoute({
  getParentRoute: () => signedIn,
  path: "evergreen/$queue",
  component: lazyRouteComponent(() => import("@/features/evergreen/queue-page"), "EvergreenPage"),
});

const notices = createRoute({
  getParentRoute: () => signedIn,
  path: "notices",
  component: lazyRouteComponent(() => import("@/features/notices/page"), "NoticesPage"),
});

const settings = createRoute({
  getParentRoute: () => signedIn,
  path: "settings",
  component: lazyRouteComponent(() => import("@/features/settings/settings-page"), "SettingsPage"),
});

/** Which connects a log shows; what is no text is left out. */
const attemptFilter = (search: Search): AttemptFilter => ({
  network: text(search.network),
  outcome: text(search.outcome),
  code: text(search.code),
  person: text(search.person),
  from: text(search.from),
  to: text(search.to),
});

const workspaceAttempts = createRoute({
  getParentRoute: () => signedIn,
  path: "channels/attempts",
  validateSearch: attemptFilter,
  component: lazyRouteComponent(() => import("@/features/admin/attempts-page"), "WorkspaceAttemptsPage"),
});

const workspaceApps = createRoute({
  getParentRoute: () => signedIn,
  path: "settings/apps",
  component: lazyRouteComponent(() => import("@/features/admin/apps-page"), "WorkspaceAppsPage"),
});

/* ---- for those who run the installation ---- */

const admin = createRoute({
  getParentRoute: () => signedIn,
  path: "admin",
  beforeLoad: () => {
    throw redirect({ to: "/admin/apps", replace: true });
  },
});

const adminApps = createRoute({
  getParentRoute: () => signedIn,
  path: "admin/apps",
  component: lazyRouteComponent(() => import("@/features/admin/apps-page"), "AdminAppsPage"),
});

const adminDoctor = createRoute({
  getParentRoute: () => signedIn,
  path: "admin/doctor",
  component: lazyRouteComponent(() => import("@/features/admin/doctor-page"), "DoctorPage"),
});

const adminAttempts = createRoute({
  getParentRoute: () => signedIn,
  path: "admin/attempts",
  validateSearch: attemptFilter,
  component: lazyRouteComponent(() => import("@/features/admin/attempts-page"), "AdminAttemptsPage"),
});

const routeTree = rootRoute.addChildren([
  signIn,
  signUp,
  connectFailed,
  invited.addChildren([invite, invitedAttempt]),
  signedIn.addChildren([
    home,
    calendar,
    welcome,
    newPost,
    editPost,
    post,
    channels,
    addChannel,
    inviteLinks,
    network,
    channel,
    attempt,
    evergreens,
    evergreen,
    notices,
    settings,
    workspaceAttempts,
    workspaceApps,
    admin,
    adminApps,
    adminDoctor,
    adminAttempts,
  ]),
]);

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
