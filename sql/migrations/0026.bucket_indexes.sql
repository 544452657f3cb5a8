-- A comparison lists the rows of the few buckets whose sums differ (queries/claims.sql): without an index it would read the whole table for that, once for
-- each store. The bucket is cut from the key, so an update of a row leaves its entry alone.
--
-- depends: 0011.validator

CREATE INDEX policies_bucket ON public.policies ((('x' || substr(md5(policy_id), 1, 3))::bit(12)::int));
COMMENT ON INDEX public.policies_bucket IS 'Bucket of the key, as aegis/claim.py cuts it, for comparisons.';

CREATE INDEX users_bucket ON public.users ((('x' || substr(md5(user_id), 1, 3))::bit(12)::int));
COMMENT ON INDEX public.users_bucket IS 'Bucket of the key, as aegis/claim.py cuts it, for comparisons.';

CREATE INDEX business_rules_bucket ON public.business_rules ((('x' || substr(md5(rule_id), 1, 3))::bit(12)::int));
COMMENT ON INDEX public.business_rules_bucket IS 'Bucket of the key, as aegis/claim.py cuts it, for comparisons.';
