"""LangChain's vector stores: PGVector, and PGVectorStore, which makes indexes."""

import time
import warnings

from checks import MANY, Client, database_url, near, overlap, same
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_postgres import PGEngine, PGVector, PGVectorStore
from langchain_postgres.v2.indexes import DistanceStrategy, HNSWIndex, HNSWQueryOptions, IVFFlatIndex, \
    IVFFlatQueryOptions
from sqlalchemy import create_engine, text

# PGVector itself says that PGVectorStore is newer.
warnings.simplefilter("ignore")
client = Client("LangChain", "langchain-postgres", "langchain-core", "psycopg", "pgvector")
url = database_url("postgresql+psycopg")


class Numbered(Embeddings):
    """The text "row 17" means the seventeenth vector."""

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text):
        return MANY[int(text.split()[-1])]


def documents(count):
    return [Document(f"row {id}", metadata={"id": id, "even": id % 2 == 0}) for id in range(count)]


def row(document):
    return int(document.page_content.split()[-1])


def l2(a, b):
    return sum((x - y) ** 2 for x, y in zip(MANY[a], MANY[b])) ** 0.5


def ranked(query, ids):
    return sorted(ids, key=lambda id: l2(query, id))


class Old:
    store = None


@client.check("PGVector: creates extension and tables")
def _():
    Old.store = PGVector(embeddings=Numbered(), collection_name="rows", connection=url, distance_strategy="l2",
                         use_jsonb=True)


@client.check("PGVector: add_documents, similarity_search_with_score")
def _():
    Old.store.add_documents(documents(60), ids=[str(id) for id in range(60)])
    found = Old.store.similarity_search_with_score("row 7", k=5)
    same([row(document) for document, _ in found], ranked(7, range(60))[:5])
    assert all(near(score, l2(7, row(document)), 1e-5) for document, score in found), found


@client.check("PGVector: filters")
def _():
    found = Old.store.similarity_search("row 7", k=5, filter={"even": True})
    same([row(document) for document in found], ranked(7, range(0, 60, 2))[:5])


@client.check("PGVector: max_marginal_relevance_search")
def _():
    # It reads the vectors of what it found.
    found = Old.store.max_marginal_relevance_search("row 7", k=3, fetch_k=10)
    same((row(found[0]), len(found)), (7, 3))


@client.check("PGVector: delete")
def _():
    Old.store.delete(["7"])
    same(row(Old.store.similarity_search("row 7", k=1)[0]), ranked(7, set(range(60)) - {7})[0])


@client.check("PGVectorStore: init_vectorstore_table creates the extension")
def _():
    with create_engine(url).begin() as connection:
        connection.execute(text("DROP TABLE langchain_pg_embedding, langchain_pg_collection"))
        connection.execute(text("DROP EXTENSION vector CASCADE"))
    PGEngine.from_connection_string(url).init_vectorstore_table("rows", vector_size=len(MANY[0]))
    with create_engine(url).connect() as connection:
        same(connection.scalar(text("SELECT count(*) FROM pg_extension WHERE extname = 'vector'")), 1)


def new_store(options=None):
    """Whose queries use an index if they can."""
    engine = PGEngine.from_connection_string(url + "&options=-c%20enable_seqscan%3Doff")
    return PGVectorStore.create_sync(engine, Numbered(), "rows", index_query_options=options,
                                     distance_strategy=DistanceStrategy.EUCLIDEAN)


def index_was_used(name):
    """The server counts scans a moment later."""
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        for _ in range(100):
            if connection.scalar(text(f"SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = '{name}'")):
                return True
            time.sleep(0.1)
    return False


@client.check("PGVectorStore: add_documents, similarity_search_with_score, filters")
def _():
    store = new_store()
    store.add_documents(documents(300))
    found = store.similarity_search_with_score("row 7", k=5)
    same([row(document) for document, _ in found], ranked(7, range(300))[:5])
    assert all(near(score, l2(7, row(document)), 1e-5) for document, score in found), found


def check_index(index, options):
    store = new_store(options)
    store.apply_vector_index(index, name="rows_index")
    assert store.is_valid_index("rows_index")
    found = [row(document) for document in store.similarity_search("row 7", k=10)]
    same(found[0], 7)
    overlap(found, ranked(7, range(300))[:10])
    assert index_was_used("rows_index")
    store.reindex("rows_index")
    store.drop_vector_index("rows_index")
    assert not store.is_valid_index("rows_index")


@client.check("PGVectorStore: HNSWIndex and its query options")
def _():
    check_index(HNSWIndex(distance_strategy=DistanceStrategy.EUCLIDEAN), HNSWQueryOptions(ef_search=100))


@client.check("PGVectorStore: IVFFlatIndex and its query options")
def _():
    check_index(IVFFlatIndex(lists=10, distance_strategy=DistanceStrategy.EUCLIDEAN), IVFFlatQueryOptions(probes=10))


client.finish()
