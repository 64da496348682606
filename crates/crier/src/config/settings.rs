//! Every setting there is, once: flags, environment names, file keys and the answers of `crier config` come from here.

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// In the file, and with dashes as the flag.
    pub key: &'static str,
    /// In the environment.
    pub env: &'static str,
    /// As text; empty where nothing is set or the value follows from others.
    pub default: &'static str,
    /// What may be written, in words.
    pub accepts: &'static str,
    pub help: &'static str,
    /// Whether its value is kept from every output.
    pub secret: bool,
}

const fn setting(
    key: &'static str,
    env: &'static str,
    default: &'static str,
    accepts: &'static str,
    help: &'static str,
) -> Setting {
    Setting { key, env, default, accepts, help, secret: false }
}

const fn secret(mut setting: Setting) -> Setting {
    setting.secret = true;
    setting
}

pub const LISTEN: Setting = setting(
    "listen",
    "CRIER_LISTEN",
    "127.0.0.1:4800",
    "an address and a port, for example 127.0.0.1:4800 or [::]:4800",
    "Where the server listens",
);
pub const PUBLIC_URL: Setting = setting(
    "public_url",
    "CRIER_PUBLIC_URL",
    "",
    "an http or https address without a path, for example https://crier.example.org",
    "Where people reach it; sign-ins at networks return there. Follows `listen` when not set",
);
pub const DATA_DIR: Setting = setting(
    "data_dir",
    "CRIER_DATA_DIR",
    "./data",
    "a folder",
    "Where the database, the media and the secret key are kept",
);
pub const DATABASE_URL: Setting = secret(setting(
    "database_url",
    "DATABASE_URL",
    "",
    "sqlite:///path/to/crier.db or postgres://user:password@host/database",
    "The database; `crier.db` in the data folder when not set",
));
pub const DATABASE_CONNECTIONS: Setting = setting(
    "database_connections",
    "CRIER_DATABASE_CONNECTIONS",
    "10",
    "a number from 2 to 500",
    "The most connections to the database",
);
pub const SECRET_KEY_FILE: Setting = setting(
    "secret_key_file",
    "CRIER_SECRET_KEY_FILE",
    "",
    "a file with 64 hexadecimal digits",
    "The key that seals tokens; `secret.key` in the data folder when not set, made at the first start",
);
pub const ROLE: Setting = setting(
    "role",
    "CRIER_ROLE",
    "all",
    "web, worker or all",
    "What this process does: answer requests, do the due work, or both",
);
pub const REGISTRATION: Setting = setting(
    "registration",
    "CRIER_REGISTRATION",
    "first",
    "open, closed or first",
    "Who may sign up: anybody, nobody, or only the first person",
);
pub const PLAYGROUND: Setting = setting(
    "playground",
    "CRIER_PLAYGROUND",
    "false",
    "true or false",
    "Whether the built-in practice network runs beside the server",
);
pub const PLAYGROUND_LISTEN: Setting = setting(
    "playground_listen",
    "CRIER_PLAYGROUND_LISTEN",
    "127.0.0.1:4801",
    "an address and a port, for example 127.0.0.1:4801",
    "Where the practice network listens",
);
pub const EGRESS_ALLOW: Setting = setting(
    "egress_allow",
    "CRIER_EGRESS_ALLOW",
    "",
    "addresses, CIDRs and host names apart by commas, for example 10.0.0.0/8,nas.lan",
    "Private addresses that may be called all the same",
);
pub const EXTRA_CA: Setting = setting(
    "extra_ca",
    "CRIER_EXTRA_CA",
    "",
    "PEM files apart by commas",
    "Certificate authorities trusted beside the system's",
);
pub const PROXY: Setting = secret(setting(
    "proxy",
    "CRIER_PROXY",
    "environment",
    "environment, none, or an address such as http://proxy.lan:3128",
    "The way out for calls to networks; `environment` heeds HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
));
pub const NO_PROXY: Setting = setting(
    "no_proxy",
    "CRIER_NO_PROXY",
    "",
    "host names, addresses and CIDRs apart by commas, for example nas.lan,.corp.example,10.0.0.0/8",
    "What is called without a proxy, besides what NO_PROXY in the environment lists",
);
pub const NETWORK_PROXIES: Setting = secret(setting(
    "network_proxies",
    "CRIER_NETWORK_PROXIES",
    "",
    "pairs of a network (`crier networks` lists them) and its way out, apart by commas, for example bluesky=none,mastodon=http://proxy.lan:3128",
    "The way out of single networks, in place of `proxy`",
));
pub const NAME_SERVERS: Setting = setting(
    "name_servers",
    "CRIER_NAME_SERVERS",
    "",
    "addresses apart by commas, with a port where that is not 53, for example 192.168.1.1,127.0.0.1:5353",
    "Who is asked for the addresses of host names; as the machine is set up when not set",
);
pub const TRUSTED_PROXIES: Setting = setting(
    "trusted_proxies",
    "CRIER_TRUSTED_PROXIES",
    "",
    "addresses apart by commas, for example 127.0.0.1,10.0.0.2",
    "Reverse proxies whose X-Forwarded-For is believed when sign-in tries are counted",
);
pub const S3_BUCKET: Setting = setting(
    "s3_bucket",
    "S3_BUCKET",
    "",
    "the name of a bucket",
    "Keeps the media in a bucket of S3, or of a server that speaks the same; in the data folder when not set",
);
pub const S3_REGION: Setting = setting(
    "s3_region",
    "S3_REGION",
    "us-east-1",
    "a region, for example eu-central-1, or auto",
    "The bucket's region",
);
pub const S3_ENDPOINT: Setting = setting(
    "s3_endpoint",
    "S3_ENDPOINT",
    "",
    "an http or https address without the bucket, for example https://minio.example.org",
    "The host that has the bucket; Amazon's in that region when not set",
);
pub const S3_ACCESS_KEY_ID: Setting = setting(
    "s3_access_key_id",
    "AWS_ACCESS_KEY_ID",
    "",
    "the id of an access key",
    "The key that opens the bucket; needed with `s3_bucket`",
);
pub const S3_SECRET_ACCESS_KEY: Setting = secret(setting(
    "s3_secret_access_key",
    "AWS_SECRET_ACCESS_KEY",
    "",
    "the secret of that access key",
    "That key's secret; needed with `s3_bucket`",
));
pub const S3_PATH_STYLE: Setting = setting(
    "s3_path_style",
    "S3_PATH_STYLE",
    "",
    "true (host/bucket) or false (bucket.host)",
    "Where the bucket's name stands in addresses; in the path with `s3_endpoint`, else in the host's name",
);
pub const S3_PREFIX: Setting = setting(
    "s3_prefix",
    "S3_PREFIX",
    "",
    "letters, digits and . _ - with slashes between, for example crier",
    "What the names of all files in the bucket begin with",
);
pub const WORKER_PARALLEL: Setting = setting(
    "worker_parallel",
    "CRIER_WORKER_PARALLEL",
    "700",
    "a number from 1 to 5000",
    "Pieces of due work done side by side",
);
pub const FFMPEG: Setting = setting(
    "ffmpeg",
    "CRIER_FFMPEG",
    "",
    "a program, for example /usr/bin/ffmpeg, or none",
    "The program that converts videos; the `ffmpeg` of the search path when not set",
);
pub const FFMPEG_THREADS: Setting = setting(
    "ffmpeg_threads",
    "CRIER_FFMPEG_THREADS",
    "2",
    "a number from 1 to 64",
    "Threads that converting a video may use",
);
pub const FFMPEG_MEMORY: Setting = setting(
    "ffmpeg_memory",
    "CRIER_FFMPEG_MEMORY",
    "3072",
    "megabytes, from 512 to 65536",
    "Memory that converting a video may use",
);
pub const FFMPEG_MINUTES: Setting = setting(
    "ffmpeg_minutes",
    "CRIER_FFMPEG_MINUTES",
    "20",
    "minutes, from 1 to 25",
    "How long converting a video may take",
);
pub const HEIF_CONVERT: Setting = setting(
    "heif_convert",
    "CRIER_HEIF_CONVERT",
    "",
    "a program, for example /usr/bin/heif-convert, or none",
    "The program that reads HEIC photos; the `heif-convert` of the search path when not set",
);
pub const CHANNEL_DAILY_CAP: Setting = setting(
    "channel_daily_cap",
    "CRIER_CHANNEL_DAILY_CAP",
    "200",
    "a number from 1 to 10000",
    "The most posts that go out on one channel in a day, so that no mistake floods an account; a channel may have its own",
);
pub const LATE_WINDOW: Setting = setting(
    "late_window",
    "CRIER_LATE_WINDOW",
    "120",
    "minutes, from 1 to 1440",
    "How late a post that could not go out in time is still sent without asking",
);
pub const RETRY_WINDOW: Setting = setting(
    "retry_window",
    "CRIER_RETRY_WINDOW",
    "120",
    "minutes, from 1 to 1440",
    "How long after its time a post is tried again while its network can't be reached",
);
pub const MASTODON_URL: Setting = setting(
    "mastodon_url",
    "MASTODON_URL",
    "https://mastodon.social",
    "the https address of a server",
    "The Mastodon server that the configured app belongs to; any other server gets an app by registration",
);
pub const MASTODON_CLIENT_ID: Setting = setting(
    "mastodon_client_id",
    "MASTODON_CLIENT_ID",
    "",
    "the client id from the server's development settings",
    "An app of your own at the Mastodon server; registered by itself when not set",
);
pub const MASTODON_CLIENT_SECRET: Setting = secret(setting(
    "mastodon_client_secret",
    "MASTODON_CLIENT_SECRET",
    "",
    "the client secret from the server's development settings",
    "The secret of that app",
));
const fn app_id(key: &'static str, env: &'static str, help: &'static str) -> Setting {
    setting(key, env, "", "the client id from the network's page for developers", help)
}

const fn app_secret(key: &'static str, env: &'static str) -> Setting {
    let accepts = "the client secret from the network's page for developers";
    secret(setting(key, env, "", accepts, "The secret of that app"))
}

/// An app of one's own at a network that is one place.
#[derive(Debug, Clone, Copy)]
pub struct AppSettings {
    /// Those it is for.
    pub networks: &'static [&'static str],
    /// None where the secret is a bot's token, which begins with the bot's id and a colon.
    pub id: Option<Setting>,
    pub secret: Setting,
    /// The token of the app's bot, where that posts.
    pub bot: Option<Setting>,
}

pub const TELEGRAM_TOKEN: Setting = secret(setting(
    "telegram_token",
    "TELEGRAM_TOKEN",
    "",
    "the token that BotFather gave, for example 123456789:AAE…",
    "The bot that posts on Telegram",
));
pub const DISCORD_CLIENT_ID: Setting =
    app_id("discord_client_id", "DISCORD_CLIENT_ID", "The application under which people add the bot at Discord");
pub const DISCORD_CLIENT_SECRET: Setting = app_secret("discord_client_secret", "DISCORD_CLIENT_SECRET");
pub const DISCORD_BOT_TOKEN: Setting = secret(setting(
    "discord_bot_token",
    "DISCORD_BOT_TOKEN_ID",
    "",
    "the token from the application's page Bot",
    "The token of that application's bot, which posts",
));

pub const SLACK_ID: Setting = app_id("slack_id", "SLACK_ID", "The app that posts on Slack");
pub const SLACK_SECRET: Setting = app_secret("slack_secret", "SLACK_SECRET");

pub const X_CLIENT_ID: Setting = app_id("x_client_id", "X_CLIENT_ID", "The app that posts on X (OAuth 2.0)");
pub const X_CLIENT_SECRET: Setting = app_secret("x_client_secret", "X_CLIENT_SECRET");

pub const X_API_KEY: Setting = app_id("x_api_key", "X_API_KEY", "The app that posts on X (OAuth 1.0a)");
pub const X_API_SECRET: Setting = app_secret("x_api_secret", "X_API_SECRET");

pub const THREADS_APP_ID: Setting = app_id("threads_app_id", "THREADS_APP_ID", "The app that posts on Threads");
pub const THREADS_APP_SECRET: Setting = app_secret("threads_app_secret", "THREADS_APP_SECRET");

pub const LINKEDIN_CLIENT_ID: Setting =
    app_id("linkedin_client_id", "LINKEDIN_CLIENT_ID", "The app that posts on LinkedIn, for members and for pages");
pub const LINKEDIN_CLIENT_SECRET: Setting = app_secret("linkedin_client_secret", "LINKEDIN_CLIENT_SECRET");

pub const FACEBOOK_APP_ID: Setting = app_id(
    "facebook_app_id",
    "FACEBOOK_APP_ID",
    "The app that posts on Facebook, and on Instagram accounts that are linked to a page",
);
pub const FACEBOOK_APP_SECRET: Setting = app_secret("facebook_app_secret", "FACEBOOK_APP_SECRET");

pub const INSTAGRAM_APP_ID: Setting =
    app_id("instagram_app_id", "INSTAGRAM_APP_ID", "The app that posts on Instagram accounts by their own sign-in");
pub const INSTAGRAM_APP_SECRET: Setting = app_secret("instagram_app_secret", "INSTAGRAM_APP_SECRET");

pub const YOUTUBE_CLIENT_ID: Setting = app_id(
    "youtube_client_id",
    "YOUTUBE_CLIENT_ID",
    "The app that posts on YouTube, and on Google Business Profile unless that has its own",
);
pub const YOUTUBE_CLIENT_SECRET: Setting = app_secret("youtube_client_secret", "YOUTUBE_CLIENT_SECRET");
pub const GMB_CLIENT_ID: Setting =
    app_id("gmb_client_id", "GOOGLE_GMB_CLIENT_ID", "The app that posts on Google Business Profile");
pub const GMB_CLIENT_SECRET: Setting = app_secret("gmb_client_secret", "GOOGLE_GMB_CLIENT_SECRET");

pub const TUMBLR_CLIENT_ID: Setting = app_id("tumblr_client_id", "TUMBLR_CLIENT_ID", "The app that posts on Tumblr");
pub const TUMBLR_CLIENT_SECRET: Setting = app_secret("tumblr_client_secret", "TUMBLR_CLIENT_SECRET");

pub const PINTEREST_CLIENT_ID: Setting =
    app_id("pinterest_client_id", "PINTEREST_CLIENT_ID", "The app that posts on Pinterest");
pub const PINTEREST_CLIENT_SECRET: Setting = app_secret("pinterest_client_secret", "PINTEREST_CLIENT_SECRET");

pub const REDDIT_CLIENT_ID: Setting = app_id("reddit_client_id", "REDDIT_CLIENT_ID", "The app that posts on Reddit");
pub const REDDIT_CLIENT_SECRET: Setting = app_secret("reddit_client_secret", "REDDIT_CLIENT_SECRET");

pub const TWITCH_CLIENT_ID: Setting = app_id("twitch_client_id", "TWITCH_CLIENT_ID", "The app that posts on Twitch");
pub const TWITCH_CLIENT_SECRET: Setting = app_secret("twitch_client_secret", "TWITCH_CLIENT_SECRET");

pub const KICK_CLIENT_ID: Setting = app_id("kick_client_id", "KICK_CLIENT_ID", "The app that posts on Kick");
pub const KICK_SECRET: Setting = app_secret("kick_secret", "KICK_SECRET");

pub const TIKTOK_CLIENT_ID: Setting = app_id("tiktok_client_id", "TIKTOK_CLIENT_ID", "The app that posts on TikTok");
pub const TIKTOK_CLIENT_SECRET: Setting = app_secret("tiktok_client_secret", "TIKTOK_CLIENT_SECRET");

pub const TIKTOK_BUSINESS_CLIENT_ID: Setting =
    app_id("tiktok_business_client_id", "TIKTOK_BUSINESS_CLIENT_ID", "The app that posts on TikTok for Business");
pub const TIKTOK_BUSINESS_CLIENT_SECRET: Setting =
    app_secret("tiktok_business_client_secret", "TIKTOK_BUSINESS_CLIENT_SECRET");

pub const DRIBBBLE_CLIENT_ID: Setting =
    app_id("dribbble_client_id", "DRIBBBLE_CLIENT_ID", "The app that posts on Dribbble");
pub const DRIBBBLE_CLIENT_SECRET: Setting = app_secret("dribbble_client_secret", "DRIBBBLE_CLIENT_SECRET");

pub const WHOP_CLIENT_ID: Setting = app_id("whop_client_id", "WHOP_CLIENT_ID", "The app that posts on Whop");
pub const WHOP_CLIENT_SECRET: Setting = app_secret("whop_client_secret", "WHOP_CLIENT_SECRET");

pub const MEWE_APP_ID: Setting = app_id("mewe_app_id", "MEWE_APP_ID", "The app that posts on MeWe");
pub const MEWE_API_KEY: Setting = app_secret("mewe_api_key", "MEWE_API_KEY");

/// The apps of networks that are one place, by the networks they are for; of two for one network, the later counts.
pub const APPS: [AppSettings; 21] = [
    AppSettings { networks: &["telegram"], id: None, secret: TELEGRAM_TOKEN, bot: None },
    AppSettings {
        networks: &["discord"],
        id: Some(DISCORD_CLIENT_ID),
        secret: DISCORD_CLIENT_SECRET,
        bot: Some(DISCORD_BOT_TOKEN),
    },
    AppSettings { networks: &["slack"], id: Some(SLACK_ID), secret: SLACK_SECRET, bot: None },
    AppSettings { networks: &["x"], id: Some(X_CLIENT_ID), secret: X_CLIENT_SECRET, bot: None },
    AppSettings { networks: &["x/oauth1"], id: Some(X_API_KEY), secret: X_API_SECRET, bot: None },
    AppSettings { networks: &["threads"], id: Some(THREADS_APP_ID), secret: THREADS_APP_SECRET, bot: None },
    AppSettings {
        networks: &["linkedin", "linkedin-page"],
        id: Some(LINKEDIN_CLIENT_ID),
        secret: LINKEDIN_CLIENT_SECRET,
        bot: None,
    },
    AppSettings {
        networks: &["facebook", "instagram"],
        id: Some(FACEBOOK_APP_ID),
        secret: FACEBOOK_APP_SECRET,
        bot: None,
    },
    AppSettings {
        networks: &["instagram-standalone"],
        id: Some(INSTAGRAM_APP_ID),
        secret: INSTAGRAM_APP_SECRET,
        bot: None,
    },
    AppSettings {
        networks: &["youtube", "gmb"],
        id: Some(YOUTUBE_CLIENT_ID),
        secret: YOUTUBE_CLIENT_SECRET,
        bot: None,
    },
    AppSettings { networks: &["gmb"], id: Some(GMB_CLIENT_ID), secret: GMB_CLIENT_SECRET, bot: None },
    AppSettings { networks: &["mewe"], id: Some(MEWE_APP_ID), secret: MEWE_API_KEY, bot: None },
    AppSettings { networks: &["whop"], id: Some(WHOP_CLIENT_ID), secret: WHOP_CLIENT_SECRET, bot: None },
    AppSettings { networks: &["dribbble"], id: Some(DRIBBBLE_CLIENT_ID), secret: DRIBBBLE_CLIENT_SECRET, bot: None },
    AppSettings { networks: &["tiktok"], id: Some(TIKTOK_CLIENT_ID), secret: TIKTOK_CLIENT_SECRET, bot: None },
    AppSettings {
        networks: &["tiktok-business"],
        id: Some(TIKTOK_BUSINESS_CLIENT_ID),
        secret: TIKTOK_BUSINESS_CLIENT_SECRET,
        bot: None,
    },
    AppSettings { networks: &["kick"], id: Some(KICK_CLIENT_ID), secret: KICK_SECRET, bot: None },
    AppSettings { networks: &["twitch"], id: Some(TWITCH_CLIENT_ID), secret: TWITCH_CLIENT_SECRET, bot: None },
    AppSettings { networks: &["reddit"], id: Some(REDDIT_CLIENT_ID), secret: REDDIT_CLIENT_SECRET, bot: None },
    AppSettings { networks: &["pinterest"], id: Some(PINTEREST_CLIENT_ID), secret: PINTEREST_CLIENT_SECRET, bot: None },
    AppSettings { networks: &["tumblr"], id: Some(TUMBLR_CLIENT_ID), secret: TUMBLR_CLIENT_SECRET, bot: None },
];

pub const METRICS_TOKEN: Setting = secret(setting(
    "metrics_token",
    "CRIER_METRICS_TOKEN",
    "",
    "at least 16 characters",
    "Who sends it as a bearer token may read /metrics; off when not set",
));
pub const METRICS_LISTEN: Setting = setting(
    "metrics_listen",
    "CRIER_METRICS_LISTEN",
    "",
    "an address and a port, for example 127.0.0.1:9464",
    "An address of its own that tells /metrics to whoever reaches it; off when not set",
);
pub const BLUESKY_DIRECTORY: Setting = setting(
    "bluesky_directory",
    "CRIER_BLUESKY_DIRECTORY",
    "https://plc.directory",
    "an http or https address",
    "Where the AT Protocol's accounts (did:plc) are looked up",
);
pub const BLUESKY_RESOLVER: Setting = setting(
    "bluesky_resolver",
    "CRIER_BLUESKY_RESOLVER",
    "https://public.api.bsky.app",
    "an http or https address",
    "The server that knows the AT Protocol's handles, also those that stand in DNS",
);
pub const MAIL_URL: Setting = secret(setting(
    "mail_url",
    "CRIER_MAIL_URL",
    "",
    "smtps://user:password@host, or smtp://host:port with ?tls=required or ?tls=opportunistic for STARTTLS",
    "The mail server by which people are told; without one, no mails are sent",
));
pub const MAIL_FROM: Setting = setting(
    "mail_from",
    "CRIER_MAIL_FROM",
    "",
    "an address, for example Crier <crier@example.org>",
    "The sender of those mails; needed with `mail_url`",
);
pub const LOG: Setting = setting(
    "log",
    "CRIER_LOG",
    "info",
    "error, warn, info, debug, trace, or directives such as info,crier_connect=debug",
    "What is logged",
);
pub const LOG_FORMAT: Setting =
    setting("log_format", "CRIER_LOG_FORMAT", "text", "text or json", "How the log is written");

pub const OTLP_ENDPOINT: Setting = setting(
    "otlp_endpoint",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "",
    "an http or https address, for example http://127.0.0.1:4318",
    "The OpenTelemetry collector that traces are sent to, by OTLP over HTTP with JSON; none are sent without one",
);
pub const OTLP_HEADERS: Setting = secret(setting(
    "otlp_headers",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "",
    "name=value, several apart by commas",
    "Headers for that collector, for example of who sends them",
));
pub const OTLP_SERVICE: Setting =
    setting("otlp_service", "OTEL_SERVICE_NAME", "crier", "a name", "What this process is called in traces");

/// In the order `crier config` prints them.
pub const ALL: [Setting; 89] = [
    LISTEN,
    PUBLIC_URL,
    DATA_DIR,
    DATABASE_URL,
    DATABASE_CONNECTIONS,
    SECRET_KEY_FILE,
    ROLE,
    REGISTRATION,
    PLAYGROUND,
    PLAYGROUND_LISTEN,
    EGRESS_ALLOW,
    EXTRA_CA,
    PROXY,
    NO_PROXY,
    NETWORK_PROXIES,
    NAME_SERVERS,
    TRUSTED_PROXIES,
    S3_BUCKET,
    S3_REGION,
    S3_ENDPOINT,
    S3_ACCESS_KEY_ID,
    S3_SECRET_ACCESS_KEY,
    S3_PATH_STYLE,
    S3_PREFIX,
    WORKER_PARALLEL,
    FFMPEG,
    FFMPEG_THREADS,
    FFMPEG_MEMORY,
    FFMPEG_MINUTES,
    HEIF_CONVERT,
    CHANNEL_DAILY_CAP,
    LATE_WINDOW,
    RETRY_WINDOW,
    MASTODON_URL,
    MASTODON_CLIENT_ID,
    MASTODON_CLIENT_SECRET,
    TELEGRAM_TOKEN,
    DISCORD_CLIENT_ID,
    DISCORD_CLIENT_SECRET,
    DISCORD_BOT_TOKEN,
    SLACK_ID,
    SLACK_SECRET,
    X_CLIENT_ID,
    X_CLIENT_SECRET,
    X_API_KEY,
    X_API_SECRET,
    THREADS_APP_ID,
    THREADS_APP_SECRET,
    LINKEDIN_CLIENT_ID,
    LINKEDIN_CLIENT_SECRET,
    FACEBOOK_APP_ID,
    FACEBOOK_APP_SECRET,
    INSTAGRAM_APP_ID,
    INSTAGRAM_APP_SECRET,
    YOUTUBE_CLIENT_ID,
    YOUTUBE_CLIENT_SECRET,
    GMB_CLIENT_ID,
    GMB_CLIENT_SECRET,
    TUMBLR_CLIENT_ID,
    TUMBLR_CLIENT_SECRET,
    PINTEREST_CLIENT_ID,
    PINTEREST_CLIENT_SECRET,
    REDDIT_CLIENT_ID,
    REDDIT_CLIENT_SECRET,
    TWITCH_CLIENT_ID,
    TWITCH_CLIENT_SECRET,
    KICK_CLIENT_ID,
    KICK_SECRET,
    TIKTOK_CLIENT_ID,
    TIKTOK_CLIENT_SECRET,
    TIKTOK_BUSINESS_CLIENT_ID,
    TIKTOK_BUSINESS_CLIENT_SECRET,
    DRIBBBLE_CLIENT_ID,
    DRIBBBLE_CLIENT_SECRET,
    WHOP_CLIENT_ID,
    WHOP_CLIENT_SECRET,
    MEWE_APP_ID,
    MEWE_API_KEY,
    METRICS_TOKEN,
    METRICS_LISTEN,
    BLUESKY_DIRECTORY,
    BLUESKY_RESOLVER,
    MAIL_URL,
    MAIL_FROM,
    LOG,
    LOG_FORMAT,
    OTLP_ENDPOINT,
    OTLP_HEADERS,
    OTLP_SERVICE,
];

impl Setting {
    /// The flag's name, without its dashes.
    pub fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// Whether the flag alone, without a value, means `true`.
    pub fn is_switch(&self) -> bool {
        self.accepts == "true or false"
    }
}
