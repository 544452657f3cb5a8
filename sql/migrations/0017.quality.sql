-- Quality: what was fixed on the way in and can be undone, and measurements per source and day.
--
-- depends: 0011.validator

CREATE TABLE ops.fixes (
    fix_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- No foreign key: its check would lock the policy's row, and a fix outlives the policy that it was made to.
    policy_id text NOT NULL CONSTRAINT policy_id_is_given CHECK (policy_id <> ''),
    source text NOT NULL CONSTRAINT source_is_given CHECK (source <> ''),
    field text NOT NULL CONSTRAINT field_is_given CHECK (field <> ''),
    kind text NOT NULL CONSTRAINT kind_is_known CHECK (kind IN ('text_noise', 'code_form', 'old_code', 'unit', 'swapped_dates', 'swapped_amounts')),
    before jsonb NOT NULL CONSTRAINT before_is_an_object CHECK (jsonb_typeof(before) = 'object'),
    after jsonb NOT NULL CONSTRAINT after_is_an_object CHECK (jsonb_typeof(after) = 'object' AND after <> before),
    on_undo jsonb NOT NULL CONSTRAINT on_undo_is_an_object CHECK (jsonb_typeof(on_undo) = 'object'),
    made_at timestamptz NOT NULL DEFAULT now(),
    undone_at timestamptz CONSTRAINT undoing_follows_making CHECK (undone_at >= made_at),
    undone_because text,
    CONSTRAINT an_undoing_says_why CHECK ((undone_at IS NULL) = (undone_because IS NULL))
);

CREATE UNIQUE INDEX fixes_once ON ops.fixes (policy_id, field, kind, md5(before::text), md5(after::text)) WHERE undone_at IS NULL;
CREATE INDEX fixes_exempt ON ops.fixes (policy_id) WHERE undone_at IS NOT NULL;
CREATE INDEX fixes_recent ON ops.fixes (source, made_at DESC);

COMMENT ON TABLE ops.fixes IS
    'Faults of a source''s record that were put right before it was stored. One that was undone exempts its policy, field and kind from then on.';
COMMENT ON COLUMN ops.fixes.fix_id IS 'Key.';
COMMENT ON COLUMN ops.fixes.policy_id IS 'The policy.';
COMMENT ON COLUMN ops.fixes.source IS 'Portal or feed that the record came from.';
COMMENT ON COLUMN ops.fixes.field IS 'Column that was fixed; of a swap, the second of the two.';
COMMENT ON COLUMN ops.fixes.kind IS 'text_noise, code_form, old_code, unit, swapped_dates or swapped_amounts.';
COMMENT ON COLUMN ops.fixes.before IS 'Column to value, as the source gave it.';
COMMENT ON COLUMN ops.fixes.after IS 'Column to value, as fixed.';
COMMENT ON COLUMN ops.fixes.on_undo IS 'Column to value once it is undone: the source''s where the table can hold it, nothing where it cannot.';
COMMENT ON COLUMN ops.fixes.made_at IS 'When it was first made; the same fix of a later listing is not listed again.';
COMMENT ON COLUMN ops.fixes.undone_at IS 'When somebody undid it; null: in force.';
COMMENT ON COLUMN ops.fixes.undone_because IS 'Why it was undone.';

CREATE FUNCTION ops.undo_fix(fix_id bigint, reason text, dry_run boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    fix ops.fixes%ROWTYPE;
    fitting boolean;
BEGIN
    SELECT f.* INTO fix FROM ops.fixes f WHERE f.fix_id = undo_fix.fix_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF fix.undone_at IS NOT NULL THEN
        RETURN 'undone before';
    END IF;
    SELECT to_jsonb(p) || fix.after = to_jsonb(p) INTO fitting FROM public.policies p WHERE p.policy_id = fix.policy_id FOR UPDATE;
    IF NOT undo_fix.dry_run THEN
        IF fitting THEN
            UPDATE public.policies p
            SET (title, content, issuing_organization, operating_organization, category, target_regions, target_industries, funding_amount_min,
                 funding_amount_max, application_start_date, application_end_date, application_period_text, tags) =
                (SELECT r.title, r.content, r.issuing_organization, r.operating_organization, r.category, r.target_regions, r.target_industries,
                        r.funding_amount_min, r.funding_amount_max, r.application_start_date, r.application_end_date, r.application_period_text, r.tags
                 FROM jsonb_populate_record(p, fix.on_undo) r)
            WHERE p.policy_id = fix.policy_id;
        END IF;
        UPDATE ops.fixes f SET undone_at = clock_timestamp(), undone_because = undo_fix.reason WHERE f.fix_id = fix.fix_id;
        INSERT INTO public.audit_logs (action, table_name, key, before, after, reason)
        VALUES ('undo_fix', 'policies', fix.policy_id, jsonb_build_object('fix_id', fix.fix_id, 'field', fix.field, 'kind', fix.kind),
                jsonb_build_object('restored', coalesce(fitting, false)), undo_fix.reason);
    END IF;
    RETURN CASE WHEN fitting THEN 'restored' WHEN fitting IS NULL THEN 'gone' ELSE 'overtaken' END;
END
$$;

COMMENT ON FUNCTION ops.undo_fix(bigint, text, boolean) IS
    'Undoes a fix, exempts its policy from it, and audits both. Returns restored; overtaken (the field changed since and is left alone); gone; undone before; unknown.';

ALTER TABLE public.quality_metrics
    ADD COLUMN day date,
    ADD COLUMN detail jsonb CONSTRAINT detail_is_an_object CHECK (jsonb_typeof(detail) = 'object');

CREATE UNIQUE INDEX quality_metrics_once_a_day ON public.quality_metrics (metric, scope, day) WHERE day IS NOT NULL;

COMMENT ON TABLE public.quality_metrics IS 'Measurements of data quality over time. One of a day is replaced by a later one of the same day; else append-only.';
COMMENT ON COLUMN public.quality_metrics.day IS 'Day in Korea that the measurement stands for: one per metric, scope and day; null: a measurement of a moment.';
COMMENT ON COLUMN public.quality_metrics.detail IS 'What a number cannot hold, for example a distribution.';

REVOKE ALL ON FUNCTION ops.undo_fix(bigint, text, boolean) FROM PUBLIC;
GRANT USAGE ON SCHEMA ops TO aegis_collector;
GRANT SELECT, INSERT ON ops.fixes TO aegis_collector;
GRANT SELECT ON ops.fixes TO aegis_validator, aegis_reader, aegis_operator;
GRANT EXECUTE ON FUNCTION ops.undo_fix(bigint, text, boolean) TO aegis_validator;
GRANT UPDATE (value, sample_size, measured_at, detail) ON public.quality_metrics TO aegis_validator;
