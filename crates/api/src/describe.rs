//! The OpenAPI document: what the handlers say of themselves, and what is true of all of them.

use crate::problem::Problem;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, Content, InfoBuilder, OpenApi as Document, PathItem, Paths, Ref, Required, ResponseBuilder,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

/// The document that the handlers' descriptions are added to.
pub(crate) fn base() -> Document {
    let info = InfoBuilder::new()
        .title("Crier")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Crier's own API. Times are RFC 3339 in UTC. Failures are problem documents (RFC 9457) with a stable `code` and, for \
             wrong fields, JSON Pointers in `errors`. Lists are pages: send `next_cursor` back as `cursor`.",
        ))
        .build();
    Document::new(info, Paths::new())
}

/// Adds what is true of every operation: the path's parameters, problems, and how to authenticate.
pub(crate) fn complete(mut document: Document) -> Document {
    let components = document.components.get_or_insert_with(Components::new);
    let mut schemas = vec![("Problem".to_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
    components.add_security_scheme(
        "key",
        SecurityScheme::Http(
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key.")).build(),
        ),
    );
    let cookie = ApiKeyValue::with_description("session", "A signed-in browser; `__Host-session` over https.");
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let no_scopes: [&str; 0] = [];
    document.security =
        Some(vec![SecurityRequirement::new("key", no_scopes), SecurityRequirement::new("session", no_scopes)]);
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            let parameters = operation.parameters.get_or_insert_with(Vec::new);
            for name in path_names(path).into_iter().rev() {
                parameters.insert(0, path_parameter(name).into());
            }
            let problem = Content::new(Some(Ref::from_schema_name("Problem")));
            let response = ResponseBuilder::new()
                .description("A problem document.")
                .content("application/problem+json", problem)
                .build();
            operation.responses.responses.insert("default".to_owned(), response.into());
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
}

fn path_names(path: &str) -> Vec<&str> {
    path.split('/').filter_map(|piece| piece.strip_prefix('{')?.strip_suffix('}')).collect()
}

fn path_parameter(name: &str) -> Parameter {
    let schema = if matches!(name, "network" | "name") {
        String::schema()
    } else {
        let uuid = Some(SchemaFormat::KnownFormat(KnownFormat::Uuid));
        ObjectBuilder::new().schema_type(Type::String).format(uuid).into()
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema))
        .build()
}
