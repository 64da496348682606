//! Connecting by a form of credentials: the same attempt, the same parking, the same end.

use crate::{
    Asker, AttemptView, ConnectError, Handshake,
    handshake::Broken,
    moves::{is_at_work, undropped},
    parked::Parked,
};
use crier_model::{AttemptId, Diagnosis, Finding, WorkspaceId, attempt::AttemptState as S};
use crier_networks::connect::{Field, FieldKind, FormRefusal, SignedIn};
use crier_store::{
    attempts::{Attempt, Changes, Note},
    channels,
};
use std::collections::BTreeMap;

/// The longest value taken, in bytes.
const MAX_VALUE: usize = 4096;

impl Handshake {
    /// Signs in with the values of a form and takes the attempt as far as it goes.
    ///
    /// # Errors
    /// [`ConnectError::Form`] with findings at `/values/NAME`: the attempt still waits for its form.
    /// [`ConnectError::UnknownAttempt`], [`ConnectError::NotTheStarter`], [`ConnectError::WrongState`].
    pub async fn submit(
        &self,
        attempt: AttemptId,
        workspace: WorkspaceId,
        by: impl Into<Asker>,
        values: BTreeMap<String, String>,
    ) -> Result<AttemptView, ConnectError> {
        let by = by.into();
        let attempt = self.own(attempt, workspace, &by).await?;
        let id = attempt.id;
        let wrong_state = |state| ConnectError::WrongState { state, wanted: "filled in" };
        let Some(form) = self.form(&attempt) else { return Err(wrong_state(attempt.state)) };
        if attempt.state == S::Connected || is_at_work(&attempt) {
            let attempt = self.rested(id, self.settings().pace.landing).await?;
            return self.shown(attempt, &by).await;
        }
        if attempt.state != S::Started {
            return Err(wrong_state(attempt.state));
        }
        if self.now() >= attempt.expires_at {
            self.expire(&attempt).await?;
            return Err(wrong_state(S::Expired));
        }
        let values =
            checked(&form.fields(), values).map_err(|findings| ConnectError::Form { findings, diagnosis: None })?;
        let note = Note::new("Signing in", "");
        let changes = Changes { note: Some(note), ..Changes::default() };
        let handshake = self.clone();
        undropped(async move {
            match handshake.step(&attempt, S::Exchanging, changes).await? {
                Some(claimed) => Box::pin(handshake.sign_in(claimed, values)).await,
                None => Ok(()),
            }
        })
        .await??;
        // Another request may have been first, and be at it.
        let attempt = self.rested(id, self.settings().pace.landing).await?;
        self.shown(attempt, &by).await
    }

    async fn sign_in(&self, attempt: Attempt, values: BTreeMap<String, String>) -> Result<(), ConnectError> {
        let Some(form) = self.form(&attempt) else {
            return Err(Broken::NoNetwork(attempt.network).into());
        };
        match form.sign_in(self.net(&attempt.network), &values).await {
            Ok(mut signed_in) => {
                if let Some(channel) = attempt.channel.filter(|_| !form.identifies()) {
                    let channel = channels::by_id(self.store(), channel).await?;
                    signed_in.identified.identity.remote_id = channel.remote_id;
                }
                if let Some(attempt) = self.park_sign_in(&attempt, signed_in).await? {
                    self.work(attempt).await;
                }
                Ok(())
            }
            Err(refusal) => {
                let (findings, diagnosis) = refused(refusal);
                let seen = diagnosis.as_deref().map(|diagnosis| diagnosis.title.clone());
                let seen = seen.or_else(|| findings.first().map(|finding| finding.message.clone()));
                let note = Note::new("The form was not taken", seen.unwrap_or_default());
                let changes = Changes { note: Some(note), ..Changes::default() };
                self.step(&attempt, S::Started, changes).await?;
                Err(ConnectError::Form { findings, diagnosis })
            }
        }
    }

    async fn park_sign_in(&self, attempt: &Attempt, signed_in: SignedIn) -> Result<Option<Attempt>, Broken> {
        let SignedIn { instance, credentials, identified } = signed_in;
        let account = identified.identity.clone();
        let who = format!("{} ({})", account.name, account.handle);
        let parked =
            Parked { instance, credentials: Some(credentials), identified: Some(identified), ..Parked::default() };
        let changes = Changes {
            parked: Some(parked.write()?),
            account: Some(account),
            note: Some(Note::new("Account identified", who)),
            ..Changes::default()
        };
        self.step(attempt, S::Identified, changes).await
    }

    /// A form that was being worked on when its worker died is to be filled in again: its values were not kept.
    pub(crate) async fn reopen_form(&self, attempt: &Attempt) -> Result<Option<Attempt>, Broken> {
        let note = Note::new("Interrupted", "Signing in broke off; please fill in the form once more.");
        self.step(attempt, S::Started, Changes { note: Some(note), ..Changes::default() }).await
    }
}

/// The values of known fields, trimmed; required ones filled, by their default where they are empty.
fn checked(fields: &[Field], mut given: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Vec<Finding>> {
    let mut values = BTreeMap::new();
    let mut findings = Vec::new();
    for field in fields {
        let value = given.remove(field.name).unwrap_or_default();
        let value = match (value.trim(), &field.default) {
            ("", Some(default)) if field.required => default.clone(),
            (value, _) => value.to_owned(),
        };
        match wrong(field, &value) {
            Some(finding) => findings.push(finding),
            None => drop(values.insert(field.name.to_owned(), value)),
        }
    }
    findings.extend(given.into_keys().map(|name| {
        let (said, fix) = (format!("There is no field “{name}”."), "Leave it out.");
        Finding::error(pointer(&name), "form.unknown_field", said, fix)
    }));
    if findings.is_empty() { Ok(values) } else { Err(findings) }
}

fn wrong(field: &Field, value: &str) -> Option<Finding> {
    let finding = |code, message: String, fix: &str| Some(Finding::error(pointer(field.name), code, message, fix));
    if value.is_empty() {
        let fix = if field.help.is_empty() { "Fill it in." } else { field.help };
        return field.required.then(|| finding("form.missing", format!("{} is missing.", field.label), fix)).flatten();
    }
    if value.len() > MAX_VALUE {
        return finding("form.too_long", format!("{} is too long.", field.label), "Check what was pasted.");
    }
    let known = field.kind != FieldKind::Select || field.options.iter().any(|option| option.value == value);
    if known {
        return None;
    }
    finding(
        "form.not_an_option",
        format!("{} has a value that cannot be chosen.", field.label),
        "Choose one of those listed.",
    )
}

/// A field's place in the request (RFC 6901).
fn pointer(name: &str) -> String {
    format!("/values/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn refused(refusal: FormRefusal) -> (Vec<Finding>, Option<Box<Diagnosis>>) {
    match refusal {
        FormRefusal::Field { name, message, fix } => {
            (vec![Finding::error(pointer(name), "form.wrong_value", message, fix)], None)
        }
        FormRefusal::FieldRefused { name, refusal } => {
            let diagnosis = refusal.diagnosis();
            let fix = diagnosis.fix.first().cloned().unwrap_or_default();
            let finding = Finding::error(pointer(name), diagnosis.code.as_str(), diagnosis.title.as_str(), fix);
            (vec![finding], Some(Box::new(diagnosis)))
        }
        FormRefusal::Refused(refusal) => (Vec::new(), Some(Box::new(refusal.diagnosis()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &'static str, required: bool, default: Option<&str>) -> Field {
        Field {
            name,
            label: "Field",
            kind: FieldKind::Text,
            required,
            placeholder: "",
            help: "",
            default: default.map(str::to_owned),
            options: Vec::new(),
        }
    }

    fn given(values: &[(&str, &str)]) -> BTreeMap<String, String> {
        values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn values_are_trimmed_and_defaults_fill_required_fields() {
        let fields = [field("a", true, None), field("b", true, Some("preset")), field("c", false, Some("unused"))];
        let values = checked(&fields, given(&[("a", " x "), ("b", " ")])).unwrap();
        assert_eq!(values, given(&[("a", "x"), ("b", "preset"), ("c", "")]));
    }

    #[test]
    fn every_problem_points_at_its_field() {
        let fields = [field("a", true, None), field("b", false, None)];
        let long = "x".repeat(MAX_VALUE + 1);
        let findings = checked(&fields, given(&[("b", &long), ("z/y", "1")])).unwrap_err();
        let seen: Vec<_> = findings.iter().map(|f| (f.pointer.as_str(), f.code.as_str())).collect();
        let expected =
            [("/values/a", "form.missing"), ("/values/b", "form.too_long"), ("/values/z~1y", "form.unknown_field")];
        assert_eq!(seen, expected);
    }
}
