-- History that is no longer kept, as the operator removes it: some rows at a time, each time in a transaction of its own.

-- count_judgements --
SELECT count(*) AS expired FROM ops.judgement_history AS h
WHERE h.judged_at < %(before)s
  AND EXISTS (SELECT FROM ops.judgement_history AS newer WHERE newer.policy_id = h.policy_id AND newer.judgement_id > h.judgement_id);

-- judgements --
-- Page by page in the order of the key; the newest judgement of a policy stays whatever its age. No row: there is no page more.
WITH page AS (
    SELECT judgement_id, policy_id FROM ops.judgement_history
    WHERE judgement_id > %(after)s AND judged_at < %(before)s ORDER BY judgement_id LIMIT %(most)s
), gone AS (
    DELETE FROM ops.judgement_history AS h USING page AS p
    WHERE h.judgement_id = p.judgement_id
      AND EXISTS (SELECT FROM ops.judgement_history AS newer WHERE newer.policy_id = p.policy_id AND newer.judgement_id > p.judgement_id)
    RETURNING h.judgement_id
)
SELECT max(judgement_id) AS last, (SELECT count(*) FROM gone) AS removed FROM page HAVING count(*) > 0;

-- count_cleaned_texts --
SELECT count(*) AS expired FROM ops.cleaned_texts WHERE used_at < %(before)s;

-- cleaned_texts --
-- The age is asked for twice: a run may need the answer while this waits for it.
DELETE FROM ops.cleaned_texts
WHERE used_at < %(before)s AND request_hash IN (SELECT request_hash FROM ops.cleaned_texts WHERE used_at < %(before)s LIMIT %(most)s);

-- count_dead_deliveries --
SELECT count(*) AS expired FROM ops.deliveries WHERE state = 'dead' AND finished_at < %(before)s;

-- dead_deliveries --
-- Asked for twice: somebody may retry one while this waits for it.
DELETE FROM ops.deliveries
WHERE state = 'dead' AND finished_at < %(before)s
  AND id IN (SELECT id FROM ops.deliveries WHERE state = 'dead' AND finished_at < %(before)s LIMIT %(most)s);
