-- A captured row must fit the log. Kafka takes messages of 8 MB; an update carries the row twice, a dead letter carries that whole message, and a correction
-- carries it as JSON. A row too large for them would stop the capture of everybody's changes: it is refused where its writer learns of it.
--
-- depends: 0007.collection

ALTER TABLE public.policies ADD CONSTRAINT row_fits_the_log CHECK (
    octet_length(title) + octet_length(content) + octet_length(source_id) + coalesce(octet_length(issuing_organization), 0)
    + coalesce(octet_length(operating_organization), 0) + coalesce(octet_length(category), 0) + coalesce(octet_length(application_period_text), 0)
    + coalesce(octet_length(detail_url), 0) + pg_column_size(tags) + pg_column_size(target_regions) + pg_column_size(target_industries) <= 2000000
);

ALTER TABLE public.users ADD CONSTRAINT row_fits_the_log CHECK (
    coalesce(octet_length(business_type), 0) + coalesce(octet_length(employee_range), 0) + pg_column_size(preferences_tags) <= 2000000
);

-- jsonb is up to some times smaller than its text
ALTER TABLE public.business_rules ADD CONSTRAINT row_fits_the_log CHECK (
    octet_length(name) + octet_length(description) + pg_column_size(policy_ids) + pg_column_size(condition) <= 1000000
);

ALTER TABLE public.outbox ADD CONSTRAINT row_fits_the_log CHECK (
    octet_length(aggregatetype) + octet_length(aggregateid) + octet_length(type) + pg_column_size(payload) <= 1000000
);
