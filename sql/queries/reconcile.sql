-- What the cold path asks of PostgreSQL beside claims and rows, as the operator.

-- wal_position --
-- Everything that is committed lies before it.
SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint AS written;

-- drawn --
SELECT last_value AS drawn FROM public.aegis_version_seq;

-- rejected --
-- Versions that some store rejected and nobody has retried, whether or not the letter was discarded: the stores show such a version compensated.
SELECT DISTINCT key, version FROM ops.dead_letters
WHERE table_name = %(table)s AND key = ANY(%(keys)s::text[]) AND retried_at IS NULL AND version IS NOT NULL;

-- pass_version --
SELECT ops.pass_version(%(beyond)s) AS reached;

-- touch --
SELECT wanted.key, ops.touch(%(table)s, wanted.key) AS version FROM unnest(%(keys)s::text[]) AS wanted (key);

-- remember_slice --
INSERT INTO public.pipeline_metadata (name, value) VALUES ('reconcile.slice', to_jsonb(%(slice)s::int))
ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = now();

-- next_slice --
SELECT (value #>> '{}')::int AS slice FROM public.pipeline_metadata WHERE name = 'reconcile.slice';

-- record_finding --
INSERT INTO ops.findings (run_id, round, store, table_name, key, class, row_version, stored_stamp, detail, repair)
VALUES (%(run_id)s, %(round)s, %(store)s, %(table)s, %(key)s, %(class)s, %(row_version)s, %(stored_stamp)s, %(detail)s, %(repair)s)
ON CONFLICT ON CONSTRAINT findings_once DO NOTHING;

-- findings --
-- Of one round, in pages by key: bounded memory however many there are.
SELECT finding_id, store, table_name, key, class, row_version, stored_stamp, detail, repair FROM ops.findings
WHERE run_id = %(run_id)s AND round = %(round)s AND finding_id > %(after)s AND store = %(store)s AND table_name = %(table)s
ORDER BY finding_id LIMIT %(limit)s;

-- published --
UPDATE ops.findings SET published_at = clock_timestamp() WHERE run_id = %(run_id)s AND finding_id = ANY(%(ids)s::bigint[]);

-- counts --
SELECT store, table_name, class, count(*) AS found FROM ops.findings
WHERE run_id = %(run_id)s AND round = %(round)s GROUP BY store, table_name, class ORDER BY store, table_name, class;

-- first_findings --
SELECT store, table_name AS "table", key, class, row_version, stored_stamp, detail, repair, published_at IS NOT NULL AS published FROM ops.findings
WHERE run_id = %(run_id)s AND round = %(round)s ORDER BY class IN ('held', 'unsettled'), store, table_name, key LIMIT %(limit)s;

-- audit --
INSERT INTO public.audit_logs (action, store, table_name, key, before, after, reason, run_id)
VALUES (%(action)s, %(store)s, %(table)s, %(key)s, %(before)s, %(after)s, %(reason)s, %(run_id)s);
