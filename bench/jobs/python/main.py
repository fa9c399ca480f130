"""One turn of one queue, in the database that PGHOST and the like name.

    main.py QUEUE install
    main.py QUEUE fill JOBS
    main.py QUEUE drain WORKERS BATCH SECONDS    prints jobs per second
"""

import asyncio
import importlib
import os
import sys
import time

WARM_UP = 0.4
# A queue from which nothing has come for so long is empty, or its client hangs.
SILENCE = 3.0


class Counter:
    """Counts jobs after the warm-up, for so many seconds."""

    def __init__(self, seconds):
        self.seconds, self.started, self.begin, self.end, self.count = seconds, None, None, None, 0
        self.finished = asyncio.Event()

    def done(self, jobs=1):
        now = time.perf_counter()
        self.started = self.started or now
        if self.begin is None:
            if now >= self.started + WARM_UP:
                self.begin = self.end = now
        elif self.end < self.begin + self.seconds:
            self.count += jobs
            self.end = now
        else:
            self.finished.set()

    def rate(self):
        if not self.count:
            raise RuntimeError("it has done nothing")
        return self.count / (self.end - self.begin)

    async def silence(self):
        """Returns when nothing happens any more."""
        seen = -1
        while seen != self.count or self.begin is None:
            seen = self.count
            await asyncio.sleep(SILENCE)


async def drain(queue, workers, batch, seconds):
    counter = Counter(seconds)
    tasks = [
        asyncio.create_task(queue.drain(workers, batch, counter.done)),
        asyncio.create_task(counter.finished.wait()),
        asyncio.create_task(counter.silence()),
    ]
    finished, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in finished:
        task.result()
    print(counter.rate(), flush=True)
    # What works on has no end of its own.
    os._exit(0)


def main():
    name, task, *numbers = sys.argv[1:]
    queue = importlib.import_module(f"queue_{name}")
    numbers = [int(number) for number in numbers]
    match task:
        case "install":
            asyncio.run(queue.install())
        case "fill":
            asyncio.run(queue.fill(*numbers))
        case "drain":
            asyncio.run(drain(queue, *numbers))
        case _:
            raise SystemExit(f"there is no task {task}")


main()
