// complete_and_claim: one statement, one commit a job.
import { door } from "./pg_bourse.mjs";
import { statement } from "./workers.mjs";

export async function drain(pool, workers, batch, gate) {
  const { claim } = door(pool);
  const next = statement(pool, "next", "SELECT * FROM jobs.complete_and_claim($1, $2, $3, $4, $5)");
  const worker = async (name) => {
    let runs = await claim(name, batch);
    while (runs.length > 0) {
      await gate.pass();
      const ended = runs;
      runs = await next(ended[0].lease, ended.map((run) => run.run_id), name, ["bench"], batch);
      gate.done(ended.length);
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, n) => worker(`worker-${n}`)));
}
