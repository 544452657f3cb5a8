-- Dead letters for `aegis dlq`. `chosen` comes first; the others are appended to it.

-- chosen --
-- Without the bytes and the stack, which only `letter` shows. `%(any)s`: dealt-with ones too.
WITH chosen AS (
    SELECT id, store, table_name, key, version, row_version, code, error_class, message, cause, fingerprint, topic, partition, "offset",
           attempt, failed_at, retried_at, discarded_at, resolved_at, state, waiting
    FROM ops.letters
    WHERE (%(any)s OR waiting)
      AND (%(store)s::text IS NULL OR store = %(store)s)
      AND (%(table)s::text IS NULL OR table_name = %(table)s)
      AND (%(key)s::text IS NULL OR key = %(key)s)
      AND (%(code)s::text IS NULL OR code = %(code)s)
      AND (%(cause)s::text IS NULL OR fingerprint = %(cause)s
           OR strpos(lower(message), lower(%(cause)s)) > 0 OR strpos(lower(cause), lower(%(cause)s)) > 0)
      AND (%(since)s::timestamptz IS NULL OR failed_at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR failed_at < %(until)s)
      AND (%(newest)s::bigint IS NULL OR id <= %(newest)s)
      AND (%(after)s::bigint IS NULL OR id > %(after)s)
      AND (%(after_key)s::text IS NULL OR (table_name, key) > (%(after_table)s, %(after_key)s))
)

-- causes --
-- `total` of all causes, also of those that %(limit)s leaves out.
SELECT fingerprint AS cause, store, table_name AS table, code, error_class, cause AS message, count(*) AS letters, count(DISTINCT key) AS keys,
       count(*) FILTER (WHERE state = 'held') AS held, count(*) FILTER (WHERE state = 'open') AS undecodable,
       min(failed_at) AS first_at, max(failed_at) AS last_at, max(attempt) AS attempts, min(key) AS example_key, max(id) AS example_id,
       count(*) OVER () AS causes, sum(count(*)) OVER ()::bigint AS total
FROM chosen WHERE %(any)s OR state IN ('held', 'open')
GROUP BY fingerprint, store, table_name, code, error_class, cause
ORDER BY letters DESC, last_at DESC, fingerprint LIMIT %(limit)s

-- singles --
SELECT id, store, table_name, key, version, code, error_class, message, fingerprint, attempt, failed_at, retried_at, discarded_at, resolved_at,
       state, state = 'held' AS held
FROM chosen WHERE %(any)s OR state IN ('held', 'open') ORDER BY id DESC LIMIT %(limit)s

-- letter --
SELECT l.*, l.state = 'held' AS held FROM ops.letters AS l WHERE l.id = %(id)s

-- attempts --
-- Of the same key and store, newest first.
SELECT id, version, rank, code, attempt, failed_at, state FROM ops.letters
WHERE store = %(store)s AND table_name = %(table_name)s AND key = %(key)s ORDER BY id DESC LIMIT 20

-- history --
SELECT occurred_at, actor, action, after, reason, run_id FROM public.audit_logs
WHERE (table_name = %(table_name)s AND key = %(key)s OR %(key)s::text IS NULL AND table_name IS NULL AND key IS NULL)
  AND before @> jsonb_build_object('letters', jsonb_build_array(%(id)s::bigint))
ORDER BY audit_id DESC LIMIT 20

-- plan --
-- What a retry would do. tired: keys that some store has given up on %(attempts)s times or more; null: named by hand, never tired.
-- Subqueries by key, here and below, are ones that no planner turns into a join: after a burst of letters nobody has counted them yet, and it would join badly.
SELECT count(DISTINCT (table_name, key)) FILTER (WHERE state = 'held' AND NOT tired) AS keys,
       count(DISTINCT (table_name, key)) FILTER (WHERE state = 'held' AND tired) AS tired,
       count(*) FILTER (WHERE state = 'resolved') AS resolved,
       count(*) FILTER (WHERE state = 'resolved' AND row_version IS NULL) AS gone,
       count(*) FILTER (WHERE state = 'open') AS undecodable,
       count(*) AS letters, max(id) AS newest
FROM (
    SELECT *, coalesce((
        SELECT max(other.attempt) FROM ops.dead_letters AS other
        WHERE other.table_name = chosen.table_name AND other.key = chosen.key AND other.version = chosen.version
          AND other.retried_at IS NULL AND other.discarded_at IS NULL AND other.resolved_at IS NULL
    ) >= %(attempts)s, false) AS tired
    FROM chosen
) AS judged

-- undecodable --
-- Where the bytes stand that no row can be touched for: per store and partition, the first and how many.
SELECT store, topic, partition, min("offset") AS first, count(*) AS letters FROM chosen
WHERE state = 'open' GROUP BY store, topic, partition ORDER BY store, topic, partition LIMIT 20

-- retry --
-- Touches up to %(batch)s keys that are held, in one order, so that two retries do not wait for each other. The letters of a key are dealt with in all stores:
-- its new version reaches them all.
, picked AS (
    SELECT DISTINCT table_name, key FROM chosen
    WHERE state = 'held' AND NOT coalesce((
        SELECT max(other.attempt) FROM ops.dead_letters AS other
        WHERE other.table_name = chosen.table_name AND other.key = chosen.key AND other.version = chosen.version
          AND other.retried_at IS NULL AND other.discarded_at IS NULL AND other.resolved_at IS NULL
    ) >= %(attempts)s, false)
    ORDER BY table_name, key LIMIT %(batch)s
), touched AS MATERIALIZED (
    SELECT table_name, key, ops.touch(table_name, key) AS drawn FROM picked
), theirs AS MATERIALIZED (
    SELECT letter.id, touched.table_name, touched.key, touched.drawn
    FROM touched CROSS JOIN LATERAL (
        SELECT id FROM ops.dead_letters
        WHERE table_name = touched.table_name AND key = touched.key AND retried_at IS NULL AND discarded_at IS NULL AND resolved_at IS NULL
        OFFSET 0) AS letter
), marked AS (
    UPDATE ops.dead_letters AS letter
    SET retried_at = CASE WHEN theirs.drawn IS NOT NULL THEN now() END, resolved_at = CASE WHEN theirs.drawn IS NULL THEN now() END
    FROM theirs
    WHERE letter.id = theirs.id AND letter.retried_at IS NULL AND letter.discarded_at IS NULL AND letter.resolved_at IS NULL
    RETURNING letter.id, theirs.table_name, theirs.key, theirs.drawn
), told AS (
    INSERT INTO public.audit_logs (actor, action, table_name, key, before, after, reason)
    SELECT %(actor)s, CASE WHEN drawn IS NULL THEN 'resolve' ELSE 'retry' END, table_name, key, jsonb_build_object('letters', jsonb_agg(id ORDER BY id)),
           CASE WHEN drawn IS NOT NULL THEN jsonb_build_object('version', drawn) END, %(reason)s
    FROM marked GROUP BY table_name, key, drawn
)
SELECT table_name AS table, key, drawn AS version FROM touched ORDER BY table_name, key

-- resolve --
-- Up to %(batch)s letters whose row has a newer version, or is gone.
, picked AS MATERIALIZED (
    SELECT id FROM chosen WHERE state = 'resolved' ORDER BY id LIMIT %(batch)s
), done AS (
    UPDATE ops.dead_letters AS letter SET resolved_at = now() FROM picked
    WHERE letter.id = picked.id AND letter.retried_at IS NULL AND letter.discarded_at IS NULL AND letter.resolved_at IS NULL
    RETURNING letter.id, letter.store, letter.table_name, letter.key
), told AS (
    INSERT INTO public.audit_logs (actor, action, store, table_name, key, before, reason)
    SELECT %(actor)s, 'resolve', store, table_name, key, jsonb_build_object('letters', jsonb_build_array(id)), %(reason)s FROM done
)
SELECT (SELECT count(*) FROM done) AS letters, (SELECT max(id) FROM picked) AS last

-- discard --
-- Up to %(batch)s letters; %(id)s: that one.
, picked AS MATERIALIZED (
    SELECT id FROM chosen WHERE id = %(id)s OR %(id)s::bigint IS NULL AND state IN ('held', 'open') ORDER BY id LIMIT %(batch)s
), done AS (
    UPDATE ops.dead_letters AS letter SET discarded_at = now(), discard_reason = %(reason)s FROM picked
    WHERE letter.id = picked.id AND letter.retried_at IS NULL AND letter.discarded_at IS NULL AND letter.resolved_at IS NULL
    RETURNING letter.id, letter.store, letter.table_name, letter.key
), told AS (
    INSERT INTO public.audit_logs (actor, action, store, table_name, key, before, reason)
    SELECT %(actor)s, 'discard', store, table_name, key, jsonb_build_object('letters', jsonb_build_array(id)), %(reason)s FROM done
)
SELECT (SELECT count(*) FROM done) AS letters, (SELECT max(id) FROM picked) AS last

-- rejected --
-- Of keys that were touched, the versions that a store rejected again.
SELECT wanted.table_name AS table, wanted.key, min(letter.store) AS store
FROM unnest(%(tables)s::text[], %(keys)s::text[], %(versions)s::bigint[]) AS wanted (table_name, key, version)
JOIN ops.dead_letters AS letter
  ON letter.table_name = wanted.table_name AND letter.key = wanted.key AND letter.version >= wanted.version
GROUP BY wanted.table_name, wanted.key

-- open --
SELECT count(*) AS letters, count(DISTINCT fingerprint) AS causes, max(id) AS newest FROM chosen WHERE state IN ('held', 'open')
