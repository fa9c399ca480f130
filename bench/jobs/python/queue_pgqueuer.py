"""pgqueuer with its queue manager, over asyncpg; each worker is a manager with a connection of its own.

A manager fetches a batch and ends it together: its log of ended jobs is written when it holds a batch.
"""

import asyncio

import asyncpg
from pgqueuer.db import AsyncpgDriver
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries

CHUNK = 5_000


async def install():
    await Queries(AsyncpgDriver(await asyncpg.connect())).install()


async def fill(count):
    queries = Queries(AsyncpgDriver(await asyncpg.connect()))
    for first in range(0, count, CHUNK):
        size = min(CHUNK, count - first)
        await queries.enqueue(["bench"] * size, [b'{"n": 1}'] * size, [0] * size)


async def drain(database, workers, batch, gate):
    async def worker():
        manager = QueueManager(Queries(AsyncpgDriver(await asyncpg.connect(database=database))))

        @manager.entrypoint("bench")
        async def bench(job):
            pass

        # A manager fetches without a limit while its jobs work, so that it has to wait before it fetches.
        dequeue, log_jobs = manager.queries.dequeue, manager.queries.log_jobs

        async def wait_and_dequeue(**options):
            await gate.work()
            return await dequeue(**options)

        async def log_and_count(statuses):
            await log_jobs(statuses)
            gate.done(len(statuses))

        manager.queries.dequeue, manager.queries.log_jobs = wait_and_dequeue, log_and_count
        await manager.run(batch_size=batch)

    await asyncio.gather(*(worker() for _ in range(workers)))
