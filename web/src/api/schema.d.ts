// Shapes of the server's OpenAPI document. `npm run generate` writes this file anew.

type Json<T> = { headers: { [name: string]: unknown }; content: { "application/json": T } };
type Empty = { headers: { [name: string]: unknown }; content?: never };
type Problems = {
  default: {
    headers: { [name: string]: unknown };
    content: { "application/problem+json": components["schemas"]["Problem"] };
  };
};
type Ok<T> = { responses: { 200: Json<T> } & Problems };
type Created<T> = { responses: { 201: Json<T> } & Problems };
type Gone = { responses: { 204: Empty } & Problems };
type Body<T> = { requestBody: { content: { "application/json": T } } };
type Params<Path = never, Query = never, Header = never> = {
  parameters: {
    path: Path;
    query?: Query;
    header?: Header;
    cookie?: never;
  };
};
type NoParams = { parameters: { query?: never; header?: never; path?: never; cookie?: never } };
type Page<T> = { items: T[]; next_cursor?: string | null };
type Ws = { workspace: string };
type WsId = { workspace: string; id: string };
type S = components["schemas"];

export interface paths {
  "/api/v1/server": { get: NoParams & Ok<S["Server"]> };
  "/api/v1/auth/sign-up": { post: NoParams & Body<S["SignUp"]> & Created<S["Me"]> };
  "/api/v1/auth/sign-in": { post: NoParams & Body<S["SignIn"]> & Ok<S["Me"]> };
  "/api/v1/auth/sign-out": { post: NoParams & Gone };
  "/api/v1/auth/me": {
    get: NoParams & Ok<S["Me"]>;
    patch: NoParams & Body<S["MePatch"]> & Ok<S["Me"]>;
  };
  "/api/v1/auth/sessions": { get: NoParams & Ok<Page<S["Session"]>> };
  "/api/v1/auth/sessions/{id}": { delete: Params<{ id: string }> & Gone };
  "/api/v1/workspaces/{workspace}": {
    get: Params<Ws> & Ok<S["Workspace"]>;
    patch: Params<Ws> & Body<S["WorkspacePatch"]> & Ok<S["Workspace"]>;
  };
  "/api/v1/workspaces/{workspace}/keys": {
    get: Params<Ws> & Ok<Page<S["ApiKey"]>>;
    post: Params<Ws> & Body<S["NewApiKey"]> & Created<S["ApiKey"] & { secret: string }>;
  };
  "/api/v1/workspaces/{workspace}/keys/{id}": { delete: Params<WsId> & Gone };
  "/api/v1/workspaces/{workspace}/networks": { get: Params<Ws> & Ok<{ items: S["Network"][] }> };
  "/api/v1/workspaces/{workspace}/networks/{network}/preflight": {
    get: Params<Ws & { network: string }, { instance?: string }> & Ok<{ checks: S["PreflightCheck"][] }>;
  };
  "/api/v1/workspaces/{workspace}/channels": { get: Params<Ws> & Ok<Page<S["Channel"]>> };
  "/api/v1/workspaces/{workspace}/channels/{id}": {
    get: Params<WsId> & Ok<S["Channel"]>;
    patch: Params<WsId> & Body<S["ChannelPatch"]> & Ok<S["Channel"]>;
    delete: Params<WsId> & Gone;
  };
  "/api/v1/workspaces/{workspace}/channels/{id}/attempts": {
    get: Params<WsId> & Ok<Page<S["AttemptView"]>>;
  };
  "/api/v1/workspaces/{workspace}/attempts": {
    get: Params<Ws, { open?: boolean }> & Ok<Page<S["AttemptView"]>>;
    post: Params<Ws> & Body<S["NewAttempt"]> & Created<S["AttemptView"]>;
  };
  "/api/v1/workspaces/{workspace}/attempts/{id}": { get: Params<WsId> & Ok<S["AttemptView"]> };
  "/api/v1/workspaces/{workspace}/attempts/{id}/form": {
    post: Params<WsId> & Body<{ values: { [name: string]: string } }> & Ok<S["AttemptView"]>;
  };
  "/api/v1/workspaces/{workspace}/attempts/{id}/confirm": {
    post: Params<WsId> & Body<{ nonce: string }> & Ok<S["AttemptView"]>;
  };
  "/api/v1/workspaces/{workspace}/attempts/{id}/continue": { post: Params<WsId> & Ok<S["AttemptView"]> };
  "/api/v1/workspaces/{workspace}/attempts/{id}/address": {
    post: Params<WsId> & Body<{ address: string }> & Ok<{ attempt: S["AttemptView"]; nonce?: string | null }>;
  };
  "/api/v1/workspaces/{workspace}/attempts/{id}/cancel": { post: Params<WsId> & Ok<S["AttemptView"]> };
  "/api/v1/workspaces/{workspace}/media": {
    get: Params<Ws, { cursor?: string; limit?: number }> & Ok<Page<S["Media"]>>;
  };
  "/api/v1/workspaces/{workspace}/media/{id}": {
    get: Params<WsId> & Ok<S["Media"]>;
    patch: Params<WsId> & Body<{ alt: string }> & Ok<S["Media"]>;
    delete: Params<WsId, { force?: boolean }> & Gone;
  };
  "/api/v1/workspaces/{workspace}/posts": {
    get: Params<
      Ws,
      { from?: string; to?: string; state?: string; channel?: string; cursor?: string; limit?: number }
    > &
      Ok<Page<S["PostSummary"]>>;
    post: Params<Ws, never, { "Idempotency-Key"?: string }> & Body<S["PostInput"]> & Created<S["Post"]>;
  };
  "/api/v1/workspaces/{workspace}/posts/check": {
    post: Params<Ws> & Body<S["PostInput"]> & Ok<S["PostCheck"]>;
  };
  "/api/v1/workspaces/{workspace}/posts/{id}": {
    get: Params<WsId> & Ok<S["Post"]>;
    put: Params<WsId, never, { "If-Match"?: string }> & Body<S["PostInput"]> & Ok<S["Post"]>;
    delete: Params<WsId> & Gone;
  };
  "/api/v1/workspaces/{workspace}/posts/{id}/move": {
    post: Params<WsId> & Body<{ due_at: string }> & Ok<S["Post"]>;
  };
  "/api/v1/workspaces/{workspace}/posts/{id}/duplicate": { post: Params<WsId> & Created<S["Post"]> };
  "/api/v1/workspaces/{workspace}/publications/{id}/retry": { post: Params<WsId> & Ok<S["Publication"]> };
  "/api/v1/workspaces/{workspace}/publications/{id}/cancel": { post: Params<WsId> & Ok<S["Publication"]> };
  "/api/v1/workspaces/{workspace}/publications/{id}/resolve": {
    post: Params<WsId> & Body<S["Resolution"]> & Ok<S["Publication"]>;
  };
}

export interface components {
  schemas: {
    Server: {
      version: string;
      public_url: string;
      registration_open: boolean;
      first_user: boolean;
      playground_url?: string | null;
    };
    SignUp: { email: string; password: string; name: string; workspace_name?: string; time_zone?: string };
    SignIn: { email: string; password: string };
    MePatch: {
      name?: string;
      time_zone?: string;
      week_start?: S["WeekStart"];
      clock?: S["ClockFormat"];
    };
    WeekStart: "monday" | "sunday";
    ClockFormat: "h24" | "h12";
    User: {
      id: string;
      email: string;
      name: string;
      time_zone: string;
      week_start: S["WeekStart"];
      clock: S["ClockFormat"];
    };
    Workspace: { id: string; name: string; time_zone: string; role: string };
    WorkspacePatch: { name?: string; time_zone?: string };
    Me: { user: S["User"]; workspaces: S["Workspace"][] };
    Session: { id: string; created_at: string; last_seen_at: string; user_agent: string; current: boolean };
    ApiKey: {
      id: string;
      name: string;
      prefix: string;
      created_at: string;
      last_used_at?: string | null;
      expires_at?: string | null;
    };
    NewApiKey: { name: string; expires_at?: string };
    FieldOption: { value: string; label: string };
    Field: {
      name: string;
      label: string;
      kind: "text" | "password" | "url" | "select";
      required: boolean;
      placeholder?: string | null;
      help?: string | null;
      default?: string | null;
      options?: S["FieldOption"][] | null;
    };
    InstanceQuestion: { label: string; placeholder: string; help: string; default?: string | null };
    Rules: {
      text: {
        max: number;
        unit: S["CountUnit"];
        link_length?: number | null;
        max_bytes?: number | null;
        required_without_media: boolean;
      };
      media: {
        max_count: number;
        kinds: {
          mime: string[];
          max_bytes: number;
          max_width?: number | null;
          max_height?: number | null;
        }[];
        alt_max?: number | null;
      };
      parts: { max: number; kind: "thread" | "comment" | "none" };
    };
    CountUnit: "grapheme" | "utf16" | "weighted" | "byte";
    Scope: { id: string; why: string; required: boolean };
    Network: {
      id: string;
      name: string;
      color: string;
      summary: string;
      connect: "oauth2" | "form";
      works_at_once: boolean;
      configured: boolean;
      docs: string;
      console?: string | null;
      redirect_uri: string;
      instance?: S["InstanceQuestion"] | null;
      fields: S["Field"][];
      rules: S["Rules"];
      scopes: S["Scope"][];
      settings_schema: { [key: string]: unknown };
    };
    PreflightCheck: {
      name: string;
      title: string;
      ok: boolean;
      diagnosis?: S["Diagnosis"] | null;
      elapsed_ms: number;
    };
    ChannelState: "active" | "disabled" | "needs_reconnect";
    Channel: {
      id: string;
      network: string;
      instance?: string | null;
      name: string;
      handle: string;
      profile_url?: string | null;
      avatar_url?: string | null;
      initials: string;
      state: S["ChannelState"];
      reason?: S["Diagnosis"] | null;
      scopes: string[];
      token_expires_at?: string | null;
      last_ok_at?: string | null;
      created_at: string;
      next_due_at?: string | null;
      queued: number;
    };
    ChannelPatch: { disabled?: boolean; name?: string };
    AttemptState:
      | "started"
      | "away"
      | "returned"
      | "exchanging"
      | "identified"
      | "choosing"
      | "confirming"
      | "connected"
      | "failed"
      | "expired"
      | "superseded"
      | "cancelled";
    NewAttempt: { network: string; instance?: string; channel?: string };
    AttemptEvent: { at: string; state: S["AttemptState"]; title: string; detail?: string | null };
    AttemptView: {
      id: string;
      network: string;
      instance?: string | null;
      purpose: "new" | "reconnect";
      channel_id?: string | null;
      state: S["AttemptState"];
      authorize_url?: string | null;
      expires_at: string;
      created_at: string;
      account?: { name: string; handle: string; avatar_url?: string | null } | null;
      granted: string[];
      missing: S["Scope"][];
      diagnosis?: S["Diagnosis"] | null;
      events: S["AttemptEvent"][];
    };
    NextKind: "retry" | "reconnect" | "sign_in" | "continue" | "open" | "none";
    Diagnosis: {
      code: string;
      title: string;
      cause: string;
      evidence: { label: string; value: string }[];
      fix: string[];
      next: { kind: S["NextKind"]; label: string; url?: string | null };
      docs: string;
    };
    Media: {
      id: string;
      name: string;
      mime: string;
      size: number;
      width?: number | null;
      height?: number | null;
      alt: string;
      url: string;
      thumbnail_url?: string | null;
      created_at: string;
    };
    MediaUse: { id: string; alt?: string | null };
    PartInput: { text: string; media: S["MediaUse"][]; delay_minutes?: number };
    VariantInput: { parts?: S["PartInput"][] | null; settings?: { [key: string]: unknown } };
    PostInput: {
      state: "draft" | "scheduled" | "now";
      due_at?: string | null;
      time_zone?: string;
      channels: string[];
      parts: S["PartInput"][];
      variants: { [channel: string]: S["VariantInput"] };
    };
    Finding: {
      pointer: string;
      code: string;
      message: string;
      fix: string;
      severity: "error" | "warning";
      channel_id?: string | null;
    };
    PartCheck: { used: number; max: number; unit: S["CountUnit"]; text_preview: string; links: string[] };
    ChannelCheck: { channel_id: string; parts: S["PartCheck"][]; problems: S["Finding"][] };
    PostCheck: { ok: boolean; channels: S["ChannelCheck"][]; problems: S["Finding"][] };
    PublicationState:
      | "draft"
      | "scheduled"
      | "preparing"
      | "sending"
      | "published"
      | "held"
      | "unconfirmed"
      | "failed"
      | "cancelled";
    PublicationSummary: {
      id: string;
      channel_id: string;
      network: string;
      state: S["PublicationState"];
      url?: string | null;
    };
    PostSummary: {
      id: string;
      state: S["PublicationState"];
      due_at?: string | null;
      time_zone: string;
      excerpt: string;
      media_count: number;
      thumbnail_url?: string | null;
      version: number;
      publications: S["PublicationSummary"][];
    };
    PublicationEvent: { at: string; kind: string; title: string; detail?: string | null };
    Publication: {
      id: string;
      channel_id: string;
      network: string;
      state: S["PublicationState"];
      reason?: { code: string; title: string; message: string; diagnosis?: S["Diagnosis"] | null } | null;
      due_at?: string | null;
      url?: string | null;
      remote_id?: string | null;
      published_at?: string | null;
      tries: number;
      events: S["PublicationEvent"][];
    };
    Post: {
      id: string;
      state: S["PublicationState"];
      due_at?: string | null;
      time_zone: string;
      excerpt: string;
      media_count: number;
      thumbnail_url?: string | null;
      version: number;
      parts: S["PartInput"][];
      variants: { [channel: string]: S["VariantInput"] };
      channels: string[];
      created_by?: { id: string; name: string } | null;
      created_at: string;
      updated_at: string;
      publications: S["Publication"][];
    };
    Resolution: { outcome: "published"; url: string } | { outcome: "send_again" };
    Problem: {
      type?: string;
      title: string;
      status: number;
      detail?: string;
      code: string;
      errors?: { pointer: string; code: string; message: string; fix?: string | null }[];
      diagnosis?: S["Diagnosis"] | null;
      reference?: string | null;
    };
  };
}
