from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION refuse_rewriting_movements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'shop_stockmovement is append-only: write a correcting movement instead'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON shop_stockmovement
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_movements();
"""

WAKE_THE_RELAY = """
CREATE FUNCTION wake_the_relay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('outbox', '');
    RETURN NULL;
END $$;
CREATE TRIGGER wake_the_relay AFTER INSERT ON shop_outboxevent
    FOR EACH STATEMENT EXECUTE FUNCTION wake_the_relay();
"""


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_first")]

    operations = [
        migrations.RunSQL(
            APPEND_ONLY,
            "DROP TRIGGER append_only ON shop_stockmovement; DROP FUNCTION refuse_rewriting_movements();",
        ),
        migrations.RunSQL(
            WAKE_THE_RELAY,
            "DROP TRIGGER wake_the_relay ON shop_outboxevent; DROP FUNCTION wake_the_relay();",
        ),
    ]
