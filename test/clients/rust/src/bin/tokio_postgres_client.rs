//! tokio-postgres, which speaks the binary protocol (and text in simple queries), with pgvector's types.

use std::collections::HashMap;

use futures_util::{pin_mut, SinkExt, TryStreamExt};
use pgvector::{Bit, HalfVector, SparseVector, Vector};
use tokio_postgres::binary_copy::{BinaryCopyInWriter, BinaryCopyOutStream};
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{Config, NoTls, SimpleQueryMessage};
use vectorx_clients::*;

type Parameter<'a> = &'a (dyn ToSql + Sync);

/// The first column of what a query returns.
async fn column<T: for<'a> FromSql<'a>>(
    db: &tokio_postgres::Client,
    sql: &str,
    parameters: &[Parameter<'_>],
) -> Result<Vec<T>, Error> {
    let rows = db.query(sql, parameters).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

async fn one<T: for<'a> FromSql<'a>>(
    db: &tokio_postgres::Client,
    sql: &str,
    parameter: Parameter<'_>,
) -> Result<T, Error> {
    column(db, sql, &[parameter])
        .await?
        .into_iter()
        .next()
        .ok_or_else(|| "no row".into())
}

fn halves(row: &[f32]) -> HalfVector {
    HalfVector::from_f32_slice(row)
}

async fn extension(db: &tokio_postgres::Client) -> Result<(), Error> {
    db.batch_execute("CREATE EXTENSION IF NOT EXISTS vector").await?;
    db.batch_execute("CREATE EXTENSION IF NOT EXISTS vector").await?;
    db.query_one("SELECT extversion FROM pg_extension WHERE extname = 'vector'", &[])
        .await?;
    db.batch_execute("CREATE TABLE item (id int PRIMARY KEY, v vector(3), h halfvec(3), s sparsevec(3), b bit(3))")
        .await?;
    Ok(())
}

async fn binary(db: &tokio_postgres::Client) -> Result<(), Error> {
    let vector = Vector::from(vec![1.0, 2.5, -3.0]);
    same(one::<Vector>(db, "SELECT $1::vector(3)", &vector).await?, vector)?;
    let halfvec = halves(&[1.0, 2.5, -3.0]);
    same(one::<HalfVector>(db, "SELECT $1::halfvec(3)", &halfvec).await?, halfvec)?;
    let sparsevec = SparseVector::from_map(&HashMap::from([(0, 1.5), (70000, -2.0)]), 100000);
    same(
        one::<SparseVector>(db, "SELECT $1::sparsevec(100000)", &sparsevec).await?,
        sparsevec,
    )?;
    let bit = Bit::new(&[true, false, true, true, false]);
    same(one::<Bit>(db, "SELECT $1::bit(5)", &bit).await?, bit)
}

async fn text(db: &tokio_postgres::Client) -> Result<(), Error> {
    let found = db
        .simple_query("SELECT '[1, 2.5,-3]'::vector, '[1,2.5,-3]'::halfvec, '{2:0.5,3:4}/3'::sparsevec")
        .await?;
    let row = found.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((0..3).map(|i| row.get(i).unwrap_or("")).collect::<Vec<_>>()),
        _ => None,
    });
    same(row, Some(vec!["[1,2.5,-3]", "[1,2.5,-3]", "{2:0.5,3:4}/3"]))
}

async fn insert(db: &tokio_postgres::Client) -> Result<(), Error> {
    let statement = db.prepare("INSERT INTO item VALUES ($1, $2, $3, $4, $5)").await?;
    for (i, row) in ROWS.iter().enumerate() {
        let (vector, sparsevec) = (Vector::from(row.to_vec()), SparseVector::from_dense(row));
        db.execute(
            &statement,
            &[&(i as i32 + 1), &vector, &halves(row), &sparsevec, &Bit::new(&BITS[i])],
        )
        .await?;
    }
    same(
        one::<Vector>(db, "SELECT v FROM item WHERE id = $1", &3)
            .await?
            .to_vec(),
        ROWS[2],
    )
}

async fn nulls(db: &tokio_postgres::Client) -> Result<(), Error> {
    let (vector, halfvec, sparsevec, bit) = (None::<Vector>, None::<HalfVector>, None::<SparseVector>, None::<Bit>);
    db.execute(
        "INSERT INTO item VALUES (4, $1, $2, $3, $4)",
        &[&vector, &halfvec, &sparsevec, &bit],
    )
    .await?;
    same(
        one::<Option<Vector>>(db, "SELECT v FROM item WHERE id = $1", &4).await?,
        None,
    )?;
    same(
        column::<Option<f64>>(db, "SELECT v <-> $1 FROM item", &[&vector]).await?,
        vec![None; 4],
    )?;
    db.execute("DELETE FROM item WHERE id = 4", &[]).await?;
    Ok(())
}

async fn arrays(db: &tokio_postgres::Client) -> Result<(), Error> {
    let vectors = vec![
        Some(Vector::from(ROWS[0].to_vec())),
        None,
        Some(Vector::from(ROWS[2].to_vec())),
    ];
    same(
        one::<Vec<Option<Vector>>>(db, "SELECT $1::vector[]", &vectors).await?,
        vectors.clone(),
    )?;
    let halfvecs = vec![halves(&ROWS[0]), halves(&ROWS[2])];
    same(
        one::<Vec<HalfVector>>(db, "SELECT $1::halfvec[]", &halfvecs).await?,
        halfvecs.clone(),
    )?;
    let sparsevecs = vec![SparseVector::from_dense(&ROWS[0]), SparseVector::from_dense(&ROWS[2])];
    same(
        one::<Vec<SparseVector>>(db, "SELECT $1::sparsevec[]", &sparsevecs).await?,
        sparsevecs.clone(),
    )?;
    same(
        column::<i32>(db, "SELECT id FROM item WHERE v = ANY($1) ORDER BY id", &[&vectors]).await?,
        vec![1, 3],
    )
}

async fn order_by(db: &tokio_postgres::Client) -> Result<(), Error> {
    let (vector, halfvec, sparsevec) = (
        Vector::from(QUERY.to_vec()),
        halves(&QUERY),
        SparseVector::from_dense(&QUERY),
    );
    let columns: [(&str, Parameter<'_>); 3] = [("v", &vector), ("h", &halfvec), ("s", &sparsevec)];
    for (name, sent) in columns {
        for (operator, ids, nearest) in ORDER {
            let by = format!("{name} {operator} $1");
            same(
                column::<i32>(db, &format!("SELECT id FROM item ORDER BY {by} LIMIT 5"), &[sent]).await?,
                ids.to_vec(),
            )?;
            near(
                one(db, &format!("SELECT {by} FROM item ORDER BY {by}"), sent).await?,
                nearest,
            )?;
        }
    }
    for operator in BIT_OPERATORS {
        let sql = format!("SELECT id FROM item ORDER BY b {operator} $1");
        same(column::<i32>(db, &sql, &[&Bit::new(&QUERY_BITS)]).await?, vec![1, 2, 3])?;
    }
    Ok(())
}

async fn copy(db: &tokio_postgres::Client) -> Result<(), Error> {
    db.batch_execute("CREATE TABLE copied (LIKE item)").await?;
    // The types' OIDs, as the server tells them.
    let statement = db.prepare("SELECT id, v, h, s, b FROM item").await?;
    let types: Vec<Type> = statement
        .columns()
        .iter()
        .map(|column| column.type_().clone())
        .collect();
    let writer = BinaryCopyInWriter::new(db.copy_in("COPY copied FROM STDIN WITH (FORMAT BINARY)").await?, &types);
    pin_mut!(writer);
    for (i, row) in ROWS.iter().enumerate() {
        let (vector, sparsevec) = (Vector::from(row.to_vec()), SparseVector::from_dense(row));
        writer
            .as_mut()
            .write(&[&(i as i32 + 1), &vector, &halves(row), &sparsevec, &Bit::new(&BITS[i])])
            .await?;
    }
    let null = None::<Vector>;
    writer
        .as_mut()
        .write(&[&4, &null, &None::<HalfVector>, &None::<SparseVector>, &None::<Bit>])
        .await?;
    same(writer.finish().await?, 4)?;
    let joined = db
        .query_one("SELECT count(*) FROM copied JOIN item USING (id, v, h, s, b)", &[])
        .await?;
    same(joined.get::<_, i64>(0), 3)?;

    let stream = db
        .copy_out("COPY (SELECT * FROM copied ORDER BY id) TO STDOUT WITH (FORMAT BINARY)")
        .await?;
    let rows: Vec<_> = BinaryCopyOutStream::new(stream, &types).try_collect().await?;
    let vectors: Vec<Option<Vector>> = rows.iter().map(|row| row.get(1)).collect();
    let expected = ROWS
        .iter()
        .map(|row| Some(Vector::from(row.to_vec())))
        .chain([None])
        .collect::<Vec<_>>();
    same(vectors, expected)?;

    let sink = db.copy_in::<_, &[u8]>("COPY copied FROM STDIN").await?;
    pin_mut!(sink);
    sink.send(&b"5\t[1,2,3]\t[1,2,3]\t{1:1}/3\t101\n"[..]).await?;
    same(sink.finish().await?, 1)
}

/// The ten nearest by a parameter, through the index, or exactly.
async fn nearest(
    db: &tokio_postgres::Client,
    operator: &str,
    sent: &Vector,
    index: Option<&str>,
) -> Result<Vec<i32>, Error> {
    let off = if index.is_some() { "seqscan" } else { "indexscan" };
    db.batch_execute(&format!(
        "BEGIN; SET LOCAL enable_{off} = off; SET LOCAL hnsw.ef_search = 100; SET LOCAL ivfflat.probes = 10"
    ))
    .await?;
    let sql = format!("SELECT id FROM many ORDER BY v {operator} $1 LIMIT 10");
    if let Some(index) = index {
        uses_index(&column::<String>(db, &format!("EXPLAIN {sql}"), &[sent]).await?, index)?;
    }
    let found = column(db, &sql, &[sent]).await?;
    db.batch_execute("COMMIT").await?;
    Ok(found)
}

async fn indexes(db: &tokio_postgres::Client) -> Result<(), Error> {
    db.batch_execute(&format!(
        "CREATE TABLE many (id int PRIMARY KEY, v vector({DIMENSIONS}))"
    ))
    .await?;
    let statement = db.prepare("INSERT INTO many VALUES ($1, $2)").await?;
    for id in 0..MANY {
        db.execute(&statement, &[&(id as i32), &Vector::from(many_row(id))])
            .await?;
    }
    let sent = Vector::from(scaled(&many_row(7)));
    for (method, options) in [("hnsw", "m = 16, ef_construction = 64"), ("ivfflat", "lists = 10")] {
        for (operator, name) in [("<->", "l2"), ("<=>", "cosine"), ("<#>", "ip")] {
            db.batch_execute(&format!(
                "CREATE INDEX many_index ON many USING {method} (v vector_{name}_ops) WITH ({options})"
            ))
            .await?;
            let found = nearest(db, operator, &sent, Some("many_index")).await?;
            overlap(&found, &nearest(db, operator, &sent, None).await?)?;
            db.batch_execute("DROP INDEX many_index").await?;
        }
    }
    Ok(())
}

async fn errors(db: &tokio_postgres::Client) -> Result<(), Error> {
    let sent = Vector::from(vec![1.0, 2.0]);
    let Err(error) = db.execute("INSERT INTO item (id, v) VALUES (9, $1)", &[&sent]).await else {
        return Err("no error".into());
    };
    let error = error.as_db_error().ok_or("no error of the server")?;
    same(
        (error.code().code(), error.message()),
        ("22000", "expected 3 dimensions, not 2"),
    )
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut client = Client::new("tokio-postgres", &["tokio-postgres", "pgvector"]);
    let (db, connection) = Config::new()
        .host_path(variable("PGHOST"))
        .port(variable("PGPORT").parse()?)
        .user(variable("PGUSER"))
        .dbname(variable("PGDATABASE"))
        .connect(NoTls)
        .await?;
    tokio::spawn(connection);
    client
        .check("CREATE EXTENSION IF NOT EXISTS vector", extension(&db))
        .await;
    client
        .check("binary protocol: vector, halfvec, sparsevec, bit", binary(&db))
        .await;
    client
        .check("text protocol: vector, halfvec, sparsevec", text(&db))
        .await;
    client.check("INSERT by a prepared statement", insert(&db)).await;
    client.check("NULLs", nulls(&db)).await;
    client
        .check("arrays: vector[], halfvec[], sparsevec[]", arrays(&db))
        .await;
    client
        .check("parameters in ORDER BY: every operator", order_by(&db))
        .await;
    client
        .check(
            "COPY in and out, binary: vector, halfvec, sparsevec, bit, NULL; in, text",
            copy(&db),
        )
        .await;
    client
        .check("hnsw and ivfflat indexes, asked with a parameter", indexes(&db))
        .await;
    client.check("errors: SQLSTATE and text", errors(&db)).await;
    client.finish()
}
