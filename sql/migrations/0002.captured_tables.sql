-- The captured tables: what Debezium carries into the derived stores.
--
-- depends: 0001.versions

CREATE TABLE public.policies (
    policy_id text PRIMARY KEY DEFAULT gen_random_uuid()::text
        CONSTRAINT policy_id_is_a_key CHECK (char_length(policy_id) BETWEEN 1 AND 200 AND policy_id !~ '[[:space:][:cntrl:]]'),
    source text NOT NULL DEFAULT 'manual' CONSTRAINT source_is_named CHECK (source <> '' AND source !~ '[[:space:][:cntrl:]]'),
    source_id text NOT NULL DEFAULT gen_random_uuid()::text CONSTRAINT source_id_is_given CHECK (source_id <> ''),
    title text NOT NULL CONSTRAINT title_is_not_blank CHECK (title ~ '[^[:space:]]'),
    content text NOT NULL DEFAULT '',
    issuing_organization text,
    operating_organization text,
    category text,
    target_regions text[] NOT NULL DEFAULT '{}'
        CONSTRAINT target_regions_are_codes CHECK (array_to_string(target_regions, ',', '-') ~ '^([0-9]{2}([0-9]{3})?(,[0-9]{2}([0-9]{3})?)*)?$'),
    target_industries text[] NOT NULL DEFAULT '{}'
        CONSTRAINT target_industries_are_codes CHECK (array_to_string(target_industries, ',', '-') ~ '^(([A-U]|[0-9]{2,5})(,([A-U]|[0-9]{2,5}))*)?$'),
    funding_amount_min bigint CONSTRAINT funding_amount_min_is_not_negative CHECK (funding_amount_min >= 0),
    funding_amount_max bigint CONSTRAINT funding_amount_max_is_not_negative CHECK (funding_amount_max >= 0),
    interest_rate numeric(7, 4) CONSTRAINT interest_rate_is_a_rate CHECK (interest_rate BETWEEN 0 AND 999.9999),
    application_start_date date
        CONSTRAINT application_start_date_is_a_day CHECK (application_start_date BETWEEN DATE '1900-01-01' AND DATE '9999-12-31'),
    application_end_date date
        CONSTRAINT application_end_date_is_a_day CHECK (application_end_date BETWEEN DATE '1900-01-01' AND DATE '9999-12-31'),
    application_period_text text,
    detail_url text,
    tags text[] NOT NULL DEFAULT '{}' CONSTRAINT tags_are_given CHECK (array_position(tags, NULL) IS NULL),
    status text NOT NULL DEFAULT 'pending_validation'
        CONSTRAINT status_is_known CHECK (status IN ('pending_validation', 'active', 'rejected', 'archived')),
    quality_score numeric(4, 3) CONSTRAINT quality_score_is_a_share CHECK (quality_score BETWEEN 0 AND 1),
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now() CONSTRAINT created_at_is_finite CHECK (isfinite(created_at)),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version bigint NOT NULL,
    CONSTRAINT policies_source_source_id_key UNIQUE (source, source_id),
    CONSTRAINT funding_amounts_are_ordered CHECK (funding_amount_min <= funding_amount_max),
    CONSTRAINT application_period_is_ordered CHECK (application_start_date <= application_end_date)
);

COMMENT ON TABLE public.policies IS 'Public support policies (정책·지원사업), one row each. Captured: every change reaches the derived stores.';
COMMENT ON COLUMN public.policies.policy_id IS 'Key: 1 to 200 characters without white space or control characters.';
COMMENT ON COLUMN public.policies.source IS 'Portal or feed that the policy was collected from; manual: entered by hand.';
COMMENT ON COLUMN public.policies.source_id IS 'The source''s own identifier.';
COMMENT ON COLUMN public.policies.title IS 'Title as published.';
COMMENT ON COLUMN public.policies.content IS 'Full text as published, without markup.';
COMMENT ON COLUMN public.policies.issuing_organization IS 'Organisation that issues the policy (소관기관).';
COMMENT ON COLUMN public.policies.operating_organization IS 'Organisation that carries it out (수행기관).';
COMMENT ON COLUMN public.policies.category IS 'Field of support (분야), in the source''s words.';
COMMENT ON COLUMN public.policies.target_regions IS 'Administrative codes: two digits for a 시도, five for a 시군구, 00 nationwide. Empty: not known.';
COMMENT ON COLUMN public.policies.target_industries IS 'KSIC codes: a section letter A to U, or two to five digits. Empty: not restricted or not known.';
COMMENT ON COLUMN public.policies.funding_amount_min IS 'Least amount of support (지원금액), in won.';
COMMENT ON COLUMN public.policies.funding_amount_max IS 'Greatest amount of support (지원금액), in won.';
COMMENT ON COLUMN public.policies.interest_rate IS 'Interest rate (금리), percent a year.';
COMMENT ON COLUMN public.policies.application_start_date IS 'First day of application, in Korea.';
COMMENT ON COLUMN public.policies.application_end_date IS 'Last day of application, in Korea.';
COMMENT ON COLUMN public.policies.application_period_text IS 'Application period as published, where it is no pair of days.';
COMMENT ON COLUMN public.policies.detail_url IS 'Page of the policy at its source.';
COMMENT ON COLUMN public.policies.tags IS 'Free key words.';
COMMENT ON COLUMN public.policies.status IS 'pending_validation, active, rejected (in no derived store) or archived (withdrawn by its source).';
COMMENT ON COLUMN public.policies.quality_score IS 'Share of the quality checks that the policy passes, 0 to 1; null: not scored yet.';
COMMENT ON COLUMN public.policies.is_active IS 'Whether readers are to be shown the policy.';
COMMENT ON COLUMN public.policies.created_at IS 'When the row was first stored.';
COMMENT ON COLUMN public.policies.updated_at IS 'Start of the transaction that last changed the row; set by trigger.';
COMMENT ON COLUMN public.policies.version IS 'Drawn from aegis_version_seq by trigger at each insert and update; grows per key.';

CREATE TABLE public.users (
    user_id text PRIMARY KEY DEFAULT gen_random_uuid()::text
        CONSTRAINT user_id_is_a_key CHECK (char_length(user_id) BETWEEN 1 AND 200 AND user_id !~ '[[:space:][:cntrl:]]'),
    email text CONSTRAINT email_is_an_address CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    name text,
    phone text,
    birth_date date CONSTRAINT birth_date_is_a_day CHECK (birth_date BETWEEN DATE '1900-01-01' AND DATE '9999-12-31'),
    address text,
    region_code text CONSTRAINT region_code_is_a_code CHECK (region_code ~ '^[0-9]{2}([0-9]{3})?$'),
    industry_code text CONSTRAINT industry_code_is_a_code CHECK (industry_code ~ '^([A-U]|[0-9]{2,5})$'),
    business_type text,
    employee_range text,
    preferences_tags text[] NOT NULL DEFAULT '{}' CONSTRAINT preferences_tags_are_given CHECK (array_position(preferences_tags, NULL) IS NULL),
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now() CONSTRAINT created_at_is_finite CHECK (isfinite(created_at)),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version bigint NOT NULL
);

COMMENT ON TABLE public.users IS 'Users. Captured without the columns marked personal, which the connector leaves out: they never enter Kafka.';
COMMENT ON COLUMN public.users.user_id IS 'Key: 1 to 200 characters without white space or control characters. Says nothing about the person.';
COMMENT ON COLUMN public.users.email IS 'Personal: e-mail address.';
COMMENT ON COLUMN public.users.name IS 'Personal: name.';
COMMENT ON COLUMN public.users.phone IS 'Personal: telephone number.';
COMMENT ON COLUMN public.users.birth_date IS 'Personal: day of birth.';
COMMENT ON COLUMN public.users.address IS 'Personal: postal address.';
COMMENT ON COLUMN public.users.region_code IS 'Administrative code of where the user lives or trades: two or five digits.';
COMMENT ON COLUMN public.users.industry_code IS 'KSIC code of the user''s trade: a section letter A to U, or two to five digits.';
COMMENT ON COLUMN public.users.business_type IS 'Legal form of the business, in the user''s choice of a list.';
COMMENT ON COLUMN public.users.employee_range IS 'Number of employees as a range, for example 1-4.';
COMMENT ON COLUMN public.users.preferences_tags IS 'Key words that the user chose to be told about.';
COMMENT ON COLUMN public.users.is_active IS 'False once the account is closed.';
COMMENT ON COLUMN public.users.created_at IS 'When the row was first stored.';
COMMENT ON COLUMN public.users.updated_at IS 'Start of the transaction that last changed the row; set by trigger.';
COMMENT ON COLUMN public.users.version IS 'Drawn from aegis_version_seq by trigger at each insert and update; grows per key.';

CREATE TABLE public.business_rules (
    rule_id text PRIMARY KEY DEFAULT gen_random_uuid()::text
        CONSTRAINT rule_id_is_a_key CHECK (char_length(rule_id) BETWEEN 1 AND 200 AND rule_id !~ '[[:space:][:cntrl:]]'),
    name text NOT NULL CONSTRAINT name_is_not_blank CHECK (name ~ '[^[:space:]]'),
    description text NOT NULL DEFAULT '',
    rule_type text NOT NULL DEFAULT 'eligibility'
        CONSTRAINT rule_type_is_known CHECK (rule_type IN ('eligibility', 'exclusion', 'priority', 'validation')),
    condition jsonb NOT NULL DEFAULT '{}' CONSTRAINT condition_is_an_object CHECK (jsonb_typeof(condition) = 'object'),
    policy_ids text[] NOT NULL DEFAULT '{}' CONSTRAINT policy_ids_are_given CHECK (array_position(policy_ids, NULL) IS NULL),
    priority integer NOT NULL DEFAULT 0,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now() CONSTRAINT created_at_is_finite CHECK (isfinite(created_at)),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version bigint NOT NULL
);

COMMENT ON TABLE public.business_rules IS 'Rules that say whom policies are for and how they rank. Captured.';
COMMENT ON COLUMN public.business_rules.rule_id IS 'Key: 1 to 200 characters without white space or control characters.';
COMMENT ON COLUMN public.business_rules.name IS 'Short name of the rule.';
COMMENT ON COLUMN public.business_rules.description IS 'What the rule is for, in words.';
COMMENT ON COLUMN public.business_rules.rule_type IS 'eligibility, exclusion, priority or validation.';
COMMENT ON COLUMN public.business_rules.condition IS 'The condition, as a JSON object.';
COMMENT ON COLUMN public.business_rules.policy_ids IS 'Policies that the rule governs; a policy named here need not exist yet.';
COMMENT ON COLUMN public.business_rules.priority IS 'Order of evaluation: greater first.';
COMMENT ON COLUMN public.business_rules.is_active IS 'Whether the rule applies.';
COMMENT ON COLUMN public.business_rules.created_at IS 'When the row was first stored.';
COMMENT ON COLUMN public.business_rules.updated_at IS 'Start of the transaction that last changed the row; set by trigger.';
COMMENT ON COLUMN public.business_rules.version IS 'Drawn from aegis_version_seq by trigger at each insert and update; grows per key.';
