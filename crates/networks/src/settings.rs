//! A network's settings: one struct read from the wire and described by a JSON schema.

use crate::{Detail, Refusal};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor, value};
use serde_json::{Map, Value, json};

/// The schema of `T`, without references, so that a form can be drawn from it as it stands. `x-order` are the names in the order in
/// which a form shows them, which is that of the struct's fields.
#[must_use]
pub fn schema<T: JsonSchema + DeserializeOwned>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("x-order".to_owned(), json!(names::<T>()));
    schema.to_value()
}

/// The names of a struct's fields on the wire. JSON keeps no order, so they are learnt from what `T` asks a deserializer for.
fn names<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut asked: &'static [&'static str] = &[];
    // It is given nothing, so that it always fails.
    let _ = T::deserialize(Asked(&mut asked));
    asked
}

struct Asked<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = value::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = fields;
        Err(Error::custom("only the names were asked for"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Error::custom("no struct"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The settings of a publication. They have passed the schema; a refusal says that rows and code have parted.
///
/// # Errors
/// [`Refusal::Content`] when they don't fit.
pub fn read<T: DeserializeOwned>(settings: &Map<String, Value>) -> Result<T, Refusal> {
    serde_json::from_value(Value::Object(settings.clone()))
        .map_err(|error| Refusal::Content(Detail::new(format!("the settings can't be read: {error}"))).at("/settings"))
}

#[cfg(test)]
mod tests {
    use super::schema;
    use schemars::JsonSchema;
    use serde::Deserialize;

    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code, reason = "only its description is looked at")]
    struct Settings {
        title: String,
        #[serde(rename = "callToAction")]
        call_to_action: Option<String>,
        about: Option<bool>,
    }

    #[test]
    fn a_schema_names_its_fields_in_the_order_of_the_form() {
        assert_eq!(schema::<Settings>()["x-order"], serde_json::json!(["title", "callToAction", "about"]));
    }
}
