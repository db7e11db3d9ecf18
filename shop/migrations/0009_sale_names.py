from django.db import migrations, models

# What was sold so far, by the names that it has now.
FILL = """
    INSERT INTO shop_salename (slug, generation)
    SELECT slug, sale_generation FROM shop_product WHERE sale_generation > 0
"""


class Migration(migrations.Migration):
    dependencies = [("shop", "0008_set_aside")]

    operations = [
        migrations.CreateModel(
            name="SaleName",
            fields=[
                ("slug", models.SlugField(primary_key=True, serialize=False)),
                ("generation", models.PositiveIntegerField()),
            ],
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
