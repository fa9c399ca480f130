// The worker of the queues that are functions or statements: it claims, does nothing, and completes.

/**
 * Begins `count` workers. `claim(worker)` gives an array of jobs, `complete(jobs)` ends them.
 *
 * No worker waits for the end of `complete` before it claims again, but for the one before it: so does graphile-worker,
 * and so all of them do here.
 */
export async function work(count, claim, complete, gate) {
  const worker = async (name) => {
    let completing;
    for (;;) {
      const jobs = await claim(name);
      await completing;
      if (jobs.length === 0) return;
      await gate.pass();
      completing = complete(jobs).then(() => gate.done(jobs.length));
    }
  };
  await Promise.all(Array.from({ length: count }, (_, n) => worker(`worker-${n}`)));
}

/** Sends one statement again and again, prepared. */
export function statement(pool, name, text) {
  return async (...values) => (await pool.query({ name, text, values })).rows;
}

/** Calls `take()` once, and again for every notification that comes while it runs or after. */
export async function listening(pool, channel, take) {
  const client = await pool.connect();
  let running = false, again = false;
  const wake = async () => {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      again = false;
      await take();
    }
    running = false;
  };
  client.on("notification", wake);
  await client.query(`LISTEN "${channel}"`);
  await wake();
}
