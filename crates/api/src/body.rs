//! Reading requests: what can't be read is answered with a problem that names the place.

use crate::problem::Problem;
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::{StatusCode, header, request::Parts},
};
use serde::de::DeserializeOwned;

/// A JSON body. Unknown fields are refused by the types themselves.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T, S> FromRequest<S> for Body<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != "application/json" {
            let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "input.not_json", "The body must be JSON");
            return Err(problem.detail("Send it with `Content-Type: application/json`."));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        parse(&bytes).map(Self)
    }
}

/// A body that did not arrive whole.
fn unread(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "input.too_large", "The body is too large")
                .detail("A JSON body may have 2 MB, and one with cookies 64 KB.")
        }
        status => Problem::new(status, "input.interrupted", "The body did not arrive whole").detail("Send it again."),
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| malformed(&error))?;
    json.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

fn malformed(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let cause = error.inner();
    if !cause.is_data() {
        return not_json(cause);
    }
    // The place in the text says little to who sent it by a program; the pointer says it better.
    let message = cause.to_string();
    let message = message.split(" at line ").next().unwrap_or(&message);
    let message = pair_quotes(message);
    let mut capital = message.chars();
    let message = capital.next().into_iter().flat_map(char::to_uppercase).chain(capital).collect::<String>();
    let fix = "Send the shape the API description gives for this field.";
    Problem::wrong(&pointer(error.path()), "input.wrong_type", format!("{message}."), fix)
}

/// Turns backticks into quotation marks, as the other messages have them.
fn pair_quotes(text: &str) -> String {
    let mut open = false;
    let pair = |c: char| match c {
        '`' => {
            open = !open;
            if open { '“' } else { '”' }
        }
        c => c,
    };
    text.chars().map(pair).collect()
}

fn not_json(error: &serde_json::Error) -> Problem {
    let detail = format!("It stops being JSON at line {}, column {}.", error.line(), error.column());
    Problem::new(StatusCode::BAD_REQUEST, "input.not_json", "The body is not JSON").detail(detail)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    };
    path.iter().map(step).collect()
}

/// The query string.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let said = rejection.body_text();
                let said = said.rsplit_once("query string: ").map_or(said.as_str(), |(_, rest)| rest);
                let pointer = said.split_once(':').map_or("", |(name, _)| name);
                let problem = Problem::new(StatusCode::BAD_REQUEST, "query.invalid", "The query can’t be read");
                Err(problem.detail(said).field(
                    pointer,
                    "query.invalid",
                    said,
                    "See the API description for this parameter.",
                ))
            }
        }
    }
}

/// A piece of the path after the workspace, such as an id. One that can't be read names nothing there is.
pub async fn path_param<T: std::str::FromStr>(parts: &mut Parts, name: &str) -> Result<T, Problem> {
    let params = axum::extract::RawPathParams::from_request_parts(parts, &()).await;
    let params = params
        .map_err(|error| Problem::not_found("path.unknown", "There is nothing here").detail(error.body_text()))?;
    let value = params.iter().find(|(key, _)| *key == name).and_then(|(_, value)| value.parse().ok());
    value.ok_or_else(|| {
        let detail = format!("The {name} in the path is none.");
        Problem::not_found(&format!("{name}.unknown"), "There is nothing here").detail(detail)
    })
}

/// The `{id}` of a path.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<T, S> FromRequestParts<S> for Id<T>
where
    T: std::str::FromStr,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        path_param(parts, "id").await.map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only its reading is tested")]
    struct Post {
        parts: Vec<Part>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only its reading is tested")]
    struct Part {
        text: String,
    }

    #[test]
    fn a_wrong_type_is_named_by_its_pointer() {
        let problem = parse::<Post>(br#"{"parts":[{"text":"a"},{"text":7}]}"#).unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, "/parts/1/text"));
        assert_eq!(problem.errors[0].message, "Invalid type: integer “7”, expected a string.");
    }

    #[test]
    fn an_unknown_field_and_a_missing_one_are_named() {
        let problem = parse::<Post>(br#"{"parts":[],"extra":1}"#).unwrap_err();
        assert!(problem.errors[0].message.contains("“extra”"), "{problem:?}");
        let problem = parse::<Post>(b"{}").unwrap_err();
        assert!(problem.errors[0].message.contains("“parts”"), "{problem:?}");
    }

    #[test]
    fn what_is_no_json_says_where_it_stops_being() {
        let problem = parse::<Post>(b"{\"parts\": [}").unwrap_err();
        assert_eq!((problem.status, problem.code.as_str()), (400, "input.not_json"));
        assert!(problem.detail.unwrap().contains("line 1, column 12"));
        assert_eq!(parse::<Post>(b"{\"parts\":[]} x").unwrap_err().status, 400);
    }
}
