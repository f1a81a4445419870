"""The models of django_client.py."""

from django.contrib.postgres.indexes import OpClass
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Cast
from pgvector.django import BitField, HalfVectorField, HnswIndex, IvfflatIndex, SparseVectorField, VectorField


class Item(models.Model):
    v = VectorField(dimensions=3, null=True)
    h = HalfVectorField(dimensions=3, null=True)
    s = SparseVectorField(dimensions=3, null=True)
    b = BitField(length=3, null=True)
    many = ArrayField(VectorField(dimensions=3), null=True)


class Many(models.Model):
    v = VectorField(dimensions=64)

    class Meta:
        indexes = [
            HnswIndex(name="many_hnsw", fields=["v"], m=16, ef_construction=64, opclasses=["vector_l2_ops"]),
            IvfflatIndex(name="many_ivfflat", fields=["v"], lists=10, opclasses=["vector_ip_ops"]),
            HnswIndex(OpClass(Cast("v", HalfVectorField(dimensions=64)), name="halfvec_cosine_ops"), name="many_half"),
        ]
