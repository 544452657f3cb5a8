-- Rows as the log carries them: the captured columns without the personal ones, in the types that aegis/row_image.py encodes. %(keys)s stands for an array of keys.
-- A time that Python cannot hold is null: such a row is rejected, as the one in the log is, and its neighbours are read.

-- policies_rows --
SELECT policy_id, source, source_id, title, content, issuing_organization, operating_organization, category, target_regions, target_industries,
       funding_amount_min, funding_amount_max, interest_rate, application_start_date, application_end_date, application_period_text, detail_url, tags, status,
       quality_score, is_active,
       CASE WHEN created_at BETWEEN '0001-01-02T00:00:00Z' AND '9999-12-30T00:00:00Z' THEN created_at END AS created_at, updated_at, version
FROM public.policies WHERE policy_id = ANY(%(keys)s::text[]);

-- users_rows --
SELECT user_id, region_code, industry_code, business_type, employee_range, preferences_tags, is_active,
       CASE WHEN created_at BETWEEN '0001-01-02T00:00:00Z' AND '9999-12-30T00:00:00Z' THEN created_at END AS created_at, updated_at, version
FROM public.users WHERE user_id = ANY(%(keys)s::text[]);

-- business_rules_rows --
-- jsonb as its text: numbers keep all their digits.
SELECT rule_id, name, description, rule_type, condition::text AS condition, policy_ids, priority, is_active,
       CASE WHEN created_at BETWEEN '0001-01-02T00:00:00Z' AND '9999-12-30T00:00:00Z' THEN created_at END AS created_at, updated_at, version
FROM public.business_rules WHERE rule_id = ANY(%(keys)s::text[]);
