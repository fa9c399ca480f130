// pg-boss by fetch and complete, as its documentation shows for a loop of one's own. work() fetches at most once in half
// a second when a batch is one job: it would measure the pause.
import { PgBoss } from "pg-boss";
import { work } from "./workers.mjs";

async function boss(max, options = {}) {
  const started = new PgBoss({
    host: process.env.PGHOST,
    database: process.env.PGDATABASE,
    user: process.env.PGUSER,
    max,
    supervise: false,
    schedule: false,
    ...options,
  });
  started.on("error", (error) => console.error(error));
  await started.start();
  return started;
}

export async function install() {
  await (await boss(2)).createQueue("bench", { notify: true });
}

export async function fill(_pool, count) {
  const filler = await boss(2);
  const CHUNK = 10_000;
  for (let n = 0; n < count; n += CHUNK) {
    const size = Math.min(CHUNK, count - n);
    await filler.insert("bench", Array.from({ length: size }, (_, m) => ({ data: { n: n + m } })));
  }
}

export async function drain(pool, workers, batchSize, gate) {
  const database = pool.options.database;
  // It has a pool of its own.
  await pool.end();
  const worker = await boss(2 * workers + 1, { database });
  const complete = (jobs) => worker.complete("bench", jobs.map((job) => job.id));
  await work(workers, () => worker.fetch("bench", { batchSize }), complete, gate);
}

export async function listen(_pool, started) {
  const worker = await boss(4, { useListenNotify: true });
  await worker.work("bench", async ([job]) => started(job.data.n));
  return (n) => worker.send("bench", { n });
}
