-- What the full validation decided about each policy, and how records leave the quarantine.
--
-- depends: 0011.validator

-- Kinds are named by the programs that run: the list of them would be changed by every new one.
ALTER TABLE ops.runs DROP CONSTRAINT kind_is_known;
ALTER TABLE ops.runs ADD CONSTRAINT kind_is_a_name CHECK (kind ~ '^[a-z][a-z_]{0,39}$');
COMMENT ON COLUMN ops.runs.kind IS 'What ran, for example reconcile, undo, replay, rebuild, purge or validate.';

CREATE TABLE ops.judgements (
    policy_id text PRIMARY KEY CONSTRAINT policy_id_is_given CHECK (policy_id <> ''),
    judged_version bigint NOT NULL CONSTRAINT judged_version_is_drawn CHECK (judged_version > 0),
    status text NOT NULL CONSTRAINT status_is_a_judgement CHECK (status IN ('active', 'rejected', 'archived')),
    reasons jsonb NOT NULL DEFAULT '[]' CONSTRAINT reasons_are_a_list CHECK (jsonb_typeof(reasons) = 'array'),
    completeness numeric(4,3) NOT NULL CONSTRAINT completeness_is_a_share CHECK (completeness BETWEEN 0 AND 1),
    accuracy numeric(4,3) NOT NULL CONSTRAINT accuracy_is_a_share CHECK (accuracy BETWEEN 0 AND 1),
    consistency numeric(4,3) NOT NULL CONSTRAINT consistency_is_a_share CHECK (consistency BETWEEN 0 AND 1),
    timeliness numeric(4,3) NOT NULL CONSTRAINT timeliness_is_a_share CHECK (timeliness BETWEEN 0 AND 1),
    quality_score numeric(4,3) NOT NULL CONSTRAINT quality_score_is_a_share CHECK (quality_score BETWEEN 0 AND 1),
    was_read jsonb NOT NULL DEFAULT '{}' CONSTRAINT was_read_is_an_object CHECK (jsonb_typeof(was_read) = 'object'),
    filled jsonb NOT NULL DEFAULT '{}' CONSTRAINT filled_is_an_object CHECK (jsonb_typeof(filled) = 'object'),
    canonical_id text CONSTRAINT canonical_is_another CHECK (canonical_id <> '' AND canonical_id <> policy_id),
    judged_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    run_id text NOT NULL CONSTRAINT run_id_is_given CHECK (run_id <> ''),
    CONSTRAINT whoever_is_not_active_is_told_why CHECK (status = 'active' OR jsonb_array_length(reasons) > 0)
);

COMMENT ON TABLE ops.judgements IS 'The last judgement of each policy by the full validation. Stays when the policy is deleted: it says nothing about a later version.';
COMMENT ON COLUMN ops.judgements.policy_id IS 'Key of the policy.';
COMMENT ON COLUMN ops.judgements.judged_version IS 'Version that the row has since the judgement. A row with another one was changed afterwards, and is judged again.';
COMMENT ON COLUMN ops.judgements.status IS 'active, rejected or archived.';
COMMENT ON COLUMN ops.judgements.reasons IS 'What speaks against the policy: [{code, field, reason, remedy, rule, severity}].';
COMMENT ON COLUMN ops.judgements.completeness IS 'Part of the quality score, 0 to 1.';
COMMENT ON COLUMN ops.judgements.accuracy IS 'Part of the quality score, 0 to 1.';
COMMENT ON COLUMN ops.judgements.consistency IS 'Part of the quality score, 0 to 1.';
COMMENT ON COLUMN ops.judgements.timeliness IS 'Part of the quality score, 0 to 1.';
COMMENT ON COLUMN ops.judgements.quality_score IS 'The weighted total, 0 to 1.';
COMMENT ON COLUMN ops.judgements.was_read IS 'What was read out of the text, with the words that say so: {money: {…}, period: {…}}.';
COMMENT ON COLUMN ops.judgements.filled IS 'Columns that the validation set, {column: {stated, set}}: stated is what the source said. A collector leaves them while it still says so.';
COMMENT ON COLUMN ops.judgements.canonical_id IS 'The policy that speaks for this one, where it is a duplicate; null: it speaks for itself.';
COMMENT ON COLUMN ops.judgements.judged_at IS 'When it was judged.';
COMMENT ON COLUMN ops.judgements.run_id IS 'The run that judged it.';

CREATE INDEX judgements_by_status ON ops.judgements (status);
CREATE INDEX judgements_of_canonical ON ops.judgements (canonical_id) WHERE canonical_id IS NOT NULL;

CREATE TABLE ops.judgement_history (
    judgement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    policy_id text NOT NULL CONSTRAINT policy_id_is_given CHECK (policy_id <> ''),
    judged_version bigint NOT NULL,
    status text NOT NULL CONSTRAINT status_is_a_judgement CHECK (status IN ('active', 'rejected', 'archived')),
    reasons jsonb NOT NULL CONSTRAINT reasons_are_a_list CHECK (jsonb_typeof(reasons) = 'array'),
    quality_score numeric(4,3) NOT NULL,
    canonical_id text,
    judged_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    run_id text NOT NULL
);

CREATE INDEX judgement_history_of_policy ON ops.judgement_history (policy_id, judgement_id DESC);

COMMENT ON TABLE ops.judgement_history IS 'Every judgement that said something new. Append-only.';
COMMENT ON COLUMN ops.judgement_history.judgement_id IS 'Key; grows with time.';
COMMENT ON COLUMN ops.judgement_history.policy_id IS 'Key of the policy.';
COMMENT ON COLUMN ops.judgement_history.judged_version IS 'Version that the row had after the judgement.';
COMMENT ON COLUMN ops.judgement_history.status IS 'active, rejected or archived.';
COMMENT ON COLUMN ops.judgement_history.reasons IS 'As in ops.judgements.';
COMMENT ON COLUMN ops.judgement_history.quality_score IS 'The weighted total, 0 to 1.';
COMMENT ON COLUMN ops.judgement_history.canonical_id IS 'The policy that speaks for this one, where it is a duplicate.';
COMMENT ON COLUMN ops.judgement_history.judged_at IS 'When it was judged.';
COMMENT ON COLUMN ops.judgement_history.run_id IS 'The run that judged it.';

ALTER TABLE public.quarantine
    ADD COLUMN discarded_at timestamptz,
    ADD COLUMN discard_reason text CONSTRAINT discard_reason_is_given CHECK (discard_reason ~ '[^[:space:]]'),
    ADD CONSTRAINT a_discard_says_why CHECK ((discarded_at IS NULL) = (discard_reason IS NULL));

COMMENT ON COLUMN public.quarantine.discarded_at IS 'When a person gave the record up; the same content is not quarantined again. Null: nobody did.';
COMMENT ON COLUMN public.quarantine.discard_reason IS 'Why; null where it was not discarded.';

CREATE INDEX quarantine_waiting ON public.quarantine (source, code, field, quarantine_id) WHERE released_at IS NULL AND discarded_at IS NULL;

GRANT USAGE ON SCHEMA ops TO aegis_collector;
-- A collector must know what the validation filled in and archived, or the next collection would undo it.
GRANT SELECT ON ops.judgements TO aegis_collector;
GRANT UPDATE (discarded_at, discard_reason) ON public.quarantine TO aegis_collector;
GRANT SELECT, INSERT, UPDATE ON ops.judgements TO aegis_validator;
GRANT SELECT, INSERT ON ops.judgement_history TO aegis_validator;
GRANT SELECT ON ops.judgements, ops.judgement_history TO aegis_reader, aegis_operator;
