-- What replays and rebuilds ask PostgreSQL, as the operator.

-- last_rate --
SELECT (summary ->> 'messages_per_second')::float AS rate FROM ops.runs
WHERE lock = %(lock)s AND summary ? 'messages_per_second' ORDER BY started_at DESC LIMIT 1;

-- policies_oldest --
SELECT count(*) AS rows, min(updated_at) AS oldest FROM public.policies;

-- users_oldest --
SELECT count(user_id) AS rows, min(updated_at) AS oldest FROM public.users;

-- business_rules_oldest --
SELECT count(*) AS rows, min(updated_at) AS oldest FROM public.business_rules;

-- signal --
INSERT INTO public.debezium_signal (id, type, data) VALUES (%(id)s, 'execute-snapshot', %(data)s);

-- remove_signals --
DELETE FROM public.debezium_signal WHERE starts_with(id, %(prefix)s);

-- written --
SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS written;
