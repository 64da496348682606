//! A person at the server's pages for development: any name and any password sign in.

use crate::world::client;
use crier_net::Answer;
use std::collections::BTreeMap;
use url::Url;

/// What comes back in the address.
pub type Query = BTreeMap<String, String>;

/// More pages than a sign-in has.
const PAGES: usize = 12;

/// One browser, with its cookies.
#[derive(Debug, Default)]
pub struct Browser {
    cookies: BTreeMap<String, String>,
}

/// What a person does at the consent page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    Allows,
    Leaves,
}

/// Where that led.
#[derive(Debug)]
pub enum Ended {
    /// Back to the redirect URI.
    Back(Query),
    /// At a page that leads nowhere.
    Stuck(String),
}

impl Browser {
    pub async fn visit(&mut self, url: &Url, redirect_uri: &str, does: Does) -> Ended {
        let mut page = self.open(url.clone()).await;
        for _ in 0..PAGES {
            let at = page.url().clone();
            if let Some(to) = page.header("location") {
                let to = at.join(to).unwrap();
                if to.as_str().split('?').next() == Some(redirect_uri) {
                    return Ended::Back(to.query_pairs().into_owned().collect());
                }
                page = self.open(to).await;
                continue;
            }
            let words = page.text().into_owned();
            if page.status() != 200 {
                return Ended::Stuck(words);
            }
            if does == Does::Leaves {
                let abort = words.split('"').find(|part| part.ends_with("/abort")).expect("a way to leave");
                page = self.open(at.join(abort).unwrap()).await;
                continue;
            }
            let action = at.join(&between(&words, "action=\"", "\"")).unwrap();
            let prompt = between(&words, "name=\"prompt\" value=\"", "\"");
            let form = [("prompt", prompt.as_str()), ("login", "ada"), ("password", "any")];
            let request = client().post(action.as_str()).no_redirects().header("cookie", self.cookie()).form(&form);
            page = self.keep(request.send().await.unwrap());
        }
        panic!("more than {PAGES} pages, the last at {}", page.url().path())
    }

    async fn open(&mut self, url: Url) -> Answer {
        let request = client().get(url.as_str()).no_redirects().header("cookie", self.cookie());
        self.keep(request.send().await.unwrap())
    }

    fn cookie(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, answer: Answer) -> Answer {
        for cookie in answer.headers("set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

fn between(page: &str, before: &str, after: &str) -> String {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("no {before} in {page}"));
    rest.split_once(after).unwrap().0.to_owned()
}
