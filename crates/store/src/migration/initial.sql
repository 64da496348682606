CREATE TABLE "user" (
  id {uuid} PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  week_start TEXT NOT NULL,
  clock TEXT NOT NULL,
  is_admin BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE session (
  id {uuid} PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  user_id {uuid} NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  user_agent TEXT NOT NULL
);
CREATE INDEX session_of_user ON session (user_id);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE workspace (
  id {uuid} PRIMARY KEY,
  name TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  paused_at BIGINT,
  created_at BIGINT NOT NULL
);

CREATE TABLE member (
  workspace_id {uuid} NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  user_id {uuid} NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX member_user ON member (user_id);

CREATE TABLE api_key (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  user_id {uuid} NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  key_hash TEXT NOT NULL UNIQUE,
  prefix TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT,
  expires_at BIGINT
);
CREATE INDEX api_key_workspace ON api_key (workspace_id, id);

CREATE TABLE app (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} REFERENCES workspace (id) ON DELETE CASCADE,
  network TEXT NOT NULL,
  instance TEXT NOT NULL,
  client_id TEXT NOT NULL,
  client_secret TEXT,
  bot_token TEXT,
  redirect_uri TEXT NOT NULL,
  scopes TEXT NOT NULL,
  lookup_key TEXT NOT NULL UNIQUE,
  slot TEXT UNIQUE,
  set_at BIGINT,
  created_at BIGINT NOT NULL
);
CREATE INDEX app_network ON app (network, id);

CREATE TABLE channel (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  network TEXT NOT NULL,
  way TEXT NOT NULL,
  instance TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  name TEXT NOT NULL,
  handle TEXT NOT NULL,
  profile_url TEXT,
  avatar_source TEXT,
  avatar_media_key TEXT,
  app_id {uuid},
  grant_id {uuid},
  state TEXT NOT NULL,
  reason TEXT,
  scopes TEXT NOT NULL,
  credentials TEXT NOT NULL,
  credentials_version BIGINT NOT NULL,
  token_expires_at BIGINT,
  renews BOOLEAN NOT NULL,
  last_ok_at BIGINT,
  settings TEXT NOT NULL,
  daily_cap BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  UNIQUE (workspace_id, network, instance, remote_id)
);
CREATE INDEX channel_app ON channel (app_id) WHERE app_id IS NOT NULL;
CREATE INDEX channel_grant ON channel (grant_id) WHERE grant_id IS NOT NULL;

CREATE TABLE connect_grant (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  credentials TEXT NOT NULL,
  credentials_version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX connect_grant_workspace ON connect_grant (workspace_id);

CREATE TABLE connect_attempt (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  network TEXT NOT NULL,
  way TEXT NOT NULL,
  instance TEXT NOT NULL,
  app_id {uuid},
  purpose TEXT NOT NULL,
  channel_id {uuid},
  started_by {uuid} NOT NULL,
  state TEXT NOT NULL,
  state_hash TEXT NOT NULL UNIQUE,
  browser_hash TEXT NOT NULL,
  pkce_verifier TEXT,
  redirect_uri TEXT NOT NULL,
  authorize_url TEXT,
  code_hash TEXT,
  nonce_hash TEXT,
  parked TEXT,
  account TEXT,
  granted TEXT NOT NULL,
  diagnosis TEXT,
  code TEXT,
  created_at BIGINT NOT NULL,
  returned_at BIGINT,
  expires_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX connect_attempt_workspace ON connect_attempt (workspace_id, id);
CREATE INDEX connect_attempt_time ON connect_attempt (created_at, id);
CREATE INDEX connect_attempt_workspace_time ON connect_attempt (workspace_id, created_at, id);
CREATE INDEX connect_attempt_network ON connect_attempt (network, created_at, id);
CREATE INDEX connect_attempt_person ON connect_attempt (started_by, created_at, id);
CREATE INDEX connect_attempt_code ON connect_attempt (code, created_at, id) WHERE code IS NOT NULL;
CREATE INDEX connect_attempt_of_channel ON connect_attempt (channel_id, id) WHERE channel_id IS NOT NULL;
CREATE INDEX connect_attempt_open ON connect_attempt (expires_at)
  WHERE state NOT IN ('connected', 'failed', 'expired', 'superseded', 'cancelled');

CREATE TABLE connect_attempt_channel (
  attempt_id {uuid} NOT NULL REFERENCES connect_attempt (id) ON DELETE CASCADE,
  channel_id {uuid} NOT NULL,
  PRIMARY KEY (attempt_id, channel_id)
);
CREATE INDEX connect_attempt_channel_channel ON connect_attempt_channel (channel_id, attempt_id);
CREATE TABLE invite (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  created_by {uuid} NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  token_hash TEXT NOT NULL UNIQUE,
  networks TEXT NOT NULL,
  uses BIGINT NOT NULL,
  max_uses BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT
);
CREATE INDEX invite_workspace ON invite (workspace_id, id);

CREATE TABLE extension_pairing (
  channel_id {uuid} PRIMARY KEY REFERENCES channel (id) ON DELETE CASCADE,
  token_hash TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE TABLE connect_event (
  id {uuid} PRIMARY KEY,
  attempt_id {uuid} NOT NULL REFERENCES connect_attempt (id) ON DELETE CASCADE,
  workspace_id {uuid} NOT NULL,
  at BIGINT NOT NULL,
  state TEXT NOT NULL,
  title TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX connect_event_attempt ON connect_event (attempt_id, id);

CREATE TABLE media (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  mime TEXT NOT NULL,
  size BIGINT NOT NULL,
  width BIGINT,
  height BIGINT,
  alt TEXT,
  sha256 TEXT NOT NULL,
  storage_key TEXT NOT NULL,
  created_by {uuid} NOT NULL,
  created_at BIGINT NOT NULL,
  deleted_at BIGINT
);
CREATE INDEX media_workspace ON media (workspace_id, id) WHERE deleted_at IS NULL;
CREATE INDEX media_sha256 ON media (workspace_id, sha256) WHERE deleted_at IS NULL;

CREATE TABLE post (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  created_by {uuid} NOT NULL,
  due_at BIGINT,
  time_zone TEXT NOT NULL,
  content TEXT NOT NULL,
  channels TEXT NOT NULL,
  excerpt TEXT NOT NULL,
  media_count BIGINT NOT NULL,
  first_media {uuid},
  is_draft BOOLEAN NOT NULL,
  repeat TEXT,
  series_id {uuid},
  kept_in {uuid},
  queue_id {uuid},
  source_id {uuid},
  occurrence BIGINT,
  idempotency_key TEXT,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT
);
CREATE UNIQUE INDEX post_idempotency ON post (workspace_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX post_calendar ON post (workspace_id, due_at) WHERE deleted_at IS NULL;
CREATE INDEX post_newest ON post (workspace_id, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX post_series ON post (series_id, occurrence) WHERE series_id IS NOT NULL;
CREATE UNIQUE INDEX post_queue ON post (queue_id, occurrence) WHERE queue_id IS NOT NULL;
CREATE INDEX post_kept ON post (kept_in, id) WHERE kept_in IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX post_source ON post (source_id, occurrence) WHERE source_id IS NOT NULL;

CREATE TABLE slots (
  owner_id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  time_zone TEXT,
  slots TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE series (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  created_by {uuid} NOT NULL,
  rule TEXT NOT NULL,
  starts_on TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  exceptions TEXT NOT NULL,
  ends_before BIGINT,
  made_until BIGINT NOT NULL,
  content TEXT NOT NULL,
  channels TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX series_workspace ON series (workspace_id, id);

CREATE TABLE evergreen (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  created_by {uuid} NOT NULL,
  name TEXT NOT NULL,
  channels TEXT NOT NULL,
  time_zone TEXT,
  slots TEXT NOT NULL,
  rest_days BIGINT NOT NULL,
  paused BOOLEAN NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT
);
CREATE INDEX evergreen_workspace ON evergreen (workspace_id, id) WHERE deleted_at IS NULL;

CREATE TABLE post_media (
  post_id {uuid} NOT NULL REFERENCES post (id) ON DELETE CASCADE,
  media_id {uuid} NOT NULL REFERENCES media (id),
  workspace_id {uuid} NOT NULL,
  PRIMARY KEY (post_id, media_id)
);
CREATE INDEX post_media_media ON post_media (workspace_id, media_id);

CREATE TABLE publication (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL,
  post_id {uuid} NOT NULL REFERENCES post (id) ON DELETE CASCADE,
  channel_id {uuid} NOT NULL REFERENCES channel (id),
  network TEXT NOT NULL,
  occurrence BIGINT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  due_at BIGINT,
  next_part_at BIGINT,
  remote_id TEXT,
  url TEXT,
  remote TEXT,
  published_at BIGINT,
  started_at BIGINT,
  tries BIGINT NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (post_id, channel_id, occurrence)
);
CREATE INDEX publication_calendar ON publication (workspace_id, due_at);
CREATE INDEX publication_state ON publication (workspace_id, state, post_id);
CREATE INDEX publication_channel ON publication (channel_id, state, due_at);
CREATE INDEX publication_started ON publication (channel_id, started_at) WHERE started_at IS NOT NULL;
CREATE INDEX publication_open ON publication (due_at) WHERE state IN ('scheduled', 'preparing', 'sending');

CREATE TABLE publication_event (
  id {uuid} PRIMARY KEY,
  publication_id {uuid} NOT NULL REFERENCES publication (id) ON DELETE CASCADE,
  workspace_id {uuid} NOT NULL,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX publication_event_publication ON publication_event (publication_id, id);

CREATE TABLE step (
  id {uuid} PRIMARY KEY,
  publication_id {uuid} NOT NULL REFERENCES publication (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  once TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  state TEXT NOT NULL,
  answer TEXT,
  begun_at BIGINT NOT NULL,
  answered_at BIGINT,
  fence BIGINT NOT NULL,
  UNIQUE (publication_id, name)
);

CREATE TABLE due_work (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid},
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  lane {uuid},
  due_at BIGINT NOT NULL,
  ready_at BIGINT,
  lease_until BIGINT,
  lease_owner TEXT,
  fence BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  payload TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (kind, subject)
);
CREATE INDEX due_work_ready ON due_work (ready_at, id, workspace_id) WHERE ready_at IS NOT NULL;
CREATE INDEX due_work_lane ON due_work (lane, due_at, id) WHERE lane IS NOT NULL;
CREATE UNIQUE INDEX due_work_head ON due_work (lane) WHERE lane IS NOT NULL AND ready_at IS NOT NULL;

CREATE TABLE pace (
  scope TEXT PRIMARY KEY,
  not_before BIGINT NOT NULL,
  strikes BIGINT NOT NULL,
  struck_by {uuid} NOT NULL,
  said TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE event (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  data TEXT NOT NULL
);
CREATE INDEX event_workspace ON event (workspace_id, id);

CREATE TABLE installation (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE notice (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  occasion TEXT NOT NULL,
  kind TEXT NOT NULL,
  channel_id {uuid} NOT NULL,
  post_id {uuid},
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  next TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (workspace_id, occasion)
);
CREATE INDEX notice_workspace ON notice (workspace_id, id);

CREATE TABLE notice_reader (
  workspace_id {uuid} NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  user_id {uuid} NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
  seen {uuid} NOT NULL,
  PRIMARY KEY (workspace_id, user_id)
);

CREATE TABLE notice_choices (
  user_id {uuid} PRIMARY KEY REFERENCES "user" (id) ON DELETE CASCADE,
  choices TEXT NOT NULL
);

CREATE TABLE webhook (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL UNIQUE REFERENCES workspace (id) ON DELETE CASCADE,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  kinds TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE webhook_delivery (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL REFERENCES workspace (id) ON DELETE CASCADE,
  notice_id {uuid},
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  tries BIGINT NOT NULL,
  said TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  ended_at BIGINT,
  UNIQUE (workspace_id, notice_id)
);
CREATE INDEX webhook_delivery_workspace ON webhook_delivery (workspace_id, id);
