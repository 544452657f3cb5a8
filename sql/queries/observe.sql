-- What `aegis status`, `watch`, `doctor`, `trace` and `dlq` read, as the reader.

-- dead_letters --
-- Open: nobody has dealt with it, and no newer version or delete of its row has. Undecodable bytes have no row that could.
SELECT count(*) FILTER (WHERE l.retried_at IS NULL AND l.discarded_at IS NULL AND (l.version IS NULL OR h.version IS NOT NULL)) AS open,
       (SELECT count(*) FROM ops.held_keys) AS held,
       (SELECT count(*) FROM public.quarantine WHERE released_at IS NULL) AS quarantined
FROM ops.dead_letters AS l
LEFT JOIN ops.held_keys AS h ON h.table_name = l.table_name AND h.key = l.key AND h.store = l.store AND h.version = l.version;

-- capture --
SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS written,
       s.slot_name IS NOT NULL AS slot_exists, s.active, s.wal_status, s.confirmed_flush_lsn - '0/0'::pg_lsn AS confirmed,
       extract(epoch FROM now() - h.beaten_at)::float AS heartbeat_age_seconds
FROM public.debezium_heartbeat AS h LEFT JOIN pg_replication_slots AS s ON s.slot_name = 'aegis_slot' AND s.database = current_database();

-- configuration --
SELECT current_setting('wal_level') AS wal_level, current_setting('max_slot_wal_keep_size') AS max_slot_wal_keep_size,
       current_setting('server_version_num')::int AS server_version_num;

-- published_tables --
SELECT tablename AS name FROM pg_publication_tables WHERE pubname = 'aegis_publication' AND schemaname = 'public' ORDER BY tablename;

-- replica_identity --
SELECT relname AS name, relreplident::text AS identity FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%(tables)s) ORDER BY relname;

-- policies_rows --
SELECT count(*) AS rows, count(*) FILTER (WHERE status IN ('pending_validation', 'active')) AS shown FROM public.policies;

-- users_rows --
SELECT count(user_id) AS rows, count(user_id) AS shown FROM public.users;

-- business_rules_rows --
SELECT count(*) AS rows, count(*) AS shown FROM public.business_rules;

-- policies_row --
SELECT version, updated_at FROM public.policies WHERE policy_id = %(key)s;

-- users_row --
SELECT version, updated_at FROM public.users WHERE user_id = %(key)s;

-- business_rules_row --
SELECT version, updated_at FROM public.business_rules WHERE rule_id = %(key)s;

-- letters_of_key --
SELECT l.id, l.store, l.version, l.code, l.message, l.failed_at, l.retried_at, l.discarded_at,
       EXISTS (SELECT FROM ops.held_keys AS h WHERE h.dead_letter_id = l.id) AS held
FROM ops.dead_letters AS l WHERE l.table_name = %(table)s AND l.key = %(key)s ORDER BY l.id DESC LIMIT 20;

-- letters --
SELECT l.id, l.store, l.table_name, l.key, l.version, l.code, l.error_class, l.message, l.attempt, l.failed_at, l.retried_at, l.discarded_at,
       h.version IS NOT NULL AS held
FROM ops.dead_letters AS l
LEFT JOIN ops.held_keys AS h ON h.table_name = l.table_name AND h.key = l.key AND h.store = l.store AND h.version = l.version
WHERE %(all)s OR (l.retried_at IS NULL AND l.discarded_at IS NULL AND (l.version IS NULL OR h.version IS NOT NULL))
ORDER BY l.id DESC LIMIT %(limit)s;

-- letter --
SELECT l.*, EXISTS (SELECT FROM ops.held_keys AS h WHERE h.table_name = l.table_name AND h.key = l.key AND h.store = l.store AND h.version = l.version) AS held
FROM ops.dead_letters AS l WHERE l.id = %(id)s;

-- touch --
SELECT ops.touch(%(table)s, %(key)s) AS version;

-- mark_retried --
UPDATE ops.dead_letters SET retried_at = now() WHERE table_name = %(table)s AND key = %(key)s AND retried_at IS NULL AND discarded_at IS NULL;

-- discard --
UPDATE ops.dead_letters SET discarded_at = now(), discard_reason = %(reason)s WHERE id = %(id)s AND retried_at IS NULL AND discarded_at IS NULL
RETURNING store, table_name, key;

-- audit_discard --
INSERT INTO public.audit_logs (action, store, table_name, key, before, reason)
VALUES ('discard', %(store)s, %(table_name)s, %(key)s, jsonb_build_object('letters', ARRAY[%(id)s::bigint]), %(reason)s);

-- audit_retry --
INSERT INTO public.audit_logs (action, table_name, key, before, after, reason)
VALUES ('retry', %(table)s, %(key)s, jsonb_build_object('letters', %(letters)s::bigint[]), jsonb_build_object('version', %(version)s::bigint), 'aegis dlq retry');
