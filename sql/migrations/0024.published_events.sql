-- Events that are long published go: Kafka has them from the WAL, and the topic keeps them a week.
--
-- depends: 0018.events

-- Written in about the order of their time: a few pages of index are enough to find the oldest.
CREATE INDEX outbox_age ON public.outbox USING brin (occurred_at);

GRANT DELETE ON public.outbox TO aegis_operator;
GRANT SELECT (id, occurred_at) ON public.outbox TO aegis_operator;
