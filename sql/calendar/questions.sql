-- What is asked of a calendar. The library compiles it once for each version of its rows, and searches then.
CREATE FUNCTION calendar.is_open(cal text, t timestamptz DEFAULT now()) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_is_open_wrapper';
COMMENT ON FUNCTION calendar.is_open(text, timestamptz) IS
'Whether a market is open: from the opening, and not at the close nor in a break. NULL for NULL. 22008 outside of the '
'dates that the calendar covers, 42704 unknown calendar, 55000 it is not active, or its rows are none';

CREATE FUNCTION calendar.phase(cal text, t timestamptz DEFAULT now()) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_phase_wrapper';
COMMENT ON FUNCTION calendar.phase(text, timestamptz) IS
'pre_market, market, break, post_market or closed. NULL for NULL. SQLSTATEs as is_open()';

CREATE FUNCTION calendar.next_open(cal text, t timestamptz DEFAULT now(), breaks boolean DEFAULT false)
RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_next_open_wrapper';
COMMENT ON FUNCTION calendar.next_open(text, timestamptz, boolean) IS
'The first opening of a session strictly after a moment; breaks: also the end of a break. NULL for NULL. 22008 the '
'moment or the answer lies outside of the dates that the calendar covers; other SQLSTATEs as is_open()';

CREATE FUNCTION calendar.next_close(cal text, t timestamptz DEFAULT now(), breaks boolean DEFAULT false)
RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_next_close_wrapper';
COMMENT ON FUNCTION calendar.next_close(text, timestamptz, boolean) IS
'The first close of a session strictly after a moment; breaks: also the beginning of a break. As next_open()';

CREATE FUNCTION calendar.previous_open(cal text, t timestamptz DEFAULT now(), breaks boolean DEFAULT false)
RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_previous_open_wrapper';
COMMENT ON FUNCTION calendar.previous_open(text, timestamptz, boolean) IS
'The last opening of a session strictly before a moment; breaks: also the end of a break. As next_open()';

CREATE FUNCTION calendar.previous_close(cal text, t timestamptz DEFAULT now(), breaks boolean DEFAULT false)
RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_previous_close_wrapper';
COMMENT ON FUNCTION calendar.previous_close(text, timestamptz, boolean) IS
'The last close of a session strictly before a moment; breaks: also the beginning of a break. As next_open()';

CREATE FUNCTION calendar.next_change(cal text, t timestamptz DEFAULT now()) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_next_change_wrapper';
COMMENT ON FUNCTION calendar.next_change(text, timestamptz) IS
'The first moment strictly after this one at which phase() is another. As next_open()';

CREATE FUNCTION calendar.session_of(cal text, t timestamptz DEFAULT now()) RETURNS date
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_session_of_wrapper';
COMMENT ON FUNCTION calendar.session_of(text, timestamptz) IS
'The trade date of the session that is on at a moment, its breaks, pre-market and post-market included: that of a '
'Sunday evening may be Monday. NULL: closed, and for NULL. SQLSTATEs as is_open()';

CREATE FUNCTION calendar.session_offset(cal text, session date, n integer) RETURNS date
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_session_offset_wrapper';
COMMENT ON FUNCTION calendar.session_offset(text, date, integer) IS
'The date of the session that comes n sessions after that of a date, before it when n is negative. NULL for NULL. '
'22008 outside of the dates that the calendar covers, 22023 there is no session on that date; other SQLSTATEs as '
'is_open()';

GRANT EXECUTE ON FUNCTION calendar.is_open(text, timestamptz), calendar.phase(text, timestamptz),
    calendar.next_open(text, timestamptz, boolean), calendar.next_close(text, timestamptz, boolean),
    calendar.previous_open(text, timestamptz, boolean), calendar.previous_close(text, timestamptz, boolean),
    calendar.next_change(text, timestamptz), calendar.session_of(text, timestamptz),
    calendar.session_offset(text, date, integer)
TO bourse_viewer, bourse_worker, bourse_monitor;
