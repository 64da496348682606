//! Playground's bot: an account lets it post by telling it a code in their chat.

use crate::connect::{Client2, Dialog, Heard, Introduction, SaidCode};
use crate::{Credentials, Detail, Identified, Refusal, call, oauth_server, playground::Playground};
use async_trait::async_trait;
use crier_model::{Code, Secret};
use crier_net::{Client, Request};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

const CONNECT: &str = "/connect ";
/// Beside the time that a request may wait.
const MARGIN: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Bot {
    name: String,
    link: url::Url,
}

#[derive(Deserialize)]
struct Messages {
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    id: u64,
    text: String,
    access_token: Option<Secret>,
}

#[async_trait]
impl Dialog for Playground {
    async fn register(&self, net: &Client, redirect_uri: &str) -> Result<Option<Client2>, Refusal> {
        let metadata = oauth_server::Metadata::read(net, self.origin()).await?;
        let Some(endpoint) = &metadata.registration_endpoint else { return Ok(None) };
        oauth_server::register(net, endpoint, redirect_uri, "profile posts:write").await.map(Some)
    }

    async fn introduce(&self, net: &Client, bot: &Client2) -> Result<Introduction, Refusal> {
        let Bot { name, link } = ask(of(net.get(self.api("bot")), bot), bot).await?;
        Ok(Introduction {
            steps: vec![format!(
                "Open the chat with {name} in the Playground, signed in as the account you want to connect."
            )],
            bot: name,
            link: Some(link),
            message: format!("{CONNECT}{{code}}"),
        })
    }

    async fn listen(&self, net: &Client, bot: &Client2, since: Option<&str>, wait: Duration) -> Result<Heard, Refusal> {
        let mut query = vec![("wait", wait.as_secs().to_string())];
        query.extend(since.map(|id| ("after", id.to_owned())));
        let request = of(net.get(self.api("bot/messages")).query(&query), bot).timeout(wait + MARGIN);
        let Messages { messages } = ask(request, bot).await?;
        let since = messages.last().map(|message| message.id.to_string());
        let codes = messages.into_iter().filter_map(|Message { text, access_token, .. }| {
            let code = Secret::new(text.strip_prefix(CONNECT)?.trim());
            Some(SaidCode { code, credentials: Credentials { access_token: access_token?, ..Credentials::default() } })
        });
        Ok(Heard { codes: codes.collect(), since })
    }

    async fn identify(&self, net: &Client, credentials: &Credentials) -> Result<Identified, Refusal> {
        self.account(net, credentials).await
    }

    async fn greet(&self, net: &Client, credentials: &Credentials, words: &str) -> Result<(), Refusal> {
        let account = self.account(net, credentials).await?.identity.remote_id;
        let lacks = || Refusal::Auth(Detail::new("the bot is missing").diagnosed(Code::ClientNotConfigured));
        let bot = credentials.app.as_ref().ok_or_else(lacks)?;
        let request = of(net.post(self.api("bot/messages")), bot).json(&json!({ "account": account, "text": words }));
        call::send(request, credentials, refine).await.map(drop)
    }
}

fn of(request: Request, bot: &Client2) -> Request {
    request.basic(&bot.client_id, bot.client_secret.as_ref().map_or("", |secret| secret.expose()))
}

async fn ask<T: serde::de::DeserializeOwned>(request: Request, bot: &Client2) -> Result<T, Refusal> {
    let hides = Credentials { app: Some(bot.clone()), ..Credentials::default() };
    call::ask(request, &hides, refine).await
}

fn refine(refusal: Refusal) -> Refusal {
    match (refusal.detail().code.as_deref(), refusal.detail().status) {
        (Some("conflict"), Some(409)) => {
            Refusal::Temporary(refusal.detail().clone().diagnosed(Code::BotHeardElsewhere))
        }
        (Some("invalid_client"), _) => {
            let unknown = refusal.detail().message.starts_with("There is no app");
            let code = if unknown { Code::ClientUnknown } else { Code::ClientSecretWrong };
            Refusal::Auth(refusal.detail().clone().diagnosed(code))
        }
        _ => refusal,
    }
}
