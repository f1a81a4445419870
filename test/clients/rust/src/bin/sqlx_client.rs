//! SQLx with pgvector's types, in the binary protocol.

use std::collections::HashMap;

use pgvector::{Bit, HalfVector, SparseVector, Vector};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgHasArrayType, PgRow};
use sqlx::{AssertSqlSafe, Connection, Decode, Encode, Executor, Postgres, Row, Type};
use vectorx_clients::*;

/// The first column of what a query with one parameter returns.
async fn column<'q, P, T>(db: &mut PgConnection, sql: &str, parameter: P) -> Result<Vec<T>, Error>
where
    P: Encode<'q, Postgres> + Type<Postgres> + Send + 'q,
    T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
{
    let rows: Vec<PgRow> = sqlx::query(AssertSqlSafe(sql)).bind(parameter).fetch_all(db).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

async fn execute(db: &mut PgConnection, sql: &str) -> Result<(), Error> {
    db.execute(AssertSqlSafe(sql)).await?;
    Ok(())
}

async fn round_trip<T>(db: &mut PgConnection, sql: &str, sent: T) -> Result<(), Error>
where
    T: for<'q> Encode<'q, Postgres>
        + for<'r> Decode<'r, Postgres>
        + Type<Postgres>
        + Clone
        + PartialEq
        + std::fmt::Debug,
    T: Send + 'static,
{
    same(column::<T, T>(db, sql, sent.clone()).await?, vec![sent])
}

fn halves(row: &[f32]) -> HalfVector {
    HalfVector::from_f32_slice(row)
}

async fn extension(db: &mut PgConnection) -> Result<(), Error> {
    execute(db, "CREATE EXTENSION IF NOT EXISTS vector").await?;
    execute(db, "CREATE EXTENSION IF NOT EXISTS vector").await?;
    execute(
        db,
        "CREATE TABLE item (id int PRIMARY KEY, v vector(3), h halfvec(3), s sparsevec(3), b bit(3))",
    )
    .await
}

async fn binary(db: &mut PgConnection) -> Result<(), Error> {
    round_trip(db, "SELECT $1::vector(3)", Vector::from(vec![1.0, 2.5, -3.0])).await?;
    round_trip(db, "SELECT $1::halfvec(3)", halves(&[1.0, 2.5, -3.0])).await?;
    let sparsevec = SparseVector::from_map(&HashMap::from([(0, 1.5), (70000, -2.0)]), 100000);
    round_trip(db, "SELECT $1::sparsevec(100000)", sparsevec).await?;
    round_trip(db, "SELECT $1::bit(5)", Bit::new(&[true, false, true, true, false])).await
}

async fn insert(db: &mut PgConnection) -> Result<(), Error> {
    for (i, row) in ROWS.iter().enumerate() {
        sqlx::query("INSERT INTO item VALUES ($1, $2, $3, $4, $5)")
            .bind(i as i32 + 1)
            .bind(Vector::from(row.to_vec()))
            .bind(halves(row))
            .bind(SparseVector::from_dense(row))
            .bind(Bit::new(&BITS[i]))
            .execute(&mut *db)
            .await?;
    }
    let found = column::<_, Vector>(db, "SELECT v FROM item WHERE id = $1", 3).await?;
    same(found, vec![Vector::from(ROWS[2].to_vec())])
}

async fn nulls(db: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("INSERT INTO item VALUES (4, $1, $2, $3, $4)")
        .bind(None::<Vector>)
        .bind(None::<HalfVector>)
        .bind(None::<SparseVector>)
        .bind(None::<Bit>)
        .execute(&mut *db)
        .await?;
    same(
        column::<_, Option<Vector>>(db, "SELECT v FROM item WHERE id = $1", 4).await?,
        vec![None],
    )?;
    same(
        column::<_, Option<f64>>(db, "SELECT v <-> $1 FROM item", None::<Vector>).await?,
        vec![None; 4],
    )?;
    execute(db, "DELETE FROM item WHERE id = 4").await
}

async fn array_of<T>(db: &mut PgConnection, name: &str, sent: Vec<Option<T>>) -> Result<(), Error>
where
    T: for<'q> Encode<'q, Postgres> + for<'r> Decode<'r, Postgres> + Type<Postgres> + PgHasArrayType,
    T: Clone + PartialEq + std::fmt::Debug + Send + 'static,
{
    round_trip(db, &format!("SELECT $1::{name}[]"), sent).await
}

async fn arrays(db: &mut PgConnection) -> Result<(), Error> {
    let vectors = vec![
        Some(Vector::from(ROWS[0].to_vec())),
        None,
        Some(Vector::from(ROWS[2].to_vec())),
    ];
    array_of(db, "vector", vectors.clone()).await?;
    array_of(db, "halfvec", vec![Some(halves(&ROWS[0])), None]).await?;
    array_of(db, "sparsevec", vec![Some(SparseVector::from_dense(&ROWS[0])), None]).await?;
    same(
        column::<_, i32>(db, "SELECT id FROM item WHERE v = ANY($1) ORDER BY id", vectors).await?,
        vec![1, 3],
    )
}

async fn order_of<T>(db: &mut PgConnection, name: &str, sent: T) -> Result<(), Error>
where
    T: for<'q> Encode<'q, Postgres> + Type<Postgres> + Clone + Send + 'static,
{
    for (operator, ids, nearest) in ORDER {
        let by = format!("{name} {operator} $1");
        let found = column::<_, i32>(db, &format!("SELECT id FROM item ORDER BY {by} LIMIT 5"), sent.clone()).await?;
        same(found, ids.to_vec())?;
        let distances = column::<_, f64>(db, &format!("SELECT {by} FROM item ORDER BY {by}"), sent.clone()).await?;
        near(distances[0], nearest)?;
    }
    Ok(())
}

async fn order_by(db: &mut PgConnection) -> Result<(), Error> {
    order_of(db, "v", Vector::from(QUERY.to_vec())).await?;
    order_of(db, "h", halves(&QUERY)).await?;
    order_of(db, "s", SparseVector::from_dense(&QUERY)).await?;
    for operator in BIT_OPERATORS {
        let sql = format!("SELECT id FROM item ORDER BY b {operator} $1");
        same(column::<_, i32>(db, &sql, Bit::new(&QUERY_BITS)).await?, vec![1, 2, 3])?;
    }
    Ok(())
}

async fn copy(db: &mut PgConnection) -> Result<(), Error> {
    execute(db, "CREATE TABLE many (id int PRIMARY KEY, v vector(64))").await?;
    // PostgreSQL's binary format, around what the types send.
    let mut bytes = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for id in 0..MANY {
        bytes.extend(2i16.to_be_bytes());
        bytes.extend(4i32.to_be_bytes());
        bytes.extend((id as i32).to_be_bytes());
        bytes.extend((4 + 4 * DIMENSIONS as i32).to_be_bytes());
        bytes.extend((DIMENSIONS as i16).to_be_bytes());
        bytes.extend(0i16.to_be_bytes());
        for x in many_row(id) {
            bytes.extend(x.to_be_bytes());
        }
    }
    bytes.extend((-1i16).to_be_bytes());
    let mut sink = db.copy_in_raw("COPY many FROM STDIN WITH (FORMAT BINARY)").await?;
    sink.send(bytes).await?;
    same(sink.finish().await?, MANY as u64)?;
    let found = column::<_, Vector>(db, "SELECT v FROM many WHERE id = $1", 7).await?;
    same(found, vec![Vector::from(many_row(7))])
}

/// The ten nearest by a parameter, through the index, or exactly.
async fn nearest(db: &mut PgConnection, operator: &str, sent: &Vector, index: Option<&str>) -> Result<Vec<i32>, Error> {
    let mut transaction = db.begin().await?;
    let off = if index.is_some() { "seqscan" } else { "indexscan" };
    for setting in [
        &format!("enable_{off} = off"),
        "hnsw.ef_search = 100",
        "ivfflat.probes = 10",
    ] {
        execute(&mut transaction, &format!("SET LOCAL {setting}")).await?;
    }
    let sql = format!("SELECT id FROM many ORDER BY v {operator} $1 LIMIT 10");
    if let Some(index) = index {
        uses_index(
            &column::<_, String>(&mut transaction, &format!("EXPLAIN {sql}"), sent.clone()).await?,
            index,
        )?;
    }
    let found = column(&mut transaction, &sql, sent.clone()).await?;
    transaction.commit().await?;
    Ok(found)
}

async fn indexes(db: &mut PgConnection) -> Result<(), Error> {
    let sent = Vector::from(scaled(&many_row(7)));
    for (method, options) in [("hnsw", "m = 16, ef_construction = 64"), ("ivfflat", "lists = 10")] {
        for (operator, name) in [("<->", "l2"), ("<=>", "cosine"), ("<#>", "ip")] {
            let sql = format!("CREATE INDEX many_index ON many USING {method} (v vector_{name}_ops) WITH ({options})");
            execute(db, &sql).await?;
            let found = nearest(db, operator, &sent, Some("many_index")).await?;
            overlap(&found, &nearest(db, operator, &sent, None).await?)?;
            execute(db, "DROP INDEX many_index").await?;
        }
    }
    Ok(())
}

async fn errors(db: &mut PgConnection) -> Result<(), Error> {
    let sent = Vector::from(vec![1.0, 2.0]);
    let Err(error) = sqlx::query("INSERT INTO item (id, v) VALUES (9, $1)")
        .bind(sent)
        .execute(db)
        .await
    else {
        return Err("no error".into());
    };
    let error = error.as_database_error().ok_or("no error of the server")?;
    same(
        (error.code().as_deref(), error.message()),
        (Some("22000"), "expected 3 dimensions, not 2"),
    )
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut client = Client::new("SQLx", &["sqlx", "pgvector"]);
    let options = PgConnectOptions::new_without_pgpass()
        .socket(variable("PGHOST"))
        .port(variable("PGPORT").parse()?)
        .username(&variable("PGUSER"))
        .database(&variable("PGDATABASE"));
    let mut db = PgConnection::connect_with(&options).await?;
    client
        .check("CREATE EXTENSION IF NOT EXISTS vector", extension(&mut db))
        .await;
    client
        .check("binary protocol: vector, halfvec, sparsevec, bit", binary(&mut db))
        .await;
    client.check("INSERT", insert(&mut db)).await;
    client.check("NULLs", nulls(&mut db)).await;
    client
        .check("arrays: vector[], halfvec[], sparsevec[]", arrays(&mut db))
        .await;
    client
        .check("parameters in ORDER BY: every operator", order_by(&mut db))
        .await;
    client.check("COPY in, binary", copy(&mut db)).await;
    client
        .check("hnsw and ivfflat indexes, asked with a parameter", indexes(&mut db))
        .await;
    client.check("errors: SQLSTATE and text", errors(&mut db)).await;
    client.finish()
}
