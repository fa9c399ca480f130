"""The clients of queues, in databases of the server that PGHOST and the like name.

    main.py install QUEUE
    main.py fill QUEUE JOBS
    main.py race WORKERS BATCH ROUNDS MILLISECONDS QUEUE=DATABASE…    prints each with its jobs per second, by round
"""

import asyncio
import importlib
import os
import sys

from turns import Gate, turns


def load(name):
    return importlib.import_module(f"queue_{name}")


async def race(workers, batch, rounds, milliseconds, entries):
    gates, tasks = [], []
    for entry in entries:
        name, database = entry.split("=")
        gates.append(Gate(name))
        tasks.append(asyncio.create_task(load(name).drain(database, workers, batch, gates[-1])))
    racing = asyncio.create_task(turns(gates, rounds, milliseconds))
    finished, _ = await asyncio.wait([racing, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in finished:
        task.result()
    for gate in gates:
        print(gate.name, *gate.rates, flush=True)
    # What works on has no end of its own.
    os._exit(0 if racing in finished else 1)


def main():
    task, *rest = sys.argv[1:]
    match task:
        case "install":
            asyncio.run(load(rest[0]).install())
        case "fill":
            asyncio.run(load(rest[0]).fill(int(rest[1])))
        case "race":
            asyncio.run(race(*(int(number) for number in rest[:4]), rest[4:]))
        case _:
            raise SystemExit(f"there is no task {task}")


main()
