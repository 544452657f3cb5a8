-- How far the derived stores have come with each policy, as the app of receipts writes it.

-- fold --
-- In the order of the keys, so that two workers never wait for each other. Returns the rows that a receipt moved.
INSERT INTO ops.sync_progress AS p (policy_id, milvus, neo4j, elasticsearch, redis)
SELECT r.policy_id, r.milvus, r.neo4j, r.elasticsearch, r.redis
FROM unnest(%(policy_id)s::text[], %(milvus)s::bigint[], %(neo4j)s::bigint[], %(elasticsearch)s::bigint[], %(redis)s::bigint[])
    AS r (policy_id, milvus, neo4j, elasticsearch, redis)
ORDER BY r.policy_id
ON CONFLICT (policy_id) DO UPDATE SET
    milvus = greatest(p.milvus, excluded.milvus), neo4j = greatest(p.neo4j, excluded.neo4j),
    elasticsearch = greatest(p.elasticsearch, excluded.elasticsearch), redis = greatest(p.redis, excluded.redis)
WHERE excluded.milvus > coalesce(p.milvus, 0) OR excluded.neo4j > coalesce(p.neo4j, 0)
   OR excluded.elasticsearch > coalesce(p.elasticsearch, 0) OR excluded.redis > coalesce(p.redis, 0)
RETURNING p.policy_id, p.milvus, p.neo4j, p.elasticsearch, p.redis, p.completed_stamp;

-- complete --
-- The event and the mark that it was written, in one transaction. The event's identity follows from what it tells: writing it again adds none.
WITH given AS (
    SELECT * FROM unnest(%(policy_id)s::text[], %(stamp)s::bigint[], %(event_id)s::uuid[], %(payload)s::jsonb[]) AS g (policy_id, stamp, event_id, payload)
), marked AS (
    UPDATE ops.sync_progress AS p SET completed_stamp = g.stamp, completed_at = now()
    FROM given g
    WHERE p.policy_id = g.policy_id AND g.stamp > coalesce(p.completed_stamp, 0)
    RETURNING g.policy_id, g.event_id, g.payload
)
INSERT INTO public.outbox (id, aggregateid, type, payload, schema_version)
SELECT event_id, policy_id, %(type)s, payload, %(schema_version)s FROM marked
ON CONFLICT DO NOTHING;

-- forget --
-- Rows of policies that are deleted everywhere and were for two weeks: no receipt of theirs is left in the log. At most so many at once.
-- Asked twice: another worker may fold a receipt of a new row while this waits for it.
DELETE FROM ops.sync_progress
WHERE completed_stamp %% 4 = 3 AND completed_at < now() - %(after)s::interval
  AND greatest(milvus, neo4j, elasticsearch, redis) = completed_stamp
  AND policy_id IN (
    SELECT policy_id FROM ops.sync_progress
    WHERE completed_stamp %% 4 = 3 AND completed_at < now() - %(after)s::interval
      AND greatest(milvus, neo4j, elasticsearch, redis) = completed_stamp
    LIMIT %(most)s);

-- forget_events --
-- Published long ago: the capture reads the insert from the WAL and needs no row. At most so many at once.
DELETE FROM public.outbox
WHERE id IN (SELECT id FROM public.outbox WHERE occurred_at < now() - %(after)s::interval LIMIT %(most)s);
