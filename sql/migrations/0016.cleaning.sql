-- Answers of language models, by what was asked: asked once, paid once, and there again after an interruption.
--
-- depends: 0011.validator

CREATE TABLE ops.cleaned_texts (
    request_hash text PRIMARY KEY CONSTRAINT request_hash_is_sha256 CHECK (request_hash ~ '^[0-9a-f]{64}$'),
    task text NOT NULL CONSTRAINT task_is_named CHECK (task <> ''),
    provider text NOT NULL CONSTRAINT provider_is_named CHECK (provider <> ''),
    model text NOT NULL CONSTRAINT model_is_named CHECK (model <> ''),
    output jsonb CONSTRAINT output_is_an_object CHECK (jsonb_typeof(output) = 'object'),
    problem text,
    input_tokens integer NOT NULL CONSTRAINT input_tokens_are_counted CHECK (input_tokens >= 0),
    output_tokens integer NOT NULL CONSTRAINT output_tokens_are_counted CHECK (output_tokens >= 0),
    cost_usd numeric(12, 6) NOT NULL CONSTRAINT cost_is_not_negative CHECK (cost_usd >= 0),
    attempts smallint NOT NULL CONSTRAINT attempts_are_counted CHECK (attempts > 0),
    answered_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT answer_or_problem CHECK (num_nonnulls(output, problem) = 1)
);

CREATE INDEX cleaned_texts_of_task ON ops.cleaned_texts (task, answered_at DESC);

COMMENT ON TABLE ops.cleaned_texts IS 'Answers of language models, one row per task, provider, model and text. The texts themselves are not here.';
COMMENT ON COLUMN ops.cleaned_texts.request_hash IS 'SHA-256 of everything that was sent, with provider and model, in lower-case hexadecimal.';
COMMENT ON COLUMN ops.cleaned_texts.task IS 'Task of resources/cleaning.';
COMMENT ON COLUMN ops.cleaned_texts.provider IS 'Who answered; rehearsal: nobody, see docs/cleaning.md.';
COMMENT ON COLUMN ops.cleaned_texts.model IS 'Model that was asked.';
COMMENT ON COLUMN ops.cleaned_texts.output IS 'The answer, which fits the task''s schema; null where none did.';
COMMENT ON COLUMN ops.cleaned_texts.problem IS 'Why there is no answer.';
COMMENT ON COLUMN ops.cleaned_texts.input_tokens IS 'Tokens sent, all attempts together.';
COMMENT ON COLUMN ops.cleaned_texts.output_tokens IS 'Tokens received, all attempts together.';
COMMENT ON COLUMN ops.cleaned_texts.cost_usd IS 'What they cost at the task''s prices.';
COMMENT ON COLUMN ops.cleaned_texts.attempts IS 'How often it was asked.';
COMMENT ON COLUMN ops.cleaned_texts.answered_at IS 'When.';

GRANT SELECT, INSERT, UPDATE ON ops.cleaned_texts TO aegis_validator;
GRANT SELECT ON ops.cleaned_texts TO aegis_reader;
