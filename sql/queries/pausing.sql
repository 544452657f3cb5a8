-- Leases under which stream apps stay out of their consumer groups. Times are PostgreSQL's.

-- pause --
SELECT app, holder, reason, until FROM ops.paused_apps WHERE app = %(app)s AND until > clock_timestamp();

-- take --
-- No row: another holder's lease has not ended.
INSERT INTO ops.paused_apps AS p (app, until, holder, reason) VALUES (%(app)s, clock_timestamp() + make_interval(secs => %(seconds)s), %(holder)s, %(reason)s)
ON CONFLICT (app) DO UPDATE SET until = excluded.until, holder = excluded.holder, reason = excluded.reason
WHERE p.until <= clock_timestamp() OR p.holder = excluded.holder
RETURNING until;

-- renew --
-- Not one that has ended: the app may be back in its group.
UPDATE ops.paused_apps SET until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE app = %(app)s AND holder = %(holder)s AND until > clock_timestamp();

-- release --
DELETE FROM ops.paused_apps WHERE app = %(app)s AND holder = %(holder)s;
