from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0013_refunds_by_hand")]

    operations = [
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                fields=["opened_at"], condition=models.Q(("next_at__isnull", False)), name="payments_by_age"
            ),
        ),
    ]
