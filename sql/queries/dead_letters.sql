-- Dead letters, as the dead-letter app writes them.

-- record --
-- A letter is known by its store and position, so recording it again changes nothing.
-- attempt: how many versions of this key this store has given up on, this one included.
INSERT INTO ops.dead_letters (store, table_name, key, version, rank, code, error_class, message, stack, topic, partition, "offset",
                              key_bytes, value_bytes, attempt, traceparent, failed_at)
SELECT %(store)s, %(table)s, %(key)s, %(version)s, %(rank)s, %(code)s, %(error_class)s, %(message)s, %(stack)s, %(topic)s, %(partition)s, %(offset)s,
       %(key_bytes)s, %(value_bytes)s,
       1 + (SELECT count(DISTINCT earlier.version) FROM ops.dead_letters AS earlier
            WHERE earlier.store = %(store)s AND earlier.table_name = %(table)s AND earlier.key = %(key)s AND earlier.version < %(version)s),
       %(traceparent)s, %(failed_at)s
ON CONFLICT ON CONSTRAINT dead_letters_position_key DO NOTHING
