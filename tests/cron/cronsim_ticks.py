"""The ticks of cronsim: reads expression, zone and time in tab-separated lines, writes the next eight as seconds."""
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

for line in sys.stdin:
    expression, zone, after = line.rstrip("\n").split("\t")
    try:
        ticks = CronSim(expression, datetime.fromtimestamp(int(after), ZoneInfo(zone)))
        print(" ".join(str(int(next(ticks).timestamp())) for _ in range(8)))
    except Exception:
        print("refused")
