"""Prints what exchange_calendars and pandas_market_calendars say of the sessions of our calendars.

    peers.py FILE

writes tab-separated lines: calendar, peer, and then either `covers`, first date, last date; or a date, the session in
local times, its instants in seconds since 1970, its minutes.
"""

import sys
import warnings

import exchange_calendars
import pandas
import pandas_market_calendars

FIRST, LAST = "2015-01-01", "2027-12-31"
# Our calendar; the library; its name there.
PEERS = [
    ("XNYS", "exchange_calendars", "XNYS"),
    ("XNYS", "pandas_market_calendars", "NYSE"),
    ("XNSE", "pandas_market_calendars", "XNSE"),
    ("XBOM", "exchange_calendars", "XBOM"),
    ("XBOM", "pandas_market_calendars", "XBOM"),
    ("XHKG", "exchange_calendars", "XHKG"),
    ("XHKG", "pandas_market_calendars", "HKEX"),
    ("XTKS", "exchange_calendars", "XTKS"),
    ("XTKS", "pandas_market_calendars", "JPX"),
    ("CMES", "exchange_calendars", "CMES"),
    ("CMES", "pandas_market_calendars", "CME_Equity"),
    ("CMES", "pandas_market_calendars", "CME Globex Equity"),
    ("24/7", "exchange_calendars", "24/7"),
    ("24/7", "pandas_market_calendars", "24/7"),
]
# Its holidays end there, and it refuses a calendar that goes on.
LAST_OF = {("exchange_calendars", "XBOM"): "2026-12-31"}


def local(moment, zone, day):
    """The time on the wall there: with a minus the day before, from 24:00 the day after."""
    there = moment.tz_convert(zone)
    days = (there.tz_localize(None).normalize() - day).days
    return f"{'-' if days < 0 else ''}{there.hour + 24 * max(days, 0):02}:{there.minute:02}"


def line(zone, day, opens, closes, pause, minutes):
    """A session as the database tells it. A break without length is none."""
    times = [opens, closes]
    if pandas.notna(pause[0]) and pause[0] < pause[1]:
        times += pause
    told = [local(moment, zone, day) for moment in times]
    text = f"{told[0]} to {told[1]}" + (f", break {told[2]} to {told[3]}" if told[2:] else "")
    if minutes is None:
        minutes = sum(sign * (b - a).total_seconds() for sign, a, b in zip((1, -1), times[::2], times[1::2])) / 60
    return [str(day.date()), text, " ".join(str(int(moment.timestamp())) for moment in times), str(int(minutes))]


def sessions(library, name):
    last = LAST_OF.get((library, name), LAST)
    yield ["covers", FIRST, last]
    if library == "exchange_calendars":
        calendar = exchange_calendars.get_calendar(name, start=FIRST, end=last)
        for day, row in calendar.schedule.iterrows():
            minutes = len(calendar.session_minutes(day))
            yield line(calendar.tz, day, row.open, row.close, [row.break_start, row.break_end], minutes)
    else:
        calendar = pandas_market_calendars.get_calendar(name)
        for day, row in calendar.schedule(FIRST, last).iterrows():
            pause = [row.get("break_start"), row.get("break_end")]
            yield line(calendar.tz, day, row.market_open, row.market_close, pause, None)


def main():
    warnings.simplefilter("ignore")
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        for calendar, library, name in PEERS:
            for fields in sessions(library, name):
                print(calendar, f"{library} {name}", *fields, sep="\t", file=out)


main()
