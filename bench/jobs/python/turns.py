"""Many clients in one process, of which one at a time may go on: what slows the machine slows all of them."""

import asyncio
import time

# Of a turn, until the client is at full speed again, and what the one before had begun has ended.
SETTLING = 0.05
# Seconds after which nothing comes any more.
PATIENCE = 10


class Gate:
    """What every job of a client goes through, and where its ended jobs are counted."""

    def __init__(self, name):
        self.name, self.rates, self._counted = name, [], 0
        self._open = asyncio.Event()

    async def work(self):
        """The work of a job: it waits until it is the client's turn."""
        if not self._open.is_set():
            await self._open.wait()

    def done(self, jobs=1):
        """So many jobs have been ended."""
        self._counted += jobs

    async def turn(self, seconds):
        self._open.set()
        await asyncio.sleep(SETTLING)
        begin, before = time.perf_counter(), self._counted
        # A turn of one job can be longer, where the disk takes a tenth of a second.
        while self._counted == before and time.perf_counter() - begin < PATIENCE:
            await asyncio.sleep(seconds)
        end, after = time.perf_counter(), self._counted
        self._open.clear()
        if after == before:
            raise RuntimeError(f"{self.name} has ended nothing in a turn: no job waits any more, or it hangs")
        return (after - before) / (end - begin)


async def turns(gates, rounds, milliseconds):
    """Rounds of turns: forwards, then backwards; and each begins. The first round of each kind is not counted."""
    # All of them have connections, and jobs in hand.
    await asyncio.sleep(1)
    for number in range(-2, rounds):
        first = (number + 2) // 2 % len(gates)
        order = gates[first:] + gates[:first]
        for gate in reversed(order) if number % 2 else order:
            rate = await gate.turn(milliseconds / 1000)
            if number >= 0:
                gate.rates.append(round(rate, 1))
