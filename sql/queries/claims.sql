-- Bucket and claim of captured rows, cut from MD5 as aegis/claim.py does, so that PostgreSQL's end of a comparison needs no row of its own shipped.
-- %(bucket)s stands for one bucket, 0 to 4095.

-- policies_sums --
SELECT ('x' || substr(md5(policy_id), 1, 3))::bit(12)::int AS bucket,
       count(*) AS records,
       sum(('x' || substr(md5(policy_id || ':' || version), 1, 8))::bit(32)::bigint)::bigint AS claims
FROM public.policies GROUP BY bucket ORDER BY bucket;

-- policies_bucket --
SELECT policy_id AS key, version FROM public.policies
WHERE ('x' || substr(md5(policy_id), 1, 3))::bit(12)::int = %(bucket)s ORDER BY policy_id COLLATE "C";

-- users_sums --
SELECT ('x' || substr(md5(user_id), 1, 3))::bit(12)::int AS bucket,
       count(*) AS records,
       sum(('x' || substr(md5(user_id || ':' || version), 1, 8))::bit(32)::bigint)::bigint AS claims
FROM public.users GROUP BY bucket ORDER BY bucket;

-- users_bucket --
SELECT user_id AS key, version FROM public.users
WHERE ('x' || substr(md5(user_id), 1, 3))::bit(12)::int = %(bucket)s ORDER BY user_id COLLATE "C";

-- business_rules_sums --
SELECT ('x' || substr(md5(rule_id), 1, 3))::bit(12)::int AS bucket,
       count(*) AS records,
       sum(('x' || substr(md5(rule_id || ':' || version), 1, 8))::bit(32)::bigint)::bigint AS claims
FROM public.business_rules GROUP BY bucket ORDER BY bucket;

-- business_rules_bucket --
SELECT rule_id AS key, version FROM public.business_rules
WHERE ('x' || substr(md5(rule_id), 1, 3))::bit(12)::int = %(bucket)s ORDER BY rule_id COLLATE "C";
