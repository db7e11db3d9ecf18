from django.db import migrations, models
from django.db.models import Q

POSITIONS = "CREATE SEQUENCE shop_outbox_position OWNED BY shop_outboxevent.position"


class Migration(migrations.Migration):
    dependencies = [("shop", "0003_search")]

    operations = [
        # Everybody was told of these; the receivers that are new begin with what is not told yet.
        migrations.RunSQL("DELETE FROM shop_outboxevent WHERE delivered_at IS NOT NULL", migrations.RunSQL.noop),
        migrations.RemoveIndex("outboxevent", "outbox_undelivered"),
        migrations.RemoveField("outboxevent", "delivered_at"),
        migrations.AddField(
            "outboxevent", "position", models.BigIntegerField(editable=False, null=True, unique=True)
        ),
        migrations.AddIndex(
            "outboxevent",
            models.Index(fields=["id"], condition=Q(position=None), name="outbox_without_position"),
        ),
        migrations.RunSQL(POSITIONS, "DROP SEQUENCE shop_outbox_position"),
        migrations.CreateModel(
            name="OutboxCursor",
            fields=[
                ("receiver", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(default=0)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("retry_at", models.DateTimeField(null=True)),
                ("error", models.TextField(blank=True)),
            ],
        ),
    ]
