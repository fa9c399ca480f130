"""pg_bourse over asyncpg: claim, then complete. No worker waits for the end of complete before it claims again."""

import asyncio

import asyncpg

CLAIM = "SELECT run_id, lease, task_params FROM jobs.claim($1, ARRAY['bench'], $2, '30 s')"
COMPLETE = "SELECT jobs.complete($1, $2)"


async def drain(database, workers, batch, gate):
    size = 2 * workers + 1
    async with asyncpg.create_pool(database=database, min_size=size, max_size=size) as pool:

        async def complete(runs):
            await pool.fetchval(COMPLETE, runs[0]["lease"], [run["run_id"] for run in runs])
            gate.done(len(runs))

        async def worker(name):
            completing = None
            while runs := await pool.fetch(CLAIM, name, batch):
                await gate.work()
                if completing:
                    await completing
                completing = asyncio.create_task(complete(runs))

        await asyncio.gather(*(worker(f"worker-{n}") for n in range(workers)))
