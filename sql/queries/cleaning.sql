-- Answers of language models.

-- known --
SELECT request_hash, output, problem, cost_usd FROM ops.cleaned_texts WHERE request_hash = ANY (%(hashes)s::text[]);

-- used --
-- `aegis purge` removes answers that were not used for long.
UPDATE ops.cleaned_texts SET used_at = now() WHERE request_hash = ANY (%(hashes)s::text[]) AND used_at < now() - interval '1 day';

-- keep --
INSERT INTO ops.cleaned_texts (request_hash, task, provider, model, output, problem, input_tokens, output_tokens, cost_usd, attempts)
SELECT request_hash, task, provider, model, output, problem, input_tokens, output_tokens, cost_usd, attempts
FROM jsonb_to_recordset(%(batch)s::jsonb) AS b (request_hash text, task text, provider text, model text, output jsonb, problem text, input_tokens integer,
    output_tokens integer, cost_usd numeric, attempts smallint)
ON CONFLICT (request_hash) DO UPDATE SET output = excluded.output, problem = excluded.problem, input_tokens = excluded.input_tokens,
    output_tokens = excluded.output_tokens, cost_usd = excluded.cost_usd, attempts = excluded.attempts, answered_at = now(), used_at = now();
