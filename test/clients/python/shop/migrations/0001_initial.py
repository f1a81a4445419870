"""The extension and the models, as `makemigrations` writes the latter."""

import django.contrib.postgres.fields
from django.contrib.postgres.indexes import OpClass
from django.db import migrations, models
from django.db.models.functions import Cast
from pgvector.django import (BitField, HalfVectorField, HnswIndex, IvfflatIndex, SparseVectorField, VectorExtension,
                             VectorField)

ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        VectorExtension(),
        migrations.CreateModel(
            name="Item",
            fields=[
                ("id", ID),
                ("v", VectorField(dimensions=3, null=True)),
                ("h", HalfVectorField(dimensions=3, null=True)),
                ("s", SparseVectorField(dimensions=3, null=True)),
                ("b", BitField(length=3, null=True)),
                ("many", django.contrib.postgres.fields.ArrayField(base_field=VectorField(dimensions=3), null=True,
                                                                   size=None)),
            ],
        ),
        migrations.CreateModel(
            name="Many",
            fields=[
                ("id", ID),
                ("v", VectorField(dimensions=64)),
            ],
            options={
                "indexes": [
                    HnswIndex(ef_construction=64, fields=["v"], m=16, name="many_hnsw", opclasses=["vector_l2_ops"]),
                    IvfflatIndex(fields=["v"], lists=10, name="many_ivfflat", opclasses=["vector_ip_ops"]),
                    HnswIndex(OpClass(Cast("v", HalfVectorField(dimensions=64)), name="halfvec_cosine_ops"),
                              name="many_half"),
                ],
            },
        ),
    ]
