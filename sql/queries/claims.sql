-- Bucket and claim of captured rows, cut from MD5 as aegis/claim.py does, so that PostgreSQL's end of a comparison needs no row of its own shipped.
-- %(buckets)s stands for an array of buckets, 0 to 4095. `visible`: how many rows derived stores shall show, as the projections have it.

-- policies_sums --
SELECT ('x' || substr(md5(policy_id), 1, 3))::bit(12)::int AS bucket,
       count(*) AS records,
       sum(('x' || substr(md5(policy_id || ':' || version), 1, 8))::bit(32)::bigint)::bigint AS claims,
       count(*) FILTER (WHERE status IN ('pending_validation', 'active')) AS visible
FROM public.policies GROUP BY bucket;

-- policies_listing --
SELECT policy_id AS key, version, status IN ('pending_validation', 'active') AS visible FROM public.policies
WHERE ('x' || substr(md5(policy_id), 1, 3))::bit(12)::int = ANY(%(buckets)s::int[]);

-- policies_versions --
SELECT policy_id AS key, version FROM public.policies WHERE policy_id = ANY(%(keys)s::text[]);

-- users_sums --
SELECT ('x' || substr(md5(user_id), 1, 3))::bit(12)::int AS bucket,
       count(*) AS records,
       sum(('x' || substr(md5(user_id || ':' || version), 1, 8))::bit(32)::bigint)::bigint AS claims,
       count(*) AS visible
FROM public.users GROUP BY bucket;

-- users_listing --
SELECT user_id AS key, version, true AS visible FROM public.users
WHERE ('x' || substr(md5(user_id), 1, 3))::bit(12)::int = ANY(%(buckets)s::int[]);

-- users_versions --
SELECT user_id AS key, version FROM public.users WHERE user_id = ANY(%(keys)s::text[]);

-- business_rules_sums --
SELECT ('x' || substr(md5(rule_id), 1, 3))::bit(12)::int AS bucket,
       count(*) AS records,
       sum(('x' || substr(md5(rule_id || ':' || version), 1, 8))::bit(32)::bigint)::bigint AS claims,
       count(*) AS visible
FROM public.business_rules GROUP BY bucket;

-- business_rules_listing --
SELECT rule_id AS key, version, true AS visible FROM public.business_rules
WHERE ('x' || substr(md5(rule_id), 1, 3))::bit(12)::int = ANY(%(buckets)s::int[]);

-- business_rules_versions --
SELECT rule_id AS key, version FROM public.business_rules WHERE rule_id = ANY(%(keys)s::text[]);
