CREATE FUNCTION bourse_private.notify(channel text, message text) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'notify_wrapper';
COMMENT ON FUNCTION bourse_private.notify(text, text) IS
'A notification that is a hint: nobody is told while the queue of notifications of the server is nearly full, so that '
'no work fails for a hint';
