-- Subscriptions of services, and what each is to be told.

-- enabled --
SELECT name, types, filters, kind, target, secret_env, most_attempts FROM ops.subscriptions WHERE enabled ORDER BY name;

-- enabled_and_kept --
-- None of them can be removed before this transaction ends.
SELECT name, types, filters, kind, target, secret_env, most_attempts FROM ops.subscriptions WHERE enabled ORDER BY name FOR KEY SHARE;

-- enqueue --
INSERT INTO ops.deliveries (subscription, event_id, attributes, data)
SELECT d.subscription, d.event_id, d.attributes, d.data
FROM unnest(%(subscription)s::text[], %(event_id)s::text[], %(attributes)s::jsonb[], %(data)s::jsonb[])
    WITH ORDINALITY AS d (subscription, event_id, attributes, data, place)
ORDER BY d.place
ON CONFLICT ON CONSTRAINT deliveries_event_key DO NOTHING;

-- waiting --
SELECT id, attributes, data, attempts, extract(epoch FROM due_at - now())::float8 AS seconds
FROM ops.deliveries WHERE subscription = %(subscription)s AND state = 'waiting' ORDER BY id LIMIT %(most)s;

-- delivered --
UPDATE ops.deliveries SET state = 'delivered', finished_at = now(), error = NULL WHERE id = ANY(%(ids)s) AND state = 'waiting';

-- failed --
-- Given up after the most attempts that the subscription grants.
UPDATE ops.deliveries SET
    attempts = attempts + 1, error = %(error)s, due_at = now() + make_interval(secs => %(pause)s),
    state = CASE WHEN attempts + 1 >= %(most_attempts)s THEN 'dead' ELSE 'waiting' END,
    finished_at = CASE WHEN attempts + 1 >= %(most_attempts)s THEN now() END
WHERE id = %(id)s AND state = 'waiting'
RETURNING state;

-- own --
-- One process delivers to a service at a time: the others would break the order.
SELECT pg_try_advisory_lock(hashtextextended('aegis subscription ' || %(subscription)s, 0));

-- forget --
-- At most so many at once.
DELETE FROM ops.deliveries WHERE id IN (
    SELECT id FROM ops.deliveries WHERE state = 'delivered' AND finished_at < now() - interval '14 days' LIMIT %(most)s);

-- add --
INSERT INTO ops.subscriptions (name, types, filters, kind, target, secret_env, most_attempts)
VALUES (%(name)s, %(types)s, %(filters)s, %(kind)s, %(target)s, %(secret_env)s, %(most_attempts)s)
ON CONFLICT (name) DO NOTHING;

-- remove --
DELETE FROM ops.subscriptions WHERE name = %(name)s;

-- list --
SELECT s.name, s.types, s.filters, s.kind, s.target, s.secret_env, s.most_attempts, s.enabled,
       count(d.id) FILTER (WHERE d.state = 'waiting') AS waiting, count(d.id) FILTER (WHERE d.state = 'dead') AS dead
FROM ops.subscriptions s LEFT JOIN ops.deliveries d ON d.subscription = s.name AND d.state <> 'delivered'
GROUP BY s.name ORDER BY s.name;

-- one --
SELECT name, types, filters, kind, target, secret_env, most_attempts FROM ops.subscriptions WHERE name = %(name)s;

-- dead --
SELECT id, subscription, event_id, attributes ->> 'type' AS type, attributes ->> 'subject' AS subject, attempts, error, finished_at
FROM ops.deliveries WHERE state = 'dead' AND (%(name)s::text IS NULL OR subscription = %(name)s) ORDER BY id LIMIT %(most)s;

-- retry --
UPDATE ops.deliveries SET state = 'waiting', attempts = 0, due_at = now(), finished_at = NULL
WHERE state = 'dead' AND subscription = %(name)s AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s));
