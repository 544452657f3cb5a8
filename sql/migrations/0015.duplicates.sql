-- Which policies are one: by what they are found, and what was found.
--
-- depends: 0011.validator

CREATE TABLE ops.duplicate_keys (
    key text NOT NULL CONSTRAINT key_is_given CHECK (key <> ''),
    policy_id text NOT NULL CONSTRAINT policy_id_is_given CHECK (policy_id <> ''),
    PRIMARY KEY (key, policy_id)
);

CREATE INDEX duplicate_keys_of_policy ON ops.duplicate_keys (policy_id);

COMMENT ON TABLE ops.duplicate_keys IS 'Blocking keys: only policies that share one are compared. Written when a policy is looked at; keys of a policy that is gone meet nobody.';
COMMENT ON COLUMN ops.duplicate_keys.key IS 'Version of the form, place, and a pair of letters of the normal title (batch/duplicates/keys.py).';
COMMENT ON COLUMN ops.duplicate_keys.policy_id IS 'The policy.';

CREATE TABLE ops.duplicates (
    member text PRIMARY KEY CONSTRAINT member_is_given CHECK (member <> ''),
    canonical text NOT NULL CONSTRAINT canonical_is_another CHECK (canonical <> '' AND canonical <> member),
    score numeric(5, 4) NOT NULL CONSTRAINT score_is_a_share CHECK (score BETWEEN 0 AND 1),
    alike_to text NOT NULL CONSTRAINT alike_to_is_another CHECK (alike_to <> '' AND alike_to <> member),
    explanation text NOT NULL CONSTRAINT explanation_is_given CHECK (explanation <> ''),
    reason text NOT NULL CONSTRAINT reason_is_given CHECK (reason <> ''),
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz CONSTRAINT an_end_comes_after CHECK (ended_at >= found_at)
);

CREATE INDEX duplicates_of_canonical ON ops.duplicates (canonical) WHERE ended_at IS NULL;
CREATE INDEX duplicates_recent ON ops.duplicates (found_at DESC) WHERE ended_at IS NULL;

COMMENT ON TABLE ops.duplicates IS 'Policies for which another one speaks. Nothing is deleted for it: the member keeps its row, and its place in the stores.';
COMMENT ON COLUMN ops.duplicates.member IS 'The policy that is a duplicate.';
COMMENT ON COLUMN ops.duplicates.canonical IS 'The policy that speaks for it.';
COMMENT ON COLUMN ops.duplicates.score IS 'How alike the member is to alike_to, 0 to 1.';
COMMENT ON COLUMN ops.duplicates.alike_to IS 'The policy that it was held against: the canonical one, or another member.';
COMMENT ON COLUMN ops.duplicates.explanation IS 'Why it is a duplicate, in words.';
COMMENT ON COLUMN ops.duplicates.reason IS 'Why the canonical one speaks.';
COMMENT ON COLUMN ops.duplicates.found_at IS 'When it was found, or found to belong to another policy.';
COMMENT ON COLUMN ops.duplicates.ended_at IS 'When it was found to be none any more; null: it is one.';

GRANT SELECT, INSERT, DELETE ON ops.duplicate_keys TO aegis_validator;
GRANT SELECT, INSERT, UPDATE ON ops.duplicates TO aegis_validator;
GRANT SELECT ON ops.duplicate_keys, ops.duplicates TO aegis_reader;
