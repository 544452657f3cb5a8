-- What is remembered of the sources from one request to the next.

-- enter --
INSERT INTO ops.source_states (source) VALUES (%(source)s) ON CONFLICT (source) DO NOTHING;

-- hold --
-- Held until the transaction ends: of two processes that would each take the one trial of an open circuit, or the last request of a day, one waits.
SELECT day, requests, spent_at, failures, opened_at FROM ops.source_states WHERE source = %(source)s FOR UPDATE;

-- write --
UPDATE ops.source_states
SET day = %(day)s, requests = %(requests)s, spent_at = %(spent_at)s, failures = %(failures)s, opened_at = %(opened_at)s
WHERE source = %(source)s;

-- listed --
INSERT INTO ops.source_states (source, listed_at) VALUES (%(source)s, to_timestamp(%(begun)s))
ON CONFLICT (source) DO UPDATE SET listed_at = greatest(source_states.listed_at, excluded.listed_at);

-- all --
SELECT source, day, requests, spent_at, failures, opened_at, listed_at FROM ops.source_states ORDER BY source;

-- validators --
SELECT etag, last_modified FROM ops.source_validators WHERE source = %(source)s AND resource = %(resource)s;

-- remember --
INSERT INTO ops.source_validators AS v (source, resource, etag, last_modified) VALUES (%(source)s, %(resource)s, %(etag)s, %(last_modified)s)
ON CONFLICT (source, resource) DO UPDATE SET etag = excluded.etag, last_modified = excluded.last_modified, remembered_at = clock_timestamp();

-- forget --
DELETE FROM ops.source_validators
WHERE source = %(source)s AND (resource = %(resource)s OR remembered_at < clock_timestamp() - interval '90 days');
