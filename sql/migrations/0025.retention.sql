-- History goes after so many days: judgements that newer ones have replaced, answers of language models that nobody asks for, dead letters of services.
--
-- depends: 0024.published_events

ALTER TABLE ops.cleaned_texts ADD COLUMN used_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN ops.cleaned_texts.used_at IS 'When a run last needed the answer, to the day; of answers from before this column, when it was added.';
COMMENT ON TABLE ops.judgement_history IS 'Every judgement that said something new. Append-only; aegis purge removes old ones that a newer one of the policy has replaced.';
COMMENT ON TABLE ops.deliveries IS 'What each service is to be told, in this order; what it was told (kept two weeks, so that a repeated event is known); and its dead letters, '
    'until aegis purge removes old ones.';

GRANT DELETE ON ops.judgement_history, ops.cleaned_texts TO aegis_operator;
GRANT SELECT (request_hash, used_at) ON ops.cleaned_texts TO aegis_operator;
