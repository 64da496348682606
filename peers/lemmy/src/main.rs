//! A Lemmy site put together from the crates its authors publish: their handlers, checks, sessions, limits and database. Their own
//! program (not published since 0.18) adds what is here: which address leads to which handler, who is asking, and a first site.

use activitypub_federation::config::{FederationConfig, FederationMiddleware};
use activitypub_federation::http_signatures::generate_actor_keypair;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, get, post, put, resource, scope};
use actix_web::{App, HttpMessage, HttpServer};
use lemmy_api::{
    comment::like::like_comment, community::follow::follow_community, local_user::login::login, post::like::like_post,
};
use lemmy_api_common::context::LemmyContext;
use lemmy_api_common::lemmy_db_views::structs::SiteView;
use lemmy_api_common::utils::local_site_rate_limit_to_rate_limit_config;
use lemmy_api_crud::comment::{
    create::create_comment, delete::delete_comment, read::get_comment, update::update_comment,
};
use lemmy_api_crud::community::{create::create_community, list::list_communities};
use lemmy_api_crud::post::{create::create_post, delete::delete_post, read::get_post, update::update_post};
use lemmy_api_crud::site::{create::create_site, read::get_site};
use lemmy_api_crud::user::create::register;
use lemmy_apub::api::{
    list_comments::list_comments, list_posts::list_posts, read_community::get_community, search::search,
};
use lemmy_db_schema::source::instance::Instance;
use lemmy_db_schema::source::local_site::{LocalSite, LocalSiteInsertForm};
use lemmy_db_schema::source::local_site_rate_limit::{LocalSiteRateLimit, LocalSiteRateLimitInsertForm};
use lemmy_db_schema::source::secret::Secret;
use lemmy_db_schema::source::site::{Site, SiteInsertForm};
use lemmy_db_schema::traits::Crud;
use lemmy_db_schema::utils::{DbPool, build_db_pool};
use lemmy_utils::error::LemmyError;
use lemmy_utils::rate_limit::RateLimitCell;
use lemmy_utils::settings::{SETTINGS, structs::Settings};
use url::Url;

#[actix_web::main]
async fn main() -> Result<(), LemmyError> {
    let pool = build_db_pool().await?;
    first_site(&mut DbPool::Pool(&pool), &SETTINGS).await?;
    let secret = Secret::init(&mut DbPool::Pool(&pool)).await?;
    let site = SiteView::read_local(&mut DbPool::Pool(&pool)).await?;
    let limits = RateLimitCell::new(local_site_rate_limit_to_rate_limit_config(&site.local_site_rate_limit));
    let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).build();
    let context = LemmyContext::create(pool, client.clone(), secret, limits.clone());
    let federation = FederationConfig::builder()
        .domain(SETTINGS.hostname.clone())
        .app_data(context.clone())
        .client(client)
        .build()
        .await
        .map_err(|error| std::io::Error::other(error.to_string()))?;
    let server = HttpServer::new(move || {
        App::new().app_data(Data::new(context.clone())).wrap(FederationMiddleware::new(federation.clone())).service(
            scope("/api/v3")
                .wrap(from_fn(who_asks))
                .service(resource("/site").route(get().to(get_site)).route(post().to(create_site)))
                .service(resource("/search").wrap(limits.search()).route(get().to(search)))
                .service(resource("/user/register").wrap(limits.register()).route(post().to(register)))
                .service(resource("/user/login").wrap(limits.register()).route(post().to(login)))
                .service(resource("/community").route(get().to(get_community)).route(post().to(create_community)))
                .service(resource("/community/list").route(get().to(list_communities)))
                .service(resource("/community/follow").route(post().to(follow_community)))
                .service(resource("/post/list").route(get().to(list_posts)))
                .service(resource("/post/delete").route(post().to(delete_post)))
                .service(resource("/post/like").route(post().to(like_post)))
                .service(
                    resource("/post")
                        .wrap(limits.post())
                        .route(get().to(get_post))
                        .route(post().to(create_post))
                        .route(put().to(update_post)),
                )
                .service(resource("/comment/list").route(get().to(list_comments)))
                .service(resource("/comment/delete").route(post().to(delete_comment)))
                .service(resource("/comment/like").route(post().to(like_comment)))
                .service(
                    resource("/comment")
                        .wrap(limits.comment())
                        .route(get().to(get_comment))
                        .route(post().to(create_comment))
                        .route(put().to(update_comment)),
                ),
        )
    });
    server.workers(2).bind((SETTINGS.bind, SETTINGS.port))?.run().await?;
    Ok(())
}

/// Hands on whose session the request names; a session that is none is nobody's.
async fn who_asks(
    context: Data<LemmyContext>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if let Some(session) = lemmy_api::read_auth_token(request.request())? {
        if let Ok(user) = lemmy_api::local_user_view_from_jwt(&session, &context).await {
            request.extensions_mut().insert(user);
        }
    }
    next.call(request).await
}

/// What Lemmy writes when it starts on an empty database: who registers first owns the site.
async fn first_site(pool: &mut DbPool<'_>, settings: &Settings) -> Result<(), LemmyError> {
    if LocalSite::read(pool).await.is_ok() {
        return Ok(());
    }
    let instance = Instance::read_or_create(pool, settings.get_hostname_without_port()?).await?;
    let keys = generate_actor_keypair()?;
    let address = Url::parse(&settings.get_protocol_and_hostname())?;
    let site = SiteInsertForm::builder()
        .name("New site".to_owned())
        .actor_id(Some(address.clone().into()))
        .inbox_url(Some(address.join("inbox")?.into()))
        .private_key(Some(keys.private_key))
        .public_key(Some(keys.public_key))
        .instance_id(instance.id)
        .build();
    let site = Site::create(pool, &site).await?;
    let local =
        LocalSite::create(pool, &LocalSiteInsertForm::builder().site_id(site.id).site_setup(Some(false)).build())
            .await?;
    // Tests ask much in a short time. Only searching is held back, so that being held back is seen.
    const MANY: Option<i32> = Some(10_000);
    let limits = LocalSiteRateLimitInsertForm::builder()
        .local_site_id(local.id)
        .message(MANY)
        .post(MANY)
        .register(MANY)
        .image(MANY)
        .comment(MANY)
        .search(Some(20))
        .search_per_second(Some(20))
        .build();
    LocalSiteRateLimit::create(pool, &limits).await?;
    Ok(())
}
