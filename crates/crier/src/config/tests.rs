use super::*;
use std::collections::BTreeMap;

/// Reads a configuration out of the three layers.
fn read(flags: &[(&str, &str)], environment: &[(&str, &str)], file: Option<&str>) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crier.toml");
    if let Some(text) = file {
        std::fs::write(&path, text).unwrap();
    }
    let flags: BTreeMap<_, _> = flags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let environment: BTreeMap<_, _> = environment.iter().copied().collect();
    Config::read(&Layers {
        flags: &flags,
        environment: &|name| environment.get(name).map(|&value| value.to_owned()),
        file: None,
        usual_file: &path,
    })
}

fn source(config: &Config, setting: Setting) -> &Source {
    &config.given.iter().find(|given| given.setting == setting).unwrap().source
}

#[test]
fn nothing_set_is_a_server_on_loopback() {
    let config = read(&[], &[], None).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:4800");
    assert_eq!(config.public_url.as_str(), "http://127.0.0.1:4800/");
    assert!(config.database_url.expose().starts_with("sqlite:///"), "{}", config.database_url.expose());
    assert!(config.database_url.expose().ends_with("/data/crier.db"));
    assert_eq!(config.secret_key_file, Path::new("./data/secret.key"));
    assert_eq!((config.role, config.registration, config.playground), (Role::All, Registration::First, None));
}

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
    let file = Some("listen = \"127.0.0.1:1\"\nlog = \"warn\"\nrole = \"web\"\n");
    let environment = [("CRIER_LISTEN", "127.0.0.1:2"), ("CRIER_LOG", "debug"), ("CRIER_ROLE", "")];
    let config = read(&[("listen", "127.0.0.1:3")], &environment, file).unwrap();
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.public_url.as_str(), "http://127.0.0.1:3/", "the public address follows");
    assert_eq!(config.log, "debug");
    assert_eq!(config.role, Role::Web, "an empty variable is not set");
    assert_eq!(source(&config, settings::LISTEN), &Source::Flag("listen".into()));
    assert_eq!(source(&config, settings::LOG), &Source::Environment("CRIER_LOG"));
    assert!(matches!(source(&config, settings::ROLE), Source::File(_)));
    assert_eq!(source(&config, settings::PROXY), &Source::Default);
}

#[test]
fn wrong_values_name_the_setting_its_source_and_what_is_accepted_all_at_once() {
    let environment = [("CRIER_LISTEN", "localhost"), ("CRIER_REGISTRATION", "maybe")];
    let error =
        read(&[("public-url", "")], &environment, Some("role = \"boss\"\npublic_url = \"ftp://x\"")).unwrap_err();
    let said = error.to_string();
    for line in [
        "`listen` is “localhost” (from environment CRIER_LISTEN); accepted: an address and a port",
        "`registration` is “maybe” (from environment CRIER_REGISTRATION); accepted: open, closed or first",
        "`role` is “boss” (from file ",
        "`public_url` is “ftp://x”",
    ] {
        assert!(said.contains(line), "{line} is not in:\n{said}");
    }
}

#[test]
fn every_wrong_kind_of_value_is_refused() {
    for (name, value) in [
        ("CRIER_LISTEN", "4800"),
        ("CRIER_PUBLIC_URL", "crier.example.org"),
        ("CRIER_PUBLIC_URL", "https://example.org/crier"),
        ("CRIER_PUBLIC_URL", "https://user@example.org"),
        ("DATABASE_URL", "mysql://x"),
        ("CRIER_DATABASE_CONNECTIONS", "1"),
        ("CRIER_PLAYGROUND", "yes"),
        ("CRIER_PLAYGROUND_LISTEN", "there"),
        ("CRIER_EGRESS_ALLOW", "10.0.0.0/8,not a host"),
        ("CRIER_PROXY", "ftp://proxy.lan"),
        ("CRIER_NO_PROXY", "http://nas.lan"),
        ("CRIER_NETWORK_PROXIES", "bluesky"),
        ("CRIER_NETWORK_PROXIES", "orkut=none"),
        ("CRIER_NETWORK_PROXIES", "bluesky=ftp://proxy.lan"),
        ("CRIER_NAME_SERVERS", "dns.lan"),
        ("CRIER_TRUSTED_PROXIES", "proxy.lan"),
        ("CRIER_WORKER_PARALLEL", "0"),
        ("CRIER_METRICS_TOKEN", "short"),
        ("CRIER_METRICS_LISTEN", "9464"),
        ("CRIER_LOG", "info,x=loud"),
        ("CRIER_LOG_FORMAT", "xml"),
    ] {
        let error = read(&[], &[(name, value)], None).map(|_| ()).unwrap_err();
        assert_eq!(error.0.len(), 1, "{name}={value}: {error}");
        assert!(error.0[0].contains(name), "{error}");
    }
}

#[test]
fn the_file_refuses_unknown_keys_and_wrong_types_by_name() {
    let error = read(&[], &[], Some("lisen = \"x\"\n[role]\na = 1\n")).unwrap_err();
    assert!(error.to_string().contains("there is no setting `lisen`"), "{error}");
    assert!(error.to_string().contains("`role` must be web, worker or all"), "{error}");
    let error = read(&[], &[], Some("listen = ")).unwrap_err();
    assert!(error.to_string().contains("crier.toml"), "{error}");
    let config = read(&[], &[], Some("egress_allow = [\"10.0.0.0/8\", \"nas.lan\"]\nplayground = true")).unwrap();
    assert_eq!(config.egress_allow.len(), 2);
    assert_eq!(config.playground_origin().unwrap().as_str(), "http://127.0.0.1:4801/");
}

#[test]
fn a_network_may_have_a_way_out_of_its_own() {
    let file = "no_proxy = [\"nas.lan\", \"10.0.0.0/8\"]\n[network_proxies]\nbluesky = \"none\"\nmastodon = \"http://u:hunter2@proxy.lan:1\"\n";
    let from_file = read(&[], &[], Some(file)).unwrap();
    let line = [("CRIER_NETWORK_PROXIES", "bluesky=none, mastodon=http://u:hunter2@proxy.lan:1")];
    let from_environment = read(&[], &line, None).unwrap();
    for config in [&from_file, &from_environment] {
        assert_eq!(config.network_proxies.len(), 2);
        assert_eq!(config.network_proxies["bluesky"], ProxyConfig::None);
        assert!(
            matches!(&config.network_proxies["mastodon"], ProxyConfig::Address(url) if url.ends_with("@proxy.lan:1"))
        );
        assert!(!format!("{config:?}{}", config.told()).contains("hunter2"));
    }
    assert_eq!(from_file.no_proxy.len(), 2);
}

#[test]
fn an_app_belongs_to_its_server() {
    let environment = [
        ("MASTODON_CLIENT_ID", "id"),
        ("MASTODON_CLIENT_SECRET", "s3cret-value"),
        ("MASTODON_URL", "https://example.social"),
    ];
    let config = read(&[], &environment, None).unwrap();
    assert_eq!(config.apps["mastodon@example.social"].client_id, "id");
    assert!(!format!("{config:?}{}", config.told()).contains("s3cret-value"));
    assert!(config.told().contains("from environment MASTODON_CLIENT_ID"));
    assert!(read(&[], &[("MASTODON_CLIENT_SECRET", "alone")], None).is_err());
    assert!(read(&[], &[], None).unwrap().apps.is_empty());
}

#[test]
fn an_app_of_a_network_that_is_one_place_is_set_whole_or_not_at_all() {
    let linkedin = [("LINKEDIN_CLIENT_ID", "id"), ("LINKEDIN_CLIENT_SECRET", "s3cret-value")];
    let apps = read(&[], &linkedin, None).unwrap().apps;
    assert_eq!(apps.keys().map(String::as_str).collect::<Vec<_>>(), ["linkedin", "linkedin-page"]);
    let google = [("YOUTUBE_CLIENT_ID", "video"), ("YOUTUBE_CLIENT_SECRET", "s3cret-value")];
    let apps = read(&[], &google, None).unwrap().apps;
    assert_eq!((apps["youtube"].client_id.as_str(), apps["gmb"].client_id.as_str()), ("video", "video"));
    let own = [("GOOGLE_GMB_CLIENT_ID", "places"), ("GOOGLE_GMB_CLIENT_SECRET", "s3cret-value")];
    let apps = read(&[], &[google, own].concat(), None).unwrap().apps;
    assert_eq!((apps["youtube"].client_id.as_str(), apps["gmb"].client_id.as_str()), ("video", "places"));
    let telegram = read(&[], &[("TELEGRAM_TOKEN", "123:s3cret-value")], None).unwrap();
    assert_eq!(telegram.apps["telegram"].client_id, "123");
    assert!(!format!("{telegram:?}{}", telegram.told()).contains("s3cret-value"));
    let discord =
        [("DISCORD_CLIENT_ID", "id"), ("DISCORD_CLIENT_SECRET", "s3cret-value"), ("DISCORD_BOT_TOKEN_ID", "bot-value")];
    let whole = read(&[], &discord, None).unwrap();
    assert_eq!(whole.apps["discord"].bot_token.as_ref().unwrap().expose(), "bot-value");
    assert!(!format!("{whole:?}{}", whole.told()).contains("bot-value"));
    for (partly, lacks) in [
        (vec![("TELEGRAM_TOKEN", "no-token")], "telegram_token"),
        (discord[..2].to_vec(), "discord_bot_token"),
        (discord[1..].to_vec(), "discord_client_id"),
    ] {
        let wrong = read(&[], &partly, None).unwrap_err().to_string();
        assert!(wrong.contains(lacks) && !wrong.contains("value"), "{wrong}");
    }
}

#[test]
fn a_bucket_is_set_whole_and_its_keys_alone_are_nothing() {
    let keys = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "s3cret-value")];
    assert_eq!(read(&[], &keys, None).unwrap().bucket, None, "they may be those of another program");
    let bare = read(&[], &[&keys[..], &[("S3_BUCKET", "media")]].concat(), None).unwrap();
    let bucket = bare.bucket.as_ref().unwrap();
    assert_eq!((bucket.name.as_str(), bucket.region.as_str(), bucket.path_style), ("media", "us-east-1", false));
    assert!(!format!("{bare:?}{}", bare.told()).contains("s3cret-value"));
    let own = [("S3_BUCKET", "media"), ("S3_ENDPOINT", "http://127.0.0.1:9000"), ("S3_PREFIX", "/crier/")];
    let own = read(&[], &[&keys[..], &own].concat(), None).unwrap().bucket.unwrap();
    assert_eq!((own.path_style, own.prefix.as_str()), (true, "crier/"));
    for (wrong, lacks) in [
        (vec![("S3_BUCKET", "media")], "s3_secret_access_key"),
        (vec![("S3_BUCKET", "a bucket")], "s3_bucket"),
        (vec![("S3_BUCKET", "media"), ("S3_ENDPOINT", "minio")], "s3_endpoint"),
        (vec![("S3_BUCKET", "media"), ("S3_ENDPOINT", "http://u:s3cret-value@minio")], "s3_endpoint"),
        (vec![("S3_BUCKET", "media"), ("S3_PATH_STYLE", "maybe")], "s3_path_style"),
        (vec![("S3_BUCKET", "media"), ("S3_PREFIX", "a b")], "s3_prefix"),
    ] {
        let given = if lacks == "s3_secret_access_key" { wrong } else { [&keys[..], &wrong].concat() };
        let error = read(&[], &given, None).map(drop).unwrap_err().to_string();
        assert!(error.contains(lacks) && !error.contains("s3cret-value"), "{error}");
    }
}

#[test]
fn a_named_file_must_be_there() {
    let flags = BTreeMap::new();
    let missing = Path::new("/nonexistent/crier.toml");
    let layers = Layers { flags: &flags, environment: &|_| None, file: Some(missing), usual_file: missing };
    assert!(Config::read(&layers).unwrap_err().to_string().contains("/nonexistent/crier.toml"));
}

#[test]
fn secrets_are_shown_nowhere() {
    let environment = [("DATABASE_URL", "postgres://u:hunter2@db/x"), ("CRIER_PROXY", "http://u:hunter2@proxy:1")];
    let config = read(&[], &environment, None).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    let error = read(&[], &[("DATABASE_URL", "mysql://u:hunter2@db/x")], None).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn names_are_unique() {
    for (i, one) in settings::ALL.iter().enumerate() {
        for other in &settings::ALL[i + 1..] {
            assert!(one.key != other.key && one.env != other.env, "{}", one.key);
        }
    }
}
