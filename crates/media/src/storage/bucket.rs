//! A bucket of S3, or of a server that speaks the same: what is set of one, how it is opened, and what may be wrong with it.

use super::carrier::Carrier;
use crate::{FilmKind, Kind};
use crier_model::Secret;
use crier_net::{Client, Failure, FailureKind, Stage};
use object_store::{
    BackoffConfig, ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
};
use std::time::Duration;
use url::{Host, Url};

/// The region that is named where hosts know of none.
pub const ANY_REGION: &str = "us-east-1";
/// A request waits for somebody: what is not mended by then is said.
const PATIENCE: Duration = Duration::from_secs(20);
const TRIES: usize = 4;
const UNREACHED: &str = "Check that the host of `s3_endpoint` runs and can be reached from this machine.";

/// A bucket, and who we are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    pub name: String,
    pub region: String,
    /// The host that has it; Amazon's when none is named.
    pub endpoint: Option<Url>,
    /// Whether the bucket is the first part of paths, and not of the host's name.
    pub path_style: bool,
    pub access_key_id: String,
    pub secret_access_key: Secret,
    /// What all keys begin with: empty, or ending with a slash.
    pub prefix: String,
}

impl Bucket {
    /// The address at which it is asked, without the bucket in the path.
    fn address(&self) -> String {
        let at = |host: &str| if self.path_style { host.to_owned() } else { format!("{}.{host}", self.name) };
        match &self.endpoint {
            None => format!("https://{}", at(&format!("s3.{}.amazonaws.com", self.region))),
            Some(endpoint) => {
                let port = endpoint.port().map(|port| format!(":{port}")).unwrap_or_default();
                let (host, path) = (at(endpoint.host_str().unwrap_or_default()), endpoint.path().trim_end_matches('/'));
                format!("{}://{host}{port}{path}", endpoint.scheme())
            }
        }
    }

    /// In words, without secrets.
    pub(super) fn told(&self) -> String {
        let address = self.address();
        let host = address.split_once("://").map_or(address.as_str(), |(_, host)| host);
        format!("the bucket “{}” at {host}", self.name)
    }

    /// Whether strangers can reach its host.
    pub(super) fn is_public(&self) -> bool {
        let Ok(address) = Url::parse(&self.address()) else { return false };
        let named = matches!(address.host(), Some(Host::Domain(name)) if crier_net::is_public_name(name));
        address.scheme() == "https" && named
    }

    /// Nothing is called yet.
    pub(super) fn open(&self, net: &Client) -> object_store::Result<AmazonS3> {
        let kinds = Kind::ALL.map(|kind| (kind.extension(), kind.mime()));
        let films = FilmKind::ALL.map(|kind| (kind.extension(), kind.mime()));
        let options = kinds.into_iter().chain(films).fold(ClientOptions::new(), |options, (extension, mime)| {
            options.with_content_type_for_suffix(extension, mime)
        });
        let backoff = BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() };
        AmazonS3Builder::new()
            .with_bucket_name(&self.name)
            .with_region(&self.region)
            .with_endpoint(self.address())
            .with_virtual_hosted_style_request(!self.path_style)
            .with_access_key_id(&self.access_key_id)
            .with_secret_access_key(self.secret_access_key.expose())
            .with_client_options(options)
            // One file is deleted at a time, and not every host takes lists of them.
            .with_disable_bulk_delete(true)
            .with_retry(RetryConfig { backoff, max_retries: TRIES, retry_timeout: PATIENCE })
            .with_http_connector(Carrier { net: net.clone(), bucket: self.told().into() })
            .build()
    }
}

/// What stands between us and a bucket, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{said}")]
pub struct Trouble {
    pub(super) said: String,
    pub(super) fix: &'static str,
}

impl Trouble {
    /// What an answer says that no repetition mends; `code` is S3's own word, which answers to HEAD lack. None for what is missing alone,
    /// and for what may pass.
    pub(super) fn of(bucket: &str, status: u16, code: Option<&str>) -> Option<Self> {
        let (said, fix) = match (status, code.unwrap_or_default()) {
            (_, "NoSuchBucket") => (
                format!("there is not {bucket}"),
                "Make the bucket, or correct `s3_bucket`, `s3_region` and `s3_endpoint`.",
            ),
            (_, "InvalidAccessKeyId") => (
                format!("{bucket} is not opened by the access key: it is not known there"),
                "Correct `s3_access_key_id`, or make a new key at the bucket’s host.",
            ),
            (_, "SignatureDoesNotMatch") => (
                format!("{bucket} is not opened by the secret key: it is not that of the access key"),
                "Correct `s3_secret_access_key`; it belongs to `s3_access_key_id`.",
            ),
            (_, "RequestTimeTooSkewed" | "RequestExpired") => (
                format!("{bucket} takes no requests from here: this machine’s clock is more than 15 minutes off"),
                "Set this machine’s clock, best by a time service (`timedatectl set-ntp true`).",
            ),
            (
                _,
                "AuthorizationHeaderMalformed"
                | "PermanentRedirect"
                | "TemporaryRedirect"
                | "IllegalLocationConstraintException",
            )
            | (300..=399, _) => (
                format!("{bucket} is in another region than the one set"),
                "Set `s3_region` to the bucket’s own region, and `s3_endpoint` to its host.",
            ),
            (507, _)
            | (_, "QuotaExceeded" | "XMinioStorageFull" | "XMinioAdminBucketQuotaExceeded" | "EntityTooLarge") => {
                (format!("{bucket} has no more room"), "Make room there, or raise its quota.")
            }
            (401 | 403, _) => (
                format!("{bucket} does not let the access key do this"),
                "Allow the key to get, put, delete and list objects of the bucket (s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket, s3:AbortMultipartUpload).",
            ),
            _ => return None,
        };
        Some(Self { said, fix })
    }

    /// No answer came in time.
    pub(super) fn silent(bucket: &str, waited: Duration) -> Self {
        let said = format!("{bucket} did not answer within {} s", waited.as_secs());
        Self { said, fix: UNREACHED }
    }

    /// No answer came.
    pub(super) fn unanswered(bucket: &str, failure: &Failure) -> Self {
        let fix = match (failure.kind, failure.stage) {
            (FailureKind::BlockedAddress, _) => {
                "Private addresses are called only when `egress_allow` lists them: add the host of `s3_endpoint`, as narrowly as you can (127.0.0.1:9000)."
            }
            (FailureKind::DnsNotFound, _) => {
                "Correct `s3_endpoint`, `s3_region` and `s3_path_style`: no host has this name."
            }
            (_, Stage::Tls) => {
                "Correct `s3_endpoint` (http or https), renew its certificate, or list its authority in `extra_ca`."
            }
            (_, Stage::Proxy) => "Correct `proxy`, or list the host in `no_proxy`.",
            _ => UNREACHED,
        };
        Self { said: format!("{bucket} was not reached: {}", failure.detail), fix }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(endpoint: Option<&str>, path_style: bool) -> Bucket {
        Bucket {
            name: "media".into(),
            region: "eu-central-1".into(),
            endpoint: endpoint.map(|url| url.parse().unwrap()),
            path_style,
            access_key_id: "id".into(),
            secret_access_key: "s3cret-value".into(),
            prefix: String::new(),
        }
    }

    #[test]
    fn a_bucket_is_asked_at_its_host() {
        for (endpoint, path_style, origin, public) in [
            (None, false, "https://media.s3.eu-central-1.amazonaws.com", true),
            (None, true, "https://s3.eu-central-1.amazonaws.com", true),
            (Some("https://a1.r2.cloudflarestorage.com/"), true, "https://a1.r2.cloudflarestorage.com", true),
            (Some("https://x.example.com/storage/v1/s3"), true, "https://x.example.com/storage/v1/s3", true),
            (Some("https://fra1.example.com"), false, "https://media.fra1.example.com", true),
            (Some("http://127.0.0.1:9000"), true, "http://127.0.0.1:9000", false),
            (Some("https://minio.lan"), true, "https://minio.lan", false),
            (Some("http://s3.example.com"), true, "http://s3.example.com", false),
        ] {
            let bucket = bucket(endpoint, path_style);
            assert_eq!((bucket.address().as_str(), bucket.is_public()), (origin, public));
        }
        let shown = format!("{:?}", bucket(None, true));
        assert!(!shown.contains("s3cret-value"), "{shown}");
    }

    #[test]
    fn the_address_of_a_file_in_a_bucket_is_signed_for_a_day() {
        let bucket = Bucket { prefix: "crier/".into(), ..bucket(Some("https://s3.example.com"), true) };
        let net = Client::new(crier_net::Config::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let storage = super::super::Storage::bucket(&bucket, &net, folder.path()).unwrap();
        assert!(storage.is_public());
        let address: Url = storage.signed_address("a/media/b.png").unwrap().parse().unwrap();
        assert_eq!((address.host_str(), address.path()), (Some("s3.example.com"), "/media/crier/a/media/b.png"));
        let query = address.query().unwrap();
        assert!(query.contains("X-Amz-Expires=86400") && query.contains("X-Amz-Signature="), "{query}");
        assert!(!address.as_str().contains("s3cret-value"));
    }

    #[test]
    fn what_a_bucket_has_against_us_is_said_with_a_fix() {
        let said = |status, code| Trouble::of("the bucket “media” at s3.test", status, code);
        for (status, code, words, fix) in [
            (404, Some("NoSuchBucket"), "there is not the bucket “media”", "s3_bucket"),
            (403, Some("InvalidAccessKeyId"), "not known there", "s3_access_key_id"),
            (403, Some("SignatureDoesNotMatch"), "not that of the access key", "s3_secret_access_key"),
            (403, Some("RequestTimeTooSkewed"), "clock", "timedatectl"),
            (403, Some("AccessDenied"), "does not let", "s3:PutObject"),
            (403, None, "does not let", "s3:PutObject"),
            (301, None, "another region", "s3_region"),
            (400, Some("AuthorizationHeaderMalformed"), "another region", "s3_region"),
            (507, Some("XMinioStorageFull"), "no more room", "quota"),
        ] {
            let trouble = said(status, code).unwrap();
            assert!(trouble.said.contains(words) && trouble.fix.contains(fix), "{trouble:?}");
        }
        for passing in [said(404, Some("NoSuchKey")), said(404, None), said(503, Some("SlowDown")), said(500, None)] {
            assert_eq!(passing, None);
        }
    }
}
