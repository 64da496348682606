use crate::scene::{Scene, after_minutes, scene};
use crier_model::{InviteId, WorkspaceId};
use crier_store::{
    StoreError, events,
    invites::{self, Invite, NewInvite, Standing},
};

async fn made(scene: &Scene, token_hash: &str, max_uses: u32) -> Invite {
    let new = NewInvite {
        workspace: scene.workspace,
        created_by: scene.user,
        name: "For Acme".to_owned(),
        token_hash: token_hash.to_owned(),
        networks: vec!["playground".to_owned()],
        max_uses,
        expires_at: after_minutes(60),
    };
    invites::create(scene, new).await.unwrap()
}

async fn used(scene: &Scene, id: InviteId) -> Standing {
    let mut tx = scene.begin().await.unwrap();
    let standing = invites::use_in(&mut tx, id).await.unwrap();
    tx.commit().await.unwrap();
    standing
}

#[tokio::test]
async fn an_invite_is_found_by_the_hash_of_its_token_and_listed_newest_first() {
    let scene = scene().await;
    let (first, second) = (made(&scene, "one", 1).await, made(&scene, "two", 1).await);
    assert_eq!(invites::by_token_hash(&scene, "one").await.unwrap(), Some(first.clone()));
    assert_eq!(invites::by_token_hash(&scene, "three").await.unwrap(), None);
    assert_eq!(invites::list(&scene, scene.workspace, 10).await.unwrap(), [second, first]);
    assert!(invites::list(&scene, WorkspaceId::new(), 10).await.unwrap().is_empty());
    let told = events::after(&scene, scene.workspace, None, 100).await.unwrap();
    assert_eq!(told.iter().filter(|event| event.kind == events::kind::INVITE_CHANGED).count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_get_through_than_there_are_uses() {
    let scene = scene().await;
    let invite = made(&scene, "one", 3).await;
    let mut guests = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (node, id) = (scene.node().await, invite.id);
        guests.spawn(async move {
            let mut tx = node.begin().await.unwrap();
            let standing = invites::use_in(&mut tx, id).await.unwrap();
            tx.commit().await.unwrap();
            standing
        });
    }
    let standings = guests.join_all().await;
    assert_eq!(standings.iter().filter(|standing| **standing == Standing::Open).count(), 3);
    assert_eq!(standings.iter().filter(|standing| **standing == Standing::UsedUp).count(), 7);
    assert_eq!(invites::by_id(&scene, invite.id).await.unwrap().uses, 3);
}

#[tokio::test]
async fn a_use_that_is_rolled_back_does_not_count_and_a_revoked_invite_has_none() {
    let scene = scene().await;
    let invite = made(&scene, "one", 1).await;
    let mut tx = scene.begin().await.unwrap();
    assert_eq!(invites::use_in(&mut tx, invite.id).await.unwrap(), Standing::Open);
    tx.rollback().await.unwrap();
    assert_eq!(invites::by_id(&scene, invite.id).await.unwrap().uses, 0);
    let elsewhere = invites::revoke(&scene, WorkspaceId::new(), invite.id).await;
    assert!(matches!(elsewhere, Err(StoreError::NotFound { what: "invite" })));
    invites::revoke(&scene, scene.workspace, invite.id).await.unwrap();
    invites::revoke(&scene, scene.workspace, invite.id).await.unwrap();
    assert_eq!(used(&scene, invite.id).await, Standing::Revoked);
    assert_eq!(used(&scene, InviteId::new()).await, Standing::Revoked);
}
