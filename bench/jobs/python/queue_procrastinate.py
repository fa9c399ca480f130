"""procrastinate with its worker, over psycopg. It has no batches: it fetches one job and ends one job at a time."""

import procrastinate

CHUNK = 5_000


def application(gate=None, **options):
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(min_size=4, max_size=12, kwargs=options))

    @app.task(name="bench", queue="bench")
    async def bench(n):
        await gate.work()

    return app, bench


async def install():
    app, _ = application()
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


async def fill(count):
    app, bench = application()
    async with app.open_async():
        for first in range(0, count, CHUNK):
            await bench.batch_defer_async(*({"n": n} for n in range(first, min(count, first + CHUNK))))


async def drain(database, workers, batch, gate):
    if batch != 1:
        raise ValueError("procrastinate has no batches")
    app, _ = application(gate, dbname=database)
    finish = app.job_manager.finish_job

    async def finish_and_count(*arguments, **options):
        await finish(*arguments, **options)
        gate.done()

    app.job_manager.finish_job = finish_and_count
    async with app.open_async():
        await app.run_worker_async(queues=["bench"], concurrency=workers, install_signal_handlers=False)
