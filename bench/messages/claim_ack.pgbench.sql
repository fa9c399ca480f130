-- A message claimed for a channel, and acknowledged.
SELECT message_id, lease FROM messaging.claim('worker-' || :client_id, 'email', 1, '30 s') \gset
SELECT messaging.ack(:lease, :message_id);
