// Many clients in one process, of which one at a time may go on: what slows the machine for a second slows all of them.

/** Of a turn, until the client is at full speed again, and what the one before had begun has ended. */
const SETTLING = 50;
/** After which nothing comes any more. */
const PATIENCE = 10_000;

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What every job of a client goes through, and where its ended jobs are counted. */
export class Gate {
  rates = [];
  #open = false;
  #waiting = [];
  #counted = 0;

  constructor(name) {
    this.name = name;
  }

  /** The work of a job: it waits until it is the client's turn. */
  async pass() {
    if (!this.#open) await new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** So many jobs have been ended. */
  done(jobs) {
    this.#counted += jobs;
  }

  async turn(milliseconds) {
    this.#open = true;
    this.#waiting.splice(0).forEach((resolve) => resolve());
    await sleep(SETTLING);
    const [from, before] = [performance.now(), this.#counted];
    // A turn of one job can be longer, where the disk takes a tenth of a second.
    while (this.#counted === before && performance.now() - from < PATIENCE) await sleep(milliseconds);
    const [to, after] = [performance.now(), this.#counted];
    this.#open = false;
    if (after === before) throw new Error(`${this.name} has ended nothing in a turn: no job waits any more, or it hangs`);
    return ((after - before) * 1000) / (to - from);
  }
}

/** Rounds of turns: forwards, then backwards; and each begins. The first round of each kind is not counted. */
export async function turns(gates, rounds, milliseconds) {
  for (let round = -2; round < rounds; round++) {
    const first = Math.floor((round + 2) / 2) % gates.length;
    const order = [...gates.slice(first), ...gates.slice(0, first)];
    if (round % 2) order.reverse();
    for (const gate of order) {
      const rate = await gate.turn(milliseconds);
      if (round >= 0) gate.rates.push(rate.toFixed(1));
    }
  }
  return gates;
}
