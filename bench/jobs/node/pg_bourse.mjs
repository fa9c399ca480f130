// claim, then complete.
import { listening, statement, work } from "./workers.mjs";

const LEASE = "30 s";

export const install = (pool) => pool.query("CREATE EXTENSION pg_bourse; SELECT bourse.install()");

const CHUNK = 50_000;

export async function fill(pool, count) {
  for (let n = 0; n < count; n += CHUNK) {
    await pool.query(
      `SELECT count(*) FROM jobs.enqueue_many((
         SELECT jsonb_agg(jsonb_build_object('job_type', 'bench', 'target', 'bench', 'task_params',
                                             jsonb_build_object('n', n)))
         FROM generate_series(1, $1::int) AS n))`,
      [Math.min(CHUNK, count - n)],
    );
  }
}

export function door(pool) {
  const claim = statement(pool, "claim", "SELECT * FROM jobs.claim($1, $2, $3, $4)");
  const complete = statement(pool, "complete", "SELECT jobs.complete($1, $2)");
  return {
    claim: (worker, n) => claim(worker, ["bench"], n, LEASE),
    complete: (runs) => complete(runs[0].lease, runs.map((run) => run.run_id)),
  };
}

export function drain(pool, workers, batch, gate) {
  const { claim, complete } = door(pool);
  return work(workers, (worker) => claim(worker, batch), complete, gate);
}

export async function listen(pool, started) {
  const { claim, complete } = door(pool);
  const enqueue = statement(pool, "enqueue", "SELECT jobs.enqueue('bench', 'bench', $1)");
  await listening(pool, "jobs_runs", async () => {
    for (;;) {
      const runs = await claim("listener", 1);
      if (runs.length === 0) return;
      started(runs[0].task_params.n);
      await complete(runs);
    }
  });
  return (n) => enqueue({ n });
}
