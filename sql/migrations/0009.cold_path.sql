-- The cold path: its runs and findings, apps that are paused for a replay, and what it may do to the version sequence.
--
-- depends: 0008.log_limits

CREATE TABLE ops.runs (
    run_id text PRIMARY KEY CONSTRAINT run_id_is_given CHECK (run_id <> ''),
    kind text NOT NULL CONSTRAINT kind_is_known CHECK (kind IN ('reconcile', 'undo', 'replay', 'rebuild', 'purge')),
    lock text NOT NULL CONSTRAINT lock_is_given CHECK (lock <> ''),
    actor text NOT NULL DEFAULT session_user CONSTRAINT actor_is_given CHECK (actor <> ''),
    options jsonb NOT NULL DEFAULT '{}' CONSTRAINT options_is_an_object CHECK (jsonb_typeof(options) = 'object'),
    state text NOT NULL DEFAULT 'running' CONSTRAINT state_is_known CHECK (state IN ('running', 'finished', 'failed', 'abandoned')),
    phase text NOT NULL DEFAULT 'started',
    verdict text CONSTRAINT verdict_is_known CHECK (verdict IN ('clean', 'repaired', 'drift_left', 'failed')),
    summary jsonb NOT NULL DEFAULT '{}' CONSTRAINT summary_is_an_object CHECK (jsonb_typeof(summary) = 'object'),
    message text,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    CONSTRAINT an_end_has_its_time CHECK ((state = 'running') = (finished_at IS NULL)),
    CONSTRAINT a_finished_run_has_a_verdict CHECK (state <> 'finished' OR verdict IS NOT NULL)
);

CREATE UNIQUE INDEX runs_running ON ops.runs (lock) WHERE state = 'running';
CREATE INDEX runs_recent ON ops.runs (kind, started_at DESC);

COMMENT ON TABLE ops.runs IS 'Runs of the cold path. One that was killed is marked abandoned by the next, and nothing of it is believed.';
COMMENT ON COLUMN ops.runs.run_id IS 'Key: time of the start and a few random letters.';
COMMENT ON COLUMN ops.runs.kind IS 'reconcile, undo, replay, rebuild or purge.';
COMMENT ON COLUMN ops.runs.lock IS 'What it has to itself: of runs with one lock, one is running at most.';
COMMENT ON COLUMN ops.runs.actor IS 'Who started it: a person or a program; the role of the session where nobody says more.';
COMMENT ON COLUMN ops.runs.options IS 'What it was asked to do.';
COMMENT ON COLUMN ops.runs.state IS 'running, finished (with a verdict), failed, or abandoned (its process died).';
COMMENT ON COLUMN ops.runs.phase IS 'What it is doing, or did last.';
COMMENT ON COLUMN ops.runs.verdict IS 'clean, repaired (drift, then a clean second comparison), drift_left or failed.';
COMMENT ON COLUMN ops.runs.summary IS 'Counts by store and table, and durations.';
COMMENT ON COLUMN ops.runs.message IS 'Why it failed.';
COMMENT ON COLUMN ops.runs.started_at IS 'When it started.';
COMMENT ON COLUMN ops.runs.finished_at IS 'When it ended, or was found dead.';

CREATE TABLE ops.findings (
    finding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id text NOT NULL REFERENCES ops.runs,
    round integer NOT NULL CONSTRAINT round_counts_from_one CHECK (round >= 1),
    store text NOT NULL,
    table_name text NOT NULL,
    key text NOT NULL,
    class text NOT NULL CONSTRAINT class_is_known CHECK (
        class IN ('missing', 'orphan', 'stale', 'content_differs', 'duplicate', 'dangling', 'held', 'ahead_of_truth', 'unsettled')),
    row_version bigint,
    stored_stamp bigint,
    detail text NOT NULL DEFAULT '',
    repair text CONSTRAINT repair_is_known CHECK (repair IN ('write', 'delete', 'forget', 'touch')),
    published_at timestamptz,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT findings_once UNIQUE (run_id, round, store, table_name, key)
);

COMMENT ON TABLE ops.findings IS 'What a comparison found, confirmed against live traffic. No contents: those of repaired records stand in audit_logs.';
COMMENT ON COLUMN ops.findings.finding_id IS 'Key.';
COMMENT ON COLUMN ops.findings.run_id IS 'The run.';
COMMENT ON COLUMN ops.findings.round IS 'First, second, … comparison of the run.';
COMMENT ON COLUMN ops.findings.store IS 'Derived store.';
COMMENT ON COLUMN ops.findings.table_name IS 'Captured table.';
COMMENT ON COLUMN ops.findings.key IS 'Key of the record.';
COMMENT ON COLUMN ops.findings.class IS 'What is wrong with it.';
COMMENT ON COLUMN ops.findings.row_version IS 'Version of the row; null: PostgreSQL has none.';
COMMENT ON COLUMN ops.findings.stored_stamp IS 'Packed stamp in the store; null: nothing there; 0: none that can be read.';
COMMENT ON COLUMN ops.findings.detail IS 'Names of the fields that differ, and the like; no contents.';
COMMENT ON COLUMN ops.findings.repair IS 'How it was repaired; null: not.';
COMMENT ON COLUMN ops.findings.published_at IS 'When its repair was durable in the log.';
COMMENT ON COLUMN ops.findings.found_at IS 'When it was confirmed.';

CREATE INDEX audit_logs_of_run ON public.audit_logs (run_id) WHERE run_id IS NOT NULL;

CREATE TABLE ops.paused_apps (
    app text PRIMARY KEY CONSTRAINT app_is_given CHECK (app <> ''),
    until timestamptz NOT NULL,
    holder text NOT NULL CONSTRAINT holder_is_given CHECK (holder <> ''),
    reason text NOT NULL CONSTRAINT reason_is_given CHECK (reason <> '')
);

COMMENT ON TABLE ops.paused_apps IS 'Stream apps that shall leave their consumer group for a while. A lease: its holder renews it, and a holder that died holds nobody for long.';
COMMENT ON COLUMN ops.paused_apps.app IS 'Name of the app: a derived store.';
COMMENT ON COLUMN ops.paused_apps.until IS 'When the lease ends.';
COMMENT ON COLUMN ops.paused_apps.holder IS 'The run that asked for it.';
COMMENT ON COLUMN ops.paused_apps.reason IS 'Why.';

CREATE FUNCTION ops.pass_version(beyond bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    reached bigint;
BEGIN
    SELECT last_value INTO reached FROM public.aegis_version_seq;
    IF beyond - reached > 1000000000000 THEN
        RAISE EXCEPTION 'version % is more than 10^12 beyond the sequence, which is at %', beyond, reached
            USING ERRCODE = 'numeric_value_out_of_range', HINT = 'no backup lags so far behind: such a stamp is corrupted, overwrite it instead';
    END IF;
    IF reached <= beyond THEN
        -- A sequence has no lock to hold: the margin is more than others can draw between these two lines, so it is never set back.
        PERFORM setval('public.aegis_version_seq', greatest(beyond, nextval('public.aegis_version_seq')) + 10000);
    END IF;
    SELECT last_value INTO reached FROM public.aegis_version_seq;
    RETURN reached;
END
$$;

COMMENT ON FUNCTION ops.pass_version(bigint) IS
    'Moves the version sequence past a version that derived stores already have, after PostgreSQL was restored to an earlier state. Never back.';

REVOKE ALL ON FUNCTION ops.pass_version(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ops.pass_version(bigint) TO aegis_operator;
GRANT SELECT, INSERT, UPDATE ON ops.runs, ops.findings TO aegis_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.paused_apps TO aegis_operator;
GRANT SELECT ON ops.runs, ops.findings, ops.paused_apps TO aegis_reader;
GRANT SELECT, INSERT, UPDATE ON public.pipeline_metadata TO aegis_operator;
GRANT SELECT ON public.raw_documents, public.quarantine, public.quality_metrics TO aegis_operator;
GRANT INSERT ON public.processing_history TO aegis_operator;
GRANT SELECT, INSERT, DELETE ON public.debezium_signal TO aegis_operator;
GRANT USAGE ON SEQUENCE public.aegis_version_seq TO aegis_operator;
