package vectorx;

import com.pgvector.PGbit;
import com.pgvector.PGhalfvec;
import com.pgvector.PGsparsevec;
import com.pgvector.PGvector;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/**
 * PostgreSQL's JDBC driver with com.pgvector's types. The driver goes over to server-side prepared statements, and with
 * these to the binary format, after prepareThreshold executions; a threshold of -1 asks for that from the first on.
 */
final class JdbcClient {
    // Three rows and a query. No two distances by one operator are equal, and float16 holds every value.
    private static final float[][] ROWS = {{1, 2, 3}, {3, 3, 3}, {-1, 0.5f, 4}};
    private static final float[] QUERY = {1, 1, 2};
    private static final String[] BITS = {"101", "111", "000"};

    // The order of the rows by each operator, nearest first, and the distance of the nearest.
    private static final Map<String, List<Integer>> ORDER =
            Map.of("<->", List.of(1, 3, 2), "<#>", List.of(2, 1, 3), "<=>", List.of(1, 2, 3), "<+>", List.of(1, 3, 2));
    private static final Map<String, Double> NEAREST =
            Map.of("<->", Math.sqrt(2), "<#>", -12.0, "<=>", 1 - 9 / Math.sqrt(84), "<+>", 2.0);

    // Enough rows for an index. At this many dimensions hnsw keeps codes, unless told otherwise.
    private static final int DIMENSIONS = 64;

    private interface Body {
        void run() throws Exception;
    }

    private final Map<String, Body> checks = new LinkedHashMap<>();
    private final Connection db;
    private final Connection binary;

    private static Connection connect(String... options) throws SQLException {
        Map<String, String> environment = System.getenv();
        Properties properties = new Properties();
        properties.setProperty("user", environment.get("PGUSER"));
        properties.setProperty("socketFactory", "org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg");
        properties.setProperty(
                "socketFactoryArg", environment.get("PGHOST") + "/.s.PGSQL." + environment.get("PGPORT"));
        properties.setProperty("sslmode", "disable");
        for (int i = 0; i < options.length; i += 2) {
            properties.setProperty(options[i], options[i + 1]);
        }
        return DriverManager.getConnection("jdbc:postgresql://localhost/" + environment.get("PGDATABASE"), properties);
    }

    private JdbcClient() throws SQLException {
        db = connect();
        binary = connect("prepareThreshold", "-1");
    }

    private static void same(Object found, Object expected) {
        if (!Objects.deepEquals(found, expected)) {
            throw new AssertionError(found + " instead of " + expected);
        }
    }

    private static void check(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = db.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The first column of what a query returns. */
    private static List<Object> column(Connection db, String sql, Object... parameters) throws SQLException {
        List<Object> values = new ArrayList<>();
        try (PreparedStatement statement = db.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            try (ResultSet found = statement.executeQuery()) {
                while (found.next()) {
                    values.add(found.getObject(1));
                }
            }
        }
        return values;
    }

    private static PGsparsevec sparse(float[] row) {
        return new PGsparsevec(row);
    }

    private static float[] manyRow(int i) {
        float[] row = new float[DIMENSIONS];
        for (int j = 0; j < DIMENSIONS; j++) {
            row[j] = (i * 7919 + j * 104729 + i * j * 31) % 1000 / 500.0f - 1;
        }
        return row;
    }

    private static float[] scaled(float[] row) {
        float[] result = new float[row.length];
        for (int j = 0; j < row.length; j++) {
            result[j] = 0.9f * row[j];
        }
        return result;
    }

    private static void roundTrip(Connection connection) throws SQLException {
        PGvector vector = new PGvector(new float[] {1, 2.5f, -3});
        PGhalfvec halfvec = new PGhalfvec(new float[] {1, 2.5f, -3});
        PGsparsevec sparsevec = new PGsparsevec(Map.of(0, 1.5f, 70000, -2f), 100000);
        // The driver looks up how to receive a type after the first execution.
        for (int i = 0; i < 7; i++) {
            same(column(connection, "SELECT ?::vector(3)", vector), List.of(vector));
            same(column(connection, "SELECT ?::halfvec(3)", halfvec), List.of(halfvec));
            same(column(connection, "SELECT ?::sparsevec(100000)", sparsevec), List.of(sparsevec));
            same(column(connection, "SELECT (?::bit(5))::text", new PGbit("10110")), List.of("10110"));
        }
    }

    /** The ten nearest by a parameter, through the index, or exactly. */
    private List<Object> nearest(String operator, PGvector query, String index) throws SQLException {
        String sql = "SELECT id FROM many ORDER BY v " + operator + " ? LIMIT 10";
        db.setAutoCommit(false);
        try {
            execute("SET LOCAL enable_" + (index == null ? "indexscan" : "seqscan") + " = off");
            execute("SET LOCAL hnsw.ef_search = 100");
            execute("SET LOCAL ivfflat.probes = 10");
            if (index != null) {
                String plan = column(db, "EXPLAIN " + sql, query).toString();
                check(plan.contains("Index Scan using " + index + " on"), "the plan does not use the index: " + plan);
            }
            return column(db, sql, query);
        } finally {
            db.rollback();
            db.setAutoCommit(true);
        }
    }

    /** Rows of COPY's binary format: an id and a vector each. */
    private static byte[] binaryRows() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.write("PGCOPY\n\u00ff\r\n\0".getBytes(StandardCharsets.ISO_8859_1));
        out.writeInt(0);
        out.writeInt(0);
        for (int i = 0; i < ROWS.length; i++) {
            PGvector vector = new PGvector(ROWS[i]);
            byte[] value = new byte[vector.lengthInBytes()];
            vector.toBytes(value, 0);
            out.writeShort(2);
            out.writeInt(4);
            out.writeInt(i + 1);
            out.writeInt(value.length);
            out.write(value);
        }
        out.writeShort(-1);
        return bytes.toByteArray();
    }

    private void register() {
        checks.put("CREATE EXTENSION IF NOT EXISTS vector", () -> {
            execute("CREATE EXTENSION IF NOT EXISTS vector");
            execute("CREATE EXTENSION IF NOT EXISTS vector");
            same(column(db, "SELECT extversion FROM pg_extension WHERE extname = 'vector'").size(), 1);
        });
        checks.put("registerTypes", () -> {
            PGvector.registerTypes(db);
            PGvector.registerTypes(binary);
            execute("CREATE TABLE item (id int PRIMARY KEY, v vector(3), h halfvec(3), s sparsevec(3), b bit(3))");
        });
        checks.put("text, then binary protocol: vector, halfvec, sparsevec, bit", () -> roundTrip(db));
        checks.put("binary protocol from the first statement on: vector, halfvec, sparsevec, bit", () -> roundTrip(binary));
        checks.put("INSERT by executeBatch", () -> {
            try (PreparedStatement statement = db.prepareStatement("INSERT INTO item VALUES (?, ?, ?, ?, ?)")) {
                for (int i = 0; i < ROWS.length; i++) {
                    statement.setInt(1, i + 1);
                    statement.setObject(2, new PGvector(ROWS[i]));
                    statement.setObject(3, new PGhalfvec(ROWS[i]));
                    statement.setObject(4, sparse(ROWS[i]));
                    statement.setObject(5, new PGbit(BITS[i]));
                    statement.addBatch();
                }
                statement.executeBatch();
            }
            same(((PGvector) column(db, "SELECT v FROM item WHERE id = 3").get(0)).toArray(), ROWS[2]);
        });
        checks.put("NULLs", () -> {
            try (PreparedStatement statement = db.prepareStatement("INSERT INTO item (id, v, h, s) VALUES (4, ?, ?, ?)")) {
                for (int i = 1; i <= 3; i++) {
                    statement.setObject(i, null);
                }
                statement.execute();
            }
            same(column(binary, "SELECT v FROM item WHERE id = 4").get(0), null);
            same(column(db, "SELECT v <-> ?::vector FROM item WHERE id = 1", new Object[] {null}).get(0), null);
            execute("DELETE FROM item WHERE id = 4");
        });
        checks.put("arrays: vector[], halfvec[], sparsevec[]", () -> {
            for (Connection connection : List.of(db, binary)) {
                Map<String, Object[]> values = Map.of(
                        "vector", new Object[] {new PGvector(ROWS[0]), new PGvector(ROWS[2])},
                        "halfvec", new Object[] {new PGhalfvec(ROWS[0]), new PGhalfvec(ROWS[2])},
                        "sparsevec", new Object[] {sparse(ROWS[0]), sparse(ROWS[2])});
                for (Map.Entry<String, Object[]> entry : values.entrySet()) {
                    Array sent = connection.createArrayOf(entry.getKey(), entry.getValue());
                    Array found = (Array) column(connection, "SELECT ?::" + entry.getKey() + "[]", sent).get(0);
                    same(found.getArray(), entry.getValue());
                }
                Array sent = connection.createArrayOf("vector", values.get("vector"));
                same(column(connection, "SELECT id FROM item WHERE v = ANY(?) ORDER BY id", sent), List.of(1, 3));
            }
        });
        checks.put("parameters in ORDER BY: every operator, text and binary", () -> {
            for (Connection connection : List.of(db, binary)) {
                for (Map.Entry<String, List<Integer>> order : ORDER.entrySet()) {
                    Map<String, Object> columns =
                            Map.of("v", new PGvector(QUERY), "h", new PGhalfvec(QUERY), "s", sparse(QUERY));
                    for (Map.Entry<String, Object> entry : columns.entrySet()) {
                        String by = entry.getKey() + " " + order.getKey() + " ?";
                        same(column(connection, "SELECT id FROM item ORDER BY " + by + " LIMIT 5", entry.getValue()),
                                order.getValue());
                        double distance = (Double) column(connection, "SELECT min(" + by + ") FROM item", entry.getValue())
                                .get(0);
                        double expected = NEAREST.get(order.getKey());
                        check(Math.abs(distance - expected) <= 1e-6 * Math.max(1, Math.abs(expected)),
                                distance + " instead of " + expected);
                    }
                }
                for (String operator : List.of("<~>", "<%>")) {
                    same(column(connection, "SELECT id FROM item ORDER BY b " + operator + " ?", new PGbit("101")),
                            List.of(1, 2, 3));
                }
            }
        });
        checks.put("COPY in and out, text and binary", () -> {
            CopyManager copy = db.unwrap(PGConnection.class).getCopyAPI();
            execute("CREATE TABLE copied (id int, v vector(3))");
            byte[] sent = binaryRows();
            same(copy.copyIn("COPY copied FROM STDIN WITH (FORMAT BINARY)", new ByteArrayInputStream(sent)), 3L);
            same(column(db, "SELECT count(*) FROM copied JOIN item USING (id, v)"), List.of(3L));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            copy.copyOut("COPY (SELECT * FROM copied ORDER BY id) TO STDOUT WITH (FORMAT BINARY)", out);
            same(out.toByteArray(), sent);
            byte[] text = "5\t[1,2,3]\n6\t\\N\n".getBytes(StandardCharsets.UTF_8);
            same(copy.copyIn("COPY copied FROM STDIN", new ByteArrayInputStream(text)), 2L);
            out.reset();
            copy.copyOut("COPY (SELECT * FROM copied WHERE id > 4 ORDER BY id) TO STDOUT", out);
            same(out.toByteArray(), text);
        });
        checks.put("hnsw and ivfflat indexes, asked with a parameter", () -> {
            execute("CREATE TABLE many (id int PRIMARY KEY, v vector(" + DIMENSIONS + "))");
            try (PreparedStatement statement = db.prepareStatement("INSERT INTO many VALUES (?, ?)")) {
                for (int i = 0; i < 400; i++) {
                    statement.setInt(1, i);
                    statement.setObject(2, new PGvector(manyRow(i)));
                    statement.addBatch();
                }
                statement.executeBatch();
            }
            PGvector query = new PGvector(scaled(manyRow(7)));
            for (String method : List.of("hnsw", "ivfflat")) {
                String options = method.equals("hnsw") ? "m = 16, ef_construction = 64" : "lists = 10";
                for (String[] operator : new String[][] {{"<->", "l2"}, {"<=>", "cosine"}, {"<#>", "ip"}}) {
                    execute("CREATE INDEX many_index ON many USING " + method + " (v vector_" + operator[1] + "_ops) WITH ("
                            + options + ")");
                    List<Object> found = nearest(operator[0], query, "many_index");
                    List<Object> expected = nearest(operator[0], query, null);
                    // An index must find nine of ten.
                    long common = found.stream().filter(expected::contains).count();
                    check(found.size() == 10 && common >= 9, "found " + found + ", nearest are " + expected);
                    execute("DROP INDEX many_index");
                }
            }
        });
        checks.put("a prepared statement, custom and generic plans, and a cursor by fetch size", () -> {
            db.setAutoCommit(false);
            try (PreparedStatement statement = db.prepareStatement("SELECT id FROM many ORDER BY v <-> ? LIMIT 30")) {
                statement.setFetchSize(7);
                for (int id = 0; id < 12; id++) {
                    statement.setObject(1, new PGvector(manyRow(id)));
                    try (ResultSet found = statement.executeQuery()) {
                        found.next();
                        same(found.getInt(1), id);
                        int count = 1;
                        while (found.next()) {
                            count++;
                        }
                        same(count, 30);
                    }
                }
            } finally {
                db.rollback();
                db.setAutoCommit(true);
            }
        });
        checks.put("errors: SQLSTATE and text", () -> {
            try {
                column(db, "INSERT INTO item (id, v) VALUES (9, ?) RETURNING id", new PGvector(new float[] {1, 2}));
            } catch (SQLException error) {
                same(error.getSQLState(), "22000");
                check(error.getMessage().equals("ERROR: expected 3 dimensions, not 2"), error.getMessage());
                return;
            }
            throw new AssertionError("no error");
        });
    }

    private static String version(String name) {
        // Jars lie beside ours under their names in the registry.
        for (String file : new java.io.File("target/lib").list()) {
            if (file.matches(name + "-[0-9][0-9.]*\\.jar")) {
                return file.substring(name.length() + 1, file.length() - 4);
            }
        }
        return "?";
    }

    public static void main(String[] arguments) throws SQLException {
        JdbcClient client = new JdbcClient();
        client.register();
        System.out.println("# client: JDBC | org.postgresql:postgresql " + version("postgresql") + ", com.pgvector:pgvector "
                + version("pgvector"));
        int number = 0;
        int failed = 0;
        for (Map.Entry<String, Body> entry : client.checks.entrySet()) {
            String verdict = "ok";
            try {
                entry.getValue().run();
            } catch (Exception | AssertionError error) {
                error.printStackTrace();
                verdict = "not ok";
                failed++;
            }
            System.out.println(verdict + " " + ++number + " - JDBC: " + entry.getKey());
        }
        System.exit(failed == 0 ? 0 : 1);
    }
}
