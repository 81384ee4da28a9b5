// SPDX-License-Identifier: MIT
//! A server on axum that migrates its database before it listens.
//!
//! DATABASE_URL=postgresql:///app MIGRATIONS_DIR=migrations PORT=8000 cargo run -p libmigrate-example-axum

use axum::{Router, http::StatusCode, routing::get};
use libmigrate::{Mode, Options, asynchronous};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Asked by an orchestrator every few seconds: 200 where the schema is this program's, or compatibly ahead of it.
async fn ready(options: Options<'static>) -> (StatusCode, String) {
    match asynchronous::startup(options.mode(Mode::Check).wait_timeout("2s")).await {
        Ok(_) => (StatusCode::OK, "ready\n".to_owned()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|error| format!("{name}: {error}"));
    let options = Options::new().url(variable("DATABASE_URL")?).dir(variable("MIGRATIONS_DIR")?).application("axum-example");
    let port: u16 = variable("PORT")?.parse()?;
    let mut terminated = signal(SignalKind::terminate())?;

    // Whoever is told to end in the middle of a migration drops its future, which cancels it and rolls it back.
    tokio::select! {
        outcome = asynchronous::startup(options.clone().mode(Mode::Apply)) => {
            let report = outcome?;
            println!("{} migrations applied", report.applied.len());
        }
        _ = terminated.recv() => return Ok(ExitCode::from(143)),
    }

    let app = Router::new().route("/", get(|| async { "hello\n" })).route("/ready", get(move || ready(options.clone())));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, app).with_graceful_shutdown(async move { _ = terminated.recv().await }).await?;
    Ok(ExitCode::SUCCESS)
}
