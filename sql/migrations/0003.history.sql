-- What is kept in PostgreSQL alone: raw documents, quarantine, outbox and the history of the pipeline. Not captured, the outbox excepted.
--
-- depends: 0002.captured_tables

CREATE TABLE public.raw_documents (
    raw_document_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL CONSTRAINT source_is_given CHECK (source <> ''),
    source_id text NOT NULL CONSTRAINT source_id_is_given CHECK (source_id <> ''),
    content_hash text NOT NULL CONSTRAINT content_hash_is_sha256 CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    body text NOT NULL,
    content_type text NOT NULL DEFAULT 'application/json' CONSTRAINT content_type_is_given CHECK (content_type <> ''),
    fetched_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT raw_documents_content_key UNIQUE (source, source_id, content_hash)
);

COMMENT ON TABLE public.raw_documents IS 'Each record as its source sent it, once per content.';
COMMENT ON COLUMN public.raw_documents.raw_document_id IS 'Key.';
COMMENT ON COLUMN public.raw_documents.source IS 'Portal or feed that the record came from.';
COMMENT ON COLUMN public.raw_documents.source_id IS 'The source''s own identifier.';
COMMENT ON COLUMN public.raw_documents.content_hash IS 'SHA-256 of the body, in lower-case hexadecimal.';
COMMENT ON COLUMN public.raw_documents.body IS 'The record as received; text, not jsonb, so that nothing of it is lost or reordered.';
COMMENT ON COLUMN public.raw_documents.content_type IS 'Media type of the body.';
COMMENT ON COLUMN public.raw_documents.fetched_at IS 'When this content was first received.';

CREATE TABLE public.quarantine (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL CONSTRAINT source_is_given CHECK (source <> ''),
    source_id text,
    code text NOT NULL CONSTRAINT code_is_a_code CHECK (code ~ '^DP_[0-9]{4}$'),
    field text,
    reason text NOT NULL CONSTRAINT reason_is_given CHECK (reason <> ''),
    raw text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    released_at timestamptz,
    CONSTRAINT release_follows_arrival CHECK (released_at >= created_at)
);

CREATE INDEX quarantine_open ON public.quarantine (source, source_id) WHERE released_at IS NULL;

COMMENT ON TABLE public.quarantine IS 'Records that failed validation, with the reason; their neighbours were stored.';
COMMENT ON COLUMN public.quarantine.quarantine_id IS 'Key.';
COMMENT ON COLUMN public.quarantine.source IS 'Portal or feed that the record came from.';
COMMENT ON COLUMN public.quarantine.source_id IS 'The source''s own identifier; null where the record has none, which may be why it is here.';
COMMENT ON COLUMN public.quarantine.code IS 'Error code, DP_ and four digits.';
COMMENT ON COLUMN public.quarantine.field IS 'Field at fault; null where it is the record as a whole.';
COMMENT ON COLUMN public.quarantine.reason IS 'What is wrong with it, and what would be right.';
COMMENT ON COLUMN public.quarantine.raw IS 'The record as received.';
COMMENT ON COLUMN public.quarantine.created_at IS 'When the record was quarantined.';
COMMENT ON COLUMN public.quarantine.released_at IS 'When a later version of the record passed, or a person let it go; null: still in quarantine.';

CREATE TABLE public.outbox (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    aggregatetype text NOT NULL DEFAULT 'policy' CONSTRAINT aggregatetype_is_given CHECK (aggregatetype <> ''),
    aggregateid text NOT NULL CONSTRAINT aggregateid_is_given CHECK (aggregateid <> ''),
    type text NOT NULL CONSTRAINT type_is_named CHECK (type ~ '^[a-z_]+([.][a-z_]+)+$'),
    payload jsonb NOT NULL DEFAULT '{}' CONSTRAINT payload_is_an_object CHECK (jsonb_typeof(payload) = 'object'),
    traceparent text CONSTRAINT traceparent_is_w3c CHECK (traceparent ~ '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'),
    schema_version text NOT NULL DEFAULT '1.0' CONSTRAINT schema_version_is_a_version CHECK (schema_version ~ '^[0-9]+[.][0-9]+$'),
    occurred_at timestamptz NOT NULL DEFAULT now() CONSTRAINT occurred_at_is_finite CHECK (isfinite(occurred_at))
);

COMMENT ON TABLE public.outbox IS 'Events to publish to policy-events, written in the transaction of what they tell. The insert is captured; the row may be deleted at once.';
COMMENT ON COLUMN public.outbox.id IS 'Identity of the event; consumers recognise a redelivery by it.';
COMMENT ON COLUMN public.outbox.aggregatetype IS 'Kind of thing that the event is about.';
COMMENT ON COLUMN public.outbox.aggregateid IS 'Key of that thing, and key of the Kafka record: events of one key stay in order.';
COMMENT ON COLUMN public.outbox.type IS 'Kind of event, for example policy.validated.';
COMMENT ON COLUMN public.outbox.payload IS 'The event, as a JSON object without personal data.';
COMMENT ON COLUMN public.outbox.traceparent IS 'W3C trace context of the writer.';
COMMENT ON COLUMN public.outbox.schema_version IS 'Version of the payload''s shape, major.minor.';
COMMENT ON COLUMN public.outbox.occurred_at IS 'When it happened.';

CREATE TABLE public.pipeline_metadata (
    name text PRIMARY KEY CONSTRAINT name_is_given CHECK (name <> ''),
    value jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE public.pipeline_metadata IS 'What a part of the pipeline must remember between runs, by name: cursors, last complete listing, and the like.';
COMMENT ON COLUMN public.pipeline_metadata.name IS 'Who remembers what, for example collect.gov24.last_complete.';
COMMENT ON COLUMN public.pipeline_metadata.value IS 'What is remembered.';
COMMENT ON COLUMN public.pipeline_metadata.updated_at IS 'When it was last written.';

CREATE TABLE public.processing_history (
    processing_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pipeline text NOT NULL CONSTRAINT pipeline_is_given CHECK (pipeline <> ''),
    source text,
    status text NOT NULL CONSTRAINT status_is_known CHECK (status IN ('success', 'partial', 'failure')),
    counts jsonb NOT NULL DEFAULT '{}' CONSTRAINT counts_is_an_object CHECK (jsonb_typeof(counts) = 'object'),
    error_code text CONSTRAINT error_code_is_a_code CHECK (error_code ~ '^DP_[0-9]{4}$'),
    message text,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT finish_follows_start CHECK (started_at <= finished_at),
    CONSTRAINT failure_says_why CHECK (status <> 'failure' OR message IS NOT NULL)
);

CREATE INDEX processing_history_recent ON public.processing_history (pipeline, source, finished_at DESC);

COMMENT ON TABLE public.processing_history IS 'One row per finished run of a part of the pipeline. Append-only.';
COMMENT ON COLUMN public.processing_history.processing_id IS 'Key.';
COMMENT ON COLUMN public.processing_history.pipeline IS 'What ran, for example collect.';
COMMENT ON COLUMN public.processing_history.source IS 'Source that it ran for, where it runs per source.';
COMMENT ON COLUMN public.processing_history.status IS 'success, partial (some records failed) or failure.';
COMMENT ON COLUMN public.processing_history.counts IS 'Counts of the run, for example {"fetched": 10, "new": 2}.';
COMMENT ON COLUMN public.processing_history.error_code IS 'Code of the error that ended the run.';
COMMENT ON COLUMN public.processing_history.message IS 'What went wrong; no record contents.';
COMMENT ON COLUMN public.processing_history.started_at IS 'When the run started.';
COMMENT ON COLUMN public.processing_history.finished_at IS 'When the run ended.';

CREATE TABLE public.quality_metrics (
    quality_metric_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    metric text NOT NULL CONSTRAINT metric_is_given CHECK (metric <> ''),
    scope text NOT NULL DEFAULT 'all' CONSTRAINT scope_is_given CHECK (scope <> ''),
    value double precision NOT NULL CONSTRAINT value_is_a_number CHECK (value > '-Infinity' AND value < 'Infinity'),
    sample_size bigint CONSTRAINT sample_size_is_not_negative CHECK (sample_size >= 0),
    measured_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX quality_metrics_recent ON public.quality_metrics (metric, scope, measured_at DESC);

COMMENT ON TABLE public.quality_metrics IS 'Measurements of data quality over time. Append-only.';
COMMENT ON COLUMN public.quality_metrics.quality_metric_id IS 'Key.';
COMMENT ON COLUMN public.quality_metrics.metric IS 'What was measured, for example completeness.';
COMMENT ON COLUMN public.quality_metrics.scope IS 'Of what: a source, a table, or all.';
COMMENT ON COLUMN public.quality_metrics.value IS 'The measurement.';
COMMENT ON COLUMN public.quality_metrics.sample_size IS 'Number of rows that it was taken over.';
COMMENT ON COLUMN public.quality_metrics.measured_at IS 'When it was taken.';

CREATE TABLE public.audit_logs (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL DEFAULT session_user CONSTRAINT actor_is_given CHECK (actor <> ''),
    action text NOT NULL CONSTRAINT action_is_given CHECK (action <> ''),
    store text,
    table_name text,
    key text,
    before jsonb,
    after jsonb,
    reason text,
    run_id text
);

CREATE INDEX audit_logs_of_key ON public.audit_logs (table_name, key, occurred_at DESC);

COMMENT ON TABLE public.audit_logs IS 'Who did what to which record: repairs, retries, discards, releases. Append-only: nobody but the owner may change or remove a row.';
COMMENT ON COLUMN public.audit_logs.audit_id IS 'Key.';
COMMENT ON COLUMN public.audit_logs.occurred_at IS 'When it was done.';
COMMENT ON COLUMN public.audit_logs.actor IS 'Who did it: a person or a program; the role of the session where nobody says more.';
COMMENT ON COLUMN public.audit_logs.action IS 'What was done, for example repair.';
COMMENT ON COLUMN public.audit_logs.store IS 'Derived store concerned, where there is one.';
COMMENT ON COLUMN public.audit_logs.table_name IS 'Captured table concerned, where there is one.';
COMMENT ON COLUMN public.audit_logs.key IS 'Key of the record concerned, where there is one.';
COMMENT ON COLUMN public.audit_logs.before IS 'What was there before, without personal data.';
COMMENT ON COLUMN public.audit_logs.after IS 'What is there now, without personal data.';
COMMENT ON COLUMN public.audit_logs.reason IS 'Why it was done.';
COMMENT ON COLUMN public.audit_logs.run_id IS 'The run that did it, where it was a program''s run.';
