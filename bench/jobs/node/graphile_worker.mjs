// graphile-worker with its runner. Alone it fetches and ends a job in a statement each, and does not wait for the end of
// one job before it fetches the next. In batches it has what its documentation has for throughput: a local queue, and
// jobs ended together; as many jobs at a time as a batch has.
import { Logger, run, runMigrations } from "graphile-worker";

const logger = new Logger(() => (level, message) => {
  if (level === "error") console.error(message);
});

export const install = (pgPool) => runMigrations({ pgPool, logger });

export const fill = (pool, count) =>
  pool.query(
    `SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(
       SELECT json_populate_record(NULL::graphile_worker.job_spec,
                                   json_build_object('identifier', 'bench', 'payload', json_build_object('n', n)))
       FROM generate_series(1, $1::int) AS n))`,
    [count],
  );

const start = (pgPool, taskList, options) =>
  run({
    pgPool,
    taskList,
    noHandleSignals: true,
    logger,
    ...options,
  });

/** Counts jobs when their end is written: the events of the runner come before. */
function count(pool, gate) {
  const counted = new WeakSet();
  pool.on("acquire", (client) => {
    if (counted.has(client)) return;
    counted.add(client);
    const query = client.query.bind(client);
    client.query = (config, ...rest) => {
      const result = query(config, ...rest);
      if (config?.name?.startsWith("complete_job")) result.then(({ rowCount }) => gate.done(rowCount));
      return result;
    };
  });
}

export async function drain(pgPool, workers, batch, gate) {
  count(pgPool, gate);
  const worker =
    batch === 1
      ? { concurrentJobs: workers }
      : { concurrentJobs: batch, localQueue: { size: workers * batch }, completeJobBatchDelay: 0 };
  await start(pgPool, { bench: () => gate.pass() }, { preset: { worker } });
}

export async function listen(pgPool, started) {
  await start(pgPool, { bench: ({ n }) => started(n) }, { preset: { worker: { concurrentJobs: 1 } } });
  return (n) => pgPool.query("SELECT graphile_worker.add_job('bench', $1)", [{ n }]);
}
