-- Services that are told of events, what each is still to be told, and what could not be delivered.
--
-- depends: 0018.events

CREATE TABLE ops.subscriptions (
    name text PRIMARY KEY CONSTRAINT name_is_a_name CHECK (name ~ '^[a-z][a-z0-9-]{0,62}$'),
    types text[] NOT NULL DEFAULT '{}',
    filters jsonb NOT NULL DEFAULT '[]' CONSTRAINT filters_is_a_list CHECK (jsonb_typeof(filters) = 'array'),
    kind text NOT NULL CONSTRAINT kind_is_known CHECK (kind IN ('webhook', 'kafka')),
    target text NOT NULL CONSTRAINT target_is_given CHECK (target <> ''),
    secret_env text CONSTRAINT secret_env_is_a_webhooks CHECK (secret_env ~ '^AEGIS_WEBHOOK_SECRET_[A-Z0-9_]+$'),
    most_attempts integer NOT NULL DEFAULT 8 CONSTRAINT most_attempts_is_sensible CHECK (most_attempts BETWEEN 1 AND 50),
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT a_webhook_is_signed CHECK ((kind = 'webhook') = (secret_env IS NOT NULL))
);

COMMENT ON TABLE ops.subscriptions IS 'Services that are told of events of policies by the app subscriptions.';
COMMENT ON COLUMN ops.subscriptions.name IS 'Name of the service.';
COMMENT ON COLUMN ops.subscriptions.types IS 'Types of event that it wants; none: all.';
COMMENT ON COLUMN ops.subscriptions.filters IS 'Conditions that must all hold: [{"field", "operator": equals, in or prefix, "values"}], on an attribute or data.<field>.';
COMMENT ON COLUMN ops.subscriptions.kind IS 'webhook or kafka.';
COMMENT ON COLUMN ops.subscriptions.target IS 'URL, or topic.';
COMMENT ON COLUMN ops.subscriptions.secret_env IS 'Environment variable of the app with the key that webhooks are signed with; never the key itself.';
COMMENT ON COLUMN ops.subscriptions.most_attempts IS 'After so many failures a delivery becomes a dead letter of the service, and the next one is tried.';
COMMENT ON COLUMN ops.subscriptions.enabled IS 'Whether it is told anything.';
COMMENT ON COLUMN ops.subscriptions.created_at IS 'When it was added.';

CREATE TABLE ops.deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription text NOT NULL REFERENCES ops.subscriptions (name) ON DELETE CASCADE,
    event_id text NOT NULL CONSTRAINT event_id_is_given CHECK (event_id <> ''),
    attributes jsonb NOT NULL CONSTRAINT attributes_is_an_object CHECK (jsonb_typeof(attributes) = 'object'),
    data jsonb NOT NULL CONSTRAINT data_is_an_object CHECK (jsonb_typeof(data) = 'object'),
    state text NOT NULL DEFAULT 'waiting' CONSTRAINT state_is_known CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts integer NOT NULL DEFAULT 0 CONSTRAINT attempts_is_not_negative CHECK (attempts >= 0),
    due_at timestamptz NOT NULL DEFAULT now(),
    error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT deliveries_event_key UNIQUE (subscription, event_id),
    CONSTRAINT what_is_finished_has_its_time CHECK ((state = 'waiting') = (finished_at IS NULL)),
    CONSTRAINT a_dead_letter_says_why CHECK (state <> 'dead' OR error IS NOT NULL)
);

CREATE INDEX deliveries_waiting ON ops.deliveries (subscription, id) WHERE state = 'waiting';
CREATE INDEX deliveries_dead ON ops.deliveries (subscription, id) WHERE state = 'dead';

COMMENT ON TABLE ops.deliveries IS 'What each service is to be told, in this order; what it was told (kept two weeks, so that a repeated event is known); and its dead letters.';
COMMENT ON COLUMN ops.deliveries.id IS 'Key, and order of delivery within a subscription.';
COMMENT ON COLUMN ops.deliveries.subscription IS 'The service.';
COMMENT ON COLUMN ops.deliveries.event_id IS 'Identity of the event.';
COMMENT ON COLUMN ops.deliveries.attributes IS 'CloudEvents'' attributes of the event.';
COMMENT ON COLUMN ops.deliveries.data IS 'The event''s payload.';
COMMENT ON COLUMN ops.deliveries.state IS 'waiting, delivered, or dead: given up, until somebody retries it.';
COMMENT ON COLUMN ops.deliveries.attempts IS 'How often it failed.';
COMMENT ON COLUMN ops.deliveries.due_at IS 'Not to be tried before.';
COMMENT ON COLUMN ops.deliveries.error IS 'Why the last attempt failed.';
COMMENT ON COLUMN ops.deliveries.created_at IS 'When the event came.';
COMMENT ON COLUMN ops.deliveries.finished_at IS 'When it was delivered or given up.';

GRANT SELECT, INSERT, UPDATE, DELETE ON ops.subscriptions, ops.deliveries TO aegis_operator;
GRANT SELECT ON ops.subscriptions, ops.deliveries TO aegis_reader;
