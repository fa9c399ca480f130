"""The ticks of croniter: reads expression, zone and time in tab-separated lines, writes the next eight as seconds."""
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

from croniter import croniter

for line in sys.stdin:
    expression, zone, after = line.rstrip("\n").split("\t")
    try:
        fields = expression.split()
        # Seconds come last there.
        text = " ".join(fields[1:] + fields[:1]) if len(fields) == 6 else expression
        ticks = croniter(text, datetime.fromtimestamp(int(after), ZoneInfo(zone)))
        print(" ".join(str(int(ticks.get_next(datetime).timestamp())) for _ in range(8)))
    except Exception:
        print("refused")
