-- What `aegis status`, `watch`, `doctor`, `trace` and `dlq` read, as the reader.

-- dead_letters --
-- Open: nobody has dealt with it, and no newer version or delete of its row has. Undecodable bytes have no row that could.
SELECT count(*) AS open,
       (SELECT count(*) FROM ops.held_keys) AS held,
       (SELECT count(*) FROM public.quarantine WHERE released_at IS NULL) AS quarantined
FROM ops.letters WHERE waiting AND state IN ('held', 'open');

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

-- letters_of_key --
SELECT l.id, l.store, l.version, l.code, l.message, l.failed_at, l.retried_at, l.discarded_at, l.state = 'held' AS held
FROM ops.letters AS l WHERE l.table_name = %(table)s AND l.key = %(key)s ORDER BY l.id DESC LIMIT 20;

-- cold_path --
-- The first row is looked for only where no complete run ever ended clean: that reads whole tables.
SELECT now() AS now, clean.at AS clean_at,
       CASE WHEN clean.at IS NULL THEN least((SELECT min(created_at) FROM public.policies), (SELECT min(created_at) FROM public.users),
                                             (SELECT min(created_at) FROM public.business_rules)) END AS first_data_at
FROM (SELECT max(finished_at) AS at FROM ops.runs
      WHERE kind = 'reconcile' AND state = 'finished' AND verdict IN ('clean', 'repaired') AND options ->> 'complete' = 'true') AS clean;

-- last_comparison --
SELECT run_id, state, verdict, started_at, finished_at FROM ops.runs WHERE kind = 'reconcile' AND state <> 'running' ORDER BY started_at DESC LIMIT 1;

-- runs_under_way --
-- A run holds an advisory lock while its process lives (sql/queries/runs.sql).
SELECT run_id, kind, phase, actor, started_at, EXISTS (
    SELECT FROM pg_locks AS held JOIN pg_database ON pg_database.oid = held.database
    WHERE held.locktype = 'advisory' AND held.granted AND pg_database.datname = current_database()
      AND (held.classid::bigint << 32 | held.objid::bigint) = hashtextextended('aegis.runs.' || runs.lock, 0)
) AS alive
FROM ops.runs WHERE state = 'running' ORDER BY started_at;

-- paused_apps --
SELECT app, until, reason FROM ops.paused_apps WHERE until > now() ORDER BY app;
