// The clients of queues, in databases of the server that PGHOST and the like name.
//
//     main.mjs install QUEUE
//     main.mjs fill QUEUE JOBS
//     main.mjs race WORKERS BATCH ROUNDS MILLISECONDS QUEUE=DATABASE…    prints each with its jobs per second, by round
//     main.mjs latency QUEUE SECONDS    prints microseconds from the call that enqueues to the start
import pg from "pg";
import { Gate, turns } from "./turns.mjs";

/** Milliseconds from one job to the next: no job waits for the one before it. */
const PAUSE = 25;
/** The first jobs find statements unprepared and code that is not compiled. */
const WARM_UP = 40;

function fail(error) {
  console.error(error);
  process.exit(1);
}

/** A pool that has all its connections: none is made while something is measured. */
async function connected(max, database) {
  const pool = new pg.Pool({ max, database });
  pool.on("error", fail);
  pool.on("connect", (client) => client.on("error", fail));
  const clients = await Promise.all(Array.from({ length: max }, () => pool.connect()));
  clients.forEach((client) => client.release());
  return pool;
}

const load = (name) => import(`./${name}.mjs`);

async function latencies(queue, pool, seconds) {
  const sent = new Map();
  const microseconds = [];
  const started = (n) => {
    const now = performance.now();
    if (n >= WARM_UP && sent.has(n)) microseconds.push(Math.round((now - sent.get(n)) * 1000));
    sent.delete(n);
  };
  const enqueue = await queue.listen(pool, started);
  for (let n = 0; n < WARM_UP + (seconds * 1000) / PAUSE; n++) {
    sent.set(n, performance.now());
    await enqueue(n);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  return microseconds;
}

async function race(workers, batch, rounds, milliseconds, entries) {
  const begin = async (entry) => {
    const [name, database] = entry.split("=");
    const queue = await load(name);
    const gate = new Gate(name);
    const pool = await connected(2 * workers + 1, database);
    queue.drain(pool, workers, batch, gate).catch(fail);
    return gate;
  };
  return turns(await Promise.all(entries.map(begin)), rounds, milliseconds);
}

const [task, ...rest] = process.argv.slice(2);
switch (task) {
  case "install":
    await (await load(rest[0])).install(await connected(4));
    break;
  case "fill":
    await (await load(rest[0])).fill(await connected(4), Number(rest[1]));
    break;
  case "race":
    for (const gate of await race(...rest.slice(0, 4).map(Number), rest.slice(4)))
      console.log([gate.name, ...gate.rates].join(" "));
    break;
  case "latency":
    console.log((await latencies(await load(rest[0]), await connected(4), Number(rest[1]))).join(" "));
    break;
  default:
    throw new Error(`there is no task ${task}`);
}
// What works on has no end of its own.
process.exit(0);
