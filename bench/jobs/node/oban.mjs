// Oban by the statements of its Python package: fetch_jobs, and ack_job for each job, of a batch in one transaction.
import { readFile } from "node:fs/promises";
import { statement, work } from "./workers.mjs";

const query = (name) => readFile(`${process.env.OBAN_SQL}/${name}.sql`, "utf8");

/** Its parameters have names; the driver's have numbers. */
function numbered(text) {
  const names = [];
  const sql = text.replace(/%\((\w+)\)s/g, (_, name) => {
    if (!names.includes(name)) names.push(name);
    return `$${names.indexOf(name) + 1}`;
  });
  return { sql, values: (parameters) => names.map((name) => parameters[name] ?? null) };
}

export const install = async (pool) => pool.query(await query("install"));

export const fill = (pool, count) =>
  pool.query(
    `INSERT INTO oban_jobs (worker, args) SELECT 'bench', jsonb_build_object('n', n)
     FROM generate_series(1, $1::int) AS n`,
    [count],
  );

export async function drain(pool, workers, batch, gate) {
  const fetch = numbered(await query("fetch_jobs"));
  // Its time has microseconds, of which a Date would keep none: the acknowledgement names it.
  const times = fetch.sql.replace("oj.attempted_at,", "oj.attempted_at::text,");
  const fetchJobs = statement(pool, "fetch", times);
  const ack = numbered(await query("ack_job"));
  const parameters = (job) => ack.values({ id: job.id, attempted_at: job.attempted_at, state: "completed" });
  const one = (client, job) => client.query({ name: "ack", text: ack.sql, values: parameters(job) });
  const complete = async (jobs) => {
    const client = await pool.connect();
    await client.query("BEGIN");
    for (const job of jobs) await one(client, job);
    await client.query("COMMIT");
    client.release();
  };
  const claim = (worker) => fetchJobs(...fetch.values({ queue: "default", demand: batch, attempted_by: [worker] }));
  await work(workers, claim, (jobs) => (jobs.length === 1 ? one(pool, jobs[0]) : complete(jobs)), gate);
}
