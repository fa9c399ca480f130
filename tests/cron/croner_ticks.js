// The ticks of croner: reads expression, zone and time in tab-separated lines, writes the next eight as seconds.
const { Cron } = require("croner");

for (const line of require("node:fs").readFileSync(0, "utf8").trimEnd().split("\n")) {
  const [expression, timezone, after] = line.split("\t");
  try {
    const ticks = new Cron(expression, { timezone }).nextRuns(8, new Date(after * 1000));
    console.log(ticks.length === 8 ? ticks.map((tick) => tick.getTime() / 1000).join(" ") : "refused");
  } catch {
    console.log("refused");
  }
}
