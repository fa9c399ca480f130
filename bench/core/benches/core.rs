//! Add, cancel, match and a mixture, each through both venues; and one operation of the core at growing depth.
//!
//! ```text
//! cargo bench --manifest-path bench/core/Cargo.toml
//! ```

use std::hint::black_box;
use std::time::{Duration, Instant};

use bench_core::{Command, Core, Flow, Peer, Venue};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Commands between two hand-overs of what has changed.
const BATCH: u64 = 1_000;

/// Times `iterations` commands, `BATCH` on a book at a time: `prepare` fills a new book and its commands.
fn timed<V: Venue>(iterations: u64, prepare: impl Fn(&mut V, &mut Flow) -> Vec<Command>) -> Duration {
    let (mut left, mut total) = (iterations, Duration::ZERO);
    while left > 0 {
        let (mut venue, mut flow) = (V::new(), Flow::default());
        let mut commands = prepare(&mut venue, &mut flow);
        venue.flush();
        commands.truncate(left as usize);
        left -= commands.len() as u64;
        let start = Instant::now();
        for batch in commands.chunks(BATCH as usize) {
            for command in batch {
                venue.run(*black_box(command));
            }
            venue.flush();
        }
        total += start.elapsed();
    }
    total
}

fn preload<V: Venue>(venue: &mut V, flow: &mut Flow, orders: u64) {
    for n in 0..orders {
        let command = flow.rest();
        venue.run(command);
        if n % BATCH == 0 {
            venue.flush();
        }
    }
    venue.flush();
}

fn operations<V: Venue>(c: &mut Criterion) {
    let many = 20_000;
    let mut bench = |name: &str, prepare: fn(&mut V, &mut Flow, u64) -> Vec<Command>| {
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(1));
        group.bench_function(V::NAME, |b| b.iter_custom(|n| timed::<V>(n, |venue, flow| prepare(venue, flow, many))));
        group.finish();
    };
    bench("add", |_, flow, many| (0..many).map(|_| flow.rest()).collect());
    bench("cancel", |venue, flow, many| {
        preload(venue, flow, many);
        (0..many).map(|_| flow.cancel()).collect()
    });
    bench("match", |venue, flow, many| {
        preload(venue, flow, many + many / 4);
        // One maker each, in full.
        (0..many).map(|_| flow.take(10)).collect()
    });
    bench("mixed", |venue, flow, many| {
        preload(venue, flow, many);
        (0..many).map(|_| flow.mixed()).collect()
    });
}

/// One command of a flow that keeps the depth.
fn at_depth<V: Venue>(c: &mut Criterion) {
    let mut group = c.benchmark_group("depth");
    group.throughput(Throughput::Elements(1));
    for depth in [1_000, 10_000, 100_000, 1_000_000] {
        let (mut venue, mut flow) = (V::new(), Flow::default());
        preload(&mut venue, &mut flow, depth);
        let mut done: u64 = 0;
        group.bench_function(BenchmarkId::new(V::NAME, depth), |b| {
            b.iter_custom(|iterations| {
                let commands: Vec<_> = (0..iterations).map(|n| flow.steady(done + n)).collect();
                done += iterations;
                let start = Instant::now();
                for batch in commands.chunks(BATCH as usize) {
                    for command in batch {
                        venue.run(*black_box(command));
                    }
                    venue.flush();
                }
                start.elapsed()
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_secs(1));
    targets = operations::<Core>, operations::<Peer>, at_depth::<Core>, at_depth::<Peer>
}
criterion_main!(benches);
