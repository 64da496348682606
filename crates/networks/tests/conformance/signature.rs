//! The webhook's signature, as a receiver checks it (Standard Webhooks 1.0).

use crate::fixture;
use crate::journal::Notebook;
use crate::world::World;
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

#[tokio::test]
async fn a_receiver_can_check_that_a_call_is_ours() {
    let mut checked = 0;
    for raw in fixture::of("webhook").into_iter().filter(|raw| !raw.plain().exchanges.is_empty()) {
        let world = World::new("webhook", &raw, false).await;
        world.run(&Notebook::default()).await;
        let given = &world.fixture.given;
        let secret = given.credentials["access_token"].as_str().or(given.values.get("secret").map(String::as_str));
        let key = BASE64_STANDARD.decode(secret.unwrap().trim_start_matches("whsec_")).unwrap();
        for call in world.server.calls() {
            let header = |name: &str| call.headers[name].as_str();
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
            mac.update(&call.body);
            let wanted = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
            assert_eq!(header("webhook-signature"), wanted, "{}", raw.name);
            checked += 1;
        }
    }
    assert!(checked > 10, "only {checked} calls were checked");
}
