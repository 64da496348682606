//! A year of a small installation in seconds: the core of the engine under a clock of the test's own, against a network that does
//! what a script says. Every run is known by its seed; a failing one is run again by `CRIER_SIMULATION_SEED`.
#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "what the year was like is told to who runs it")]

mod dice;
mod people;
mod world;
mod year;

use year::Year;

/// Names the one seed to run.
const SEED: &str = "CRIER_SIMULATION_SEED";

async fn run(seed: u64) {
    let started = std::time::Instant::now();
    let mut year = Year::begin(seed).await;
    year.run().await;
    let told = year.end().await;
    // Shown by `--nocapture`, and when it fails.
    println!("seed {seed}: {told}, in {:.1} s", started.elapsed().as_secs_f64());
}

#[tokio::test]
async fn a_year_of_faults_publishes_each_post_once_in_order_and_ends_each_in_time() {
    match std::env::var(SEED) {
        Ok(seed) => run(seed.parse().unwrap()).await,
        Err(_) => run(1).await,
    }
}

#[tokio::test]
async fn another_year_does_as_well() {
    if std::env::var(SEED).is_err() {
        run(2).await;
    }
}
