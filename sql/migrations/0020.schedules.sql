-- When each source is asked next, across restarts.
--
-- depends: 0011.validator

CREATE TABLE ops.schedules (
    source text PRIMARY KEY CONSTRAINT source_is_named CHECK (source <> ''),
    next_run_at timestamptz NOT NULL CONSTRAINT next_run_at_is_finite CHECK (isfinite(next_run_at)),
    interval_seconds integer NOT NULL CONSTRAINT interval_is_positive CHECK (interval_seconds > 0),
    reason text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE ops.schedules IS 'When each source is asked next. `aegis collect serve` and `aegis collect due` read and write it.';
COMMENT ON COLUMN ops.schedules.source IS 'Source, as in policies.source.';
COMMENT ON COLUMN ops.schedules.next_run_at IS 'When it is due. A time that passed while nothing ran is made up for once.';
COMMENT ON COLUMN ops.schedules.interval_seconds IS 'Between its runs at present.';
COMMENT ON COLUMN ops.schedules.reason IS 'Why that interval, in words.';
COMMENT ON COLUMN ops.schedules.updated_at IS 'When it was last decided.';

GRANT SELECT, INSERT, UPDATE ON ops.schedules TO aegis_collector;
GRANT SELECT ON ops.schedules TO aegis_reader;
