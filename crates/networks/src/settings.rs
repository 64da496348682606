//! A network's settings: one struct read from the wire and described by a JSON schema.

use crate::{Detail, Refusal};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The schema of `T`, without references, so that a form can be drawn from it as it stands.
#[must_use]
pub fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// The settings of a publication. They have passed the schema; a refusal says that rows and code have parted.
///
/// # Errors
/// [`Refusal::Content`] when they don't fit.
pub fn read<T: DeserializeOwned>(settings: &Map<String, Value>) -> Result<T, Refusal> {
    serde_json::from_value(Value::Object(settings.clone()))
        .map_err(|error| Refusal::Content(Detail::new(format!("the settings can't be read: {error}"))).at("/settings"))
}
