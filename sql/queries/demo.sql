-- What `aegis demo` asks and does. %(key)s is the demo's own policy, which is gone again when the demo ends.

-- strangers --
SELECT count(*) AS policies FROM public.policies WHERE source IN ('bizinfo', 'gov24') AND source_id !~ 'EXAMPLE' AND status <> 'archived';

-- collected --
SELECT * FROM public.policies WHERE source IN ('bizinfo', 'gov24') AND source_id ~ 'EXAMPLE' ORDER BY source, source_id;

-- row --
SELECT * FROM public.policies WHERE policy_id = %(key)s;

-- arrive --
INSERT INTO public.policies (policy_id, source, source_id, title, content, issuing_organization, category, target_regions, target_industries,
    funding_amount_max, interest_rate, status)
VALUES (%(key)s, 'demo', %(key)s, '[예시] 데모 정책: 도착', '데모가 넣고, 바꾸고, 지우는 정책입니다. 실제 정책이 아닙니다.', '예시기관', '금융', '{11}', '{C}', 50000000, 2.5, 'active')
RETURNING version;

-- change --
UPDATE public.policies SET title = '[예시] 데모 정책: 변경', funding_amount_max = 70000000 WHERE policy_id = %(key)s RETURNING version;

-- disappear --
DELETE FROM public.policies WHERE policy_id = %(key)s RETURNING version;
