-- A token of one of a thousand recipients.
\set user random(1, 1000)
SELECT granted FROM messaging.take_tokens(:user::text, 'email');
