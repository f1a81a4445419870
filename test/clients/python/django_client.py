"""Django with pgvector's fields, migration operation and indexes; shop/ is the application."""

import os

import django
from checks import BIT_ORDER, BITS, MANY, ORDER, QUERY, QUERY_BITS, ROWS, Client, near, overlap, same, uses_index
from django.conf import settings
from django.core.management import call_command
from django.db import DataError, connection, transaction
from django.db.models import Avg, Sum

settings.configure(
    INSTALLED_APPS=["django.contrib.postgres", "shop"],
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"],
        "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"]}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
django.setup()

from django.db.models.functions import Cast  # noqa: E402: these need the settings
from pgvector import HalfVector, SparseVector  # noqa: E402
from pgvector.django import (CosineDistance, HalfVectorField, HammingDistance, JaccardDistance, L1Distance,  # noqa: E402
                             L2Distance, MaxInnerProduct)
from pgvector.psycopg import register_vector  # noqa: E402
from shop.models import Item, Many  # noqa: E402

client = Client("Django", "Django", "psycopg", "pgvector")
FUNCTIONS = {"<->": L2Distance, "<#>": MaxInnerProduct, "<=>": CosineDistance, "<+>": L1Distance, "<~>": HammingDistance,
             "<%>": JaccardDistance}


def extension_exists():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_extension WHERE extname = 'vector'")
        return cursor.fetchone()[0] == 1


@client.check("migrate: VectorExtension, fields, hnsw and ivfflat indexes")
def _():
    call_command("migrate", verbosity=0)
    assert extension_exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexdef ~ 'USING (hnsw|ivfflat)' ORDER BY 1")
        same(cursor.fetchall(), [("many_half",), ("many_hnsw",), ("many_ivfflat",)])


@client.check("migrate back, which drops the extension, and again")
def _():
    call_command("migrate", "shop", "zero", verbosity=0)
    assert not extension_exists()
    call_command("migrate", verbosity=0)
    assert extension_exists()


@client.check("makemigrations finds no difference")
def _():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


@client.check("INSERT and SELECT of vector, halfvec, sparsevec, bit")
def _():
    Item.objects.bulk_create(Item(id=id, v=row, h=row, s=SparseVector(row), b=BITS[id]) for id, row in ROWS.items())
    item = Item.objects.get(pk=3)
    same((item.v, item.h, item.s, item.b), (ROWS[3], ROWS[3], SparseVector(ROWS[3]), BITS[3]))


@client.check("arrays of vectors")
def _():
    # Without it psycopg knows no array of the type.
    register_vector(connection.connection)
    Item.objects.filter(pk=2).update(many=[ROWS[1], QUERY])
    same(Item.objects.get(pk=2).many, [ROWS[1], QUERY])
    same(Item.objects.get(pk=1).many, None)


@client.check("NULLs")
def _():
    Item.objects.create(id=4)
    item = Item.objects.get(v__isnull=True)
    same((item.pk, item.v, item.h, item.s, item.b), (4, None, None, None, None))
    item.delete()


@client.check("parameters in ORDER BY: every operator")
def _():
    for operator, expected in (*ORDER.items(), *BIT_ORDER.items()):
        columns = [("b", QUERY_BITS)] if operator in BIT_ORDER else \
            [("v", QUERY), ("h", HalfVector(QUERY)), ("s", SparseVector(QUERY))]
        for column, query in columns:
            found = Item.objects.order_by(FUNCTIONS[operator](column, query))[:5]
            same([item.pk for item in found], expected)


@client.check("distances by annotate and in filter")
def _():
    found = Item.objects.annotate(distance=L2Distance("v", QUERY)).filter(distance__lt=2)
    same([item.pk for item in found], [1])
    assert near(found[0].distance, 2**0.5)


@client.check("Avg and Sum")
def _():
    same(Item.objects.aggregate(Sum("v"))["v__sum"], [3, 5.5, 10])
    assert near(Item.objects.aggregate(Avg("v"))["v__avg"][1], 5.5 / 3)


def nearest(distance, index=None):
    found = Many.objects.order_by(distance).values_list("pk", flat=True)[:10]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL enable_{'seqscan' if index else 'indexscan'} = off")
        cursor.execute("SET LOCAL hnsw.ef_search = 100")
        cursor.execute("SET LOCAL ivfflat.probes = 10")
        if index:
            uses_index(found.explain().splitlines(), index)
        return list(found.all())


@client.check("hnsw and ivfflat indexes, asked by the ORM")
def _():
    Many.objects.bulk_create(Many(pk=id + 1, v=row) for id, row in enumerate(MANY))
    # An ivfflat index takes its centroids from the rows that are there.
    with connection.schema_editor() as editor:
        index = next(index for index in Many._meta.indexes if index.name == "many_ivfflat")
        editor.remove_index(Many, index)
        editor.add_index(Many, index)
    query = [0.9 * x for x in MANY[7]]
    overlap(nearest(L2Distance("v", query), "many_hnsw"), nearest(L2Distance("v", query)))
    overlap(nearest(MaxInnerProduct("v", query), "many_ivfflat"), nearest(MaxInnerProduct("v", query)))
    half = CosineDistance(Cast("v", HalfVectorField(dimensions=64)), HalfVector(query))
    overlap(nearest(half, "many_half"), nearest(half))


@client.check("errors")
def _():
    try:
        with transaction.atomic():
            Item.objects.create(id=9, v=[1, 2])
    except DataError as error:
        assert "expected 3 dimensions, not 2" in str(error), error
        same(error.__cause__.sqlstate, "22000")
    else:
        raise AssertionError("no error")


client.finish()
