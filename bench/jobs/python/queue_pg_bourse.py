"""pg_bourse over psycopg: claim, then complete. No worker waits for the end of complete before it claims again."""

import asyncio

from psycopg_pool import AsyncConnectionPool

CLAIM = "SELECT run_id, lease, task_params FROM jobs.claim(%s, ARRAY['bench'], %s, '30 s')"
COMPLETE = "SELECT jobs.complete(%s, %s)"


async def drain(database, workers, batch, gate):
    def prepared(connection):
        connection.prepare_threshold = 0
        return asyncio.sleep(0)

    size = 2 * workers + 1
    async with AsyncConnectionPool(
        min_size=size, max_size=size, kwargs={"autocommit": True, "dbname": database}, configure=prepared
    ) as pool:

        async def send(sql, *values):
            async with pool.connection() as connection:
                return await (await connection.execute(sql, values)).fetchall()

        async def complete(runs):
            await send(COMPLETE, runs[0][1], [run[0] for run in runs])
            gate.done(len(runs))

        async def worker(name):
            completing = None
            while runs := await send(CLAIM, name, batch):
                await gate.work()
                if completing:
                    await completing
                completing = asyncio.create_task(complete(runs))

        await asyncio.gather(*(worker(f"worker-{n}") for n in range(workers)))
