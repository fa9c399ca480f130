// pgmq by its SQL, which installs without the extension: read, then delete. No attempts, no backoff, no history.
import { readFile } from "node:fs/promises";
import { listening, statement, work } from "./workers.mjs";

export async function install(pool) {
  await pool.query("CREATE SCHEMA pgmq");
  await pool.query(await readFile(process.env.PGMQ_SQL, "utf8"));
  await pool.query("SELECT pgmq.create('bench')");
}

export const fill = (pool, count) =>
  pool.query(
    `SELECT count(*) FROM pgmq.send_batch('bench', ARRAY(
       SELECT jsonb_build_object('n', n) FROM generate_series(1, $1::int) AS n))`,
    [count],
  );

function door(pool) {
  const read = statement(pool, "read", "SELECT * FROM pgmq.read('bench', 30, $1::int)");
  const remove = statement(pool, "delete", "SELECT pgmq.delete('bench', $1::bigint)");
  const removeMany = statement(pool, "delete_many", "SELECT pgmq.delete('bench', $1::bigint[])");
  const ids = (messages) => messages.map((message) => message.msg_id);
  return {
    read,
    complete: (messages) => (messages.length === 1 ? remove(messages[0].msg_id) : removeMany(ids(messages))),
  };
}

export function drain(pool, workers, batch, gate) {
  const { read, complete } = door(pool);
  return work(workers, () => read(batch), complete, gate);
}

export async function listen(pool, started) {
  // Not before: its trigger changes one row for every message, which a transaction of many does not get through.
  await pool.query("SELECT pgmq.enable_notify_insert('bench', 0)");
  const { read, complete } = door(pool);
  const send = statement(pool, "send", "SELECT pgmq.send('bench', $1::jsonb)");
  await listening(pool, "pgmq.q_bench.INSERT", async () => {
    for (;;) {
      const messages = await read(1);
      if (messages.length === 0) return;
      started(messages[0].message.n);
      await complete(messages);
    }
  });
  return (n) => send({ n });
}
