// One turn of one queue, in the database that PGHOST and the like name.
//
//     main.mjs QUEUE install
//     main.mjs QUEUE fill JOBS
//     main.mjs QUEUE drain WORKERS BATCH SECONDS    prints jobs per second
//     main.mjs QUEUE latency SECONDS                prints microseconds from the call that enqueues to the start
import pg from "pg";

const WARM_UP = 400;
/** A queue from which nothing has come for so long is empty, or its client hangs. */
const SILENCE = 3000;
/** Milliseconds from one job to the next: no job waits for the one before it. */
const PAUSE = 25;

const [name, task, ...numbers] = process.argv.slice(2);
const queue = await import(`./${name}.mjs`);
const [first, batch, last] = numbers.map(Number);

/** Calls `begin(done)`, which begins to work and calls `done(n)` for every n jobs that are through. */
function rate(begin, seconds) {
  return new Promise((resolve, reject) => {
    let started, counted = 0, from, to = 0;
    const finish = () => {
      clearInterval(watch);
      from !== undefined && to > from
        ? resolve((counted * 1000) / (to - from))
        : reject(new Error(`${name} has done nothing`));
    };
    const done = (n) => {
      const now = performance.now();
      started ??= now;
      if (from === undefined) {
        if (now >= started + WARM_UP) from = to = now;
        return;
      }
      if (to >= from + seconds * 1000) return;
      counted += n;
      to = now;
    };
    const born = performance.now();
    const watch = setInterval(() => {
      const now = performance.now();
      if (from !== undefined ? now > from + seconds * 1000 || now > to + SILENCE : now > born + 10 * SILENCE) finish();
    }, 20);
    begin(done).catch(reject);
  });
}

async function latencies(pool, seconds) {
  const sent = new Map();
  const microseconds = [];
  let counted = false;
  const started = (n) => {
    const now = performance.now();
    if (counted && sent.has(n)) microseconds.push(Math.round((now - sent.get(n)) * 1000));
    sent.delete(n);
  };
  const enqueue = await queue.listen(pool, started);
  // The first jobs find statements unprepared and code that is not compiled.
  for (let n = 0; n < 40 + (seconds * 1000) / PAUSE; n++) {
    counted = n >= 40;
    sent.set(n, performance.now());
    await enqueue(n);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  return microseconds;
}

const fail = (error) => {
  console.error(error);
  process.exit(1);
};
const pool = new pg.Pool({ max: task === "drain" ? 2 * first + 1 : 4 });
for (const event of ["error", "connect"]) pool.on(event, (it) => event === "error" ? fail(it) : it.on("error", fail));
// Connections are made before anything is measured.
const clients = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()));
clients.forEach((client) => client.release());
switch (task) {
  case "install":
    await queue.install(pool);
    break;
  case "fill":
    await queue.fill(pool, first);
    break;
  case "drain":
    console.log(await rate((done) => queue.drain(pool, first, batch, done), last));
    break;
  case "latency":
    console.log((await latencies(pool, first)).join(" "));
    break;
  default:
    throw new Error(`there is no task ${task}`);
}
// What works on has no end of its own.
process.exit(0);
