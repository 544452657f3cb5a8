-- Files that were taken out of a folder.

-- known --
SELECT name, taken_at FROM ops.taken_files WHERE source = %(source)s AND content_hash = %(content_hash)s;

-- take --
-- Fails where another session took the same content meanwhile: its transaction and this one cannot both store it.
INSERT INTO ops.taken_files (source, content_hash, name, byte_count, records, quarantined)
VALUES (%(source)s, %(content_hash)s, %(name)s, %(byte_count)s, %(records)s, %(quarantined)s);
