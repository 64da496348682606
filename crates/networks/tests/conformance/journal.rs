//! A journal in memory that can fail at any of its operations, as a worker that is killed there.

use async_trait::async_trait;
use crier_networks::Once;
use crier_networks::publish::{Begun, Journal, JournalError};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Mutex;

#[derive(Debug, Default)]
pub struct Notebook {
    steps: Mutex<HashMap<String, Option<Value>>>,
    left: Mutex<Option<usize>>,
    operations: Mutex<usize>,
}

impl Notebook {
    /// The next run dies at its operation number `operations`, counted from 0; none lives to the end.
    pub fn die_after(&self, operations: Option<usize>) {
        *self.left.lock().unwrap() = operations;
    }

    /// What was begun and not answered is found not to have happened.
    pub fn forget_interrupted(&self) {
        self.steps.lock().unwrap().retain(|_, answer| answer.is_some());
    }

    /// How often it was asked to write.
    pub fn operations(&self) -> usize {
        *self.operations.lock().unwrap()
    }

    fn live(&self) -> Result<(), JournalError> {
        *self.operations.lock().unwrap() += 1;
        match &mut *self.left.lock().unwrap() {
            Some(0) => Err(JournalError("killed".into())),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Journal for Notebook {
    async fn begin(&self, name: &str, _once: &Once) -> Result<Begun, JournalError> {
        self.live()?;
        let mut steps = self.steps.lock().unwrap();
        Ok(match steps.get(name).cloned() {
            None => {
                steps.insert(name.to_owned(), None);
                Begun::Fresh
            }
            Some(None) => Begun::Interrupted,
            Some(Some(answer)) => Begun::Answered(answer),
        })
    }

    async fn answer(&self, name: &str, answer: Value) -> Result<(), JournalError> {
        self.live()?;
        self.steps.lock().unwrap().insert(name.to_owned(), Some(answer));
        Ok(())
    }

    async fn abandon(&self, name: &str) -> Result<(), JournalError> {
        self.live()?;
        self.steps.lock().unwrap().remove(name);
        Ok(())
    }
}
