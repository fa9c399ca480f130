// JDBC. Where the server or the pooler is, and the login, say PGHOST, PGPORT, PGDATABASE and PGUSER.
import java.io.IOException;
import java.io.StringReader;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;

public class JdbcClient {
    static final long USER = 1; // who has logged in with the application
    static final String MARKET = "BTC-USD";

    enum Cut { BEFORE, AFTER, NEVER }

    record Order(String status, BigDecimal filled, BigDecimal remaining, BigDecimal average, BigDecimal commission) {}

    static Connection connect() throws SQLException {
        // No prepared statement has a name: behind a pooler the next transaction may have another connection.
        String url = "jdbc:postgresql://%s:%s/%s?prepareThreshold=0".formatted(
                System.getenv("PGHOST"), System.getenv("PGPORT"), System.getenv("PGDATABASE"));
        return DriverManager.getConnection(url, System.getenv("PGUSER"), System.getenv("PGPASSWORD"));
    }

    static void run(Connection db, String sql) throws SQLException {
        try (PreparedStatement statement = db.prepareStatement(sql)) {
            statement.execute();
        }
    }

    interface Work<T> {
        T in(Connection db) throws SQLException, IOException;
    }

    /** A transaction that acts for the user: the pooler gives it one connection, to its end. */
    static <T> T acting(Connection db, Work<T> work) throws SQLException, IOException {
        db.setAutoCommit(false);
        try {
            try (PreparedStatement act = db.prepareStatement("SELECT identity.act_as(?)")) {
                act.setLong(1, USER);
                act.execute();
            }
            T answer = work.in(db);
            db.commit();
            return answer;
        } finally {
            if (!db.isClosed()) {
                db.rollback(); // of nothing, after a commit
                db.setAutoCommit(true);
            }
        }
    }

    static Order place(Connection db, String price, BigDecimal amount, String id) throws SQLException {
        // In FROM, so that the answer has columns. A BigDecimal arrives as it is; setDouble is refused (42883).
        String sql = "SELECT * FROM exchange.place_order(?, ?, 'buy', ?, ?, client_order_id => ?)";
        try (PreparedStatement call = db.prepareStatement(sql)) {
            call.setLong(1, USER);
            call.setString(2, MARKET);
            call.setBigDecimal(3, new BigDecimal(price));
            call.setBigDecimal(4, amount);
            call.setString(5, id);
            ResultSet row = call.executeQuery();
            row.next();
            return new Order(row.getString("status"), row.getBigDecimal("filled_amount"),
                    row.getBigDecimal("remaining_amount"), row.getBigDecimal("average_price"),
                    row.getBigDecimal("commission"));
        }
    }

    /** Sends the order until it is answered. The first try loses its connection before the commit, the second after it;
     * the client_order_id makes them all one order. */
    static int placeSurely(String price, BigDecimal amount, String id) throws SQLException, IOException {
        String cutNow = "SELECT pg_terminate_backend(pg_backend_pid())";
        for (int tries = 1;; tries++) {
            Cut cut = Cut.values()[tries - 1];
            try (Connection db = connect()) {
                acting(db, in -> {
                    Order order = place(in, price, amount, id);
                    if (cut == Cut.BEFORE) run(in, cutNow);
                    return order;
                });
                if (cut == Cut.AFTER) run(db, cutNow);
                return tries;
            } catch (SQLException error) {
                // The driver has a SQLSTATE of class 08 for what nobody has answered.
                if (!error.getSQLState().matches("08...|57P01|57P02")) throw error;
            }
        }
    }

    public static void main(String[] arguments) throws SQLException, IOException {
        try (Connection db = connect()) {
            BigDecimal amount = new BigDecimal("0.1").add(new BigDecimal("0.2"));
            Order order = acting(db, in -> place(in, "100.10", amount, "alice-1"));
            System.out.printf("order: %s, %s filled, %s remaining%n", order.status, order.filled, order.remaining);
            BigDecimal paid = order.filled.multiply(order.average).add(order.commission);
            System.out.printf("paid: %s USD%n", paid.setScale(8, RoundingMode.UNNECESSARY).toPlainString());

            try {
                acting(db, in -> place(in, "100.10", new BigDecimal("1000"), "alice-2"));
            } catch (PSQLException error) {
                System.out.printf("refused: %s %s%n", error.getSQLState(), error.getServerErrorMessage().getHint());
            }

            // The inbox takes anything; what is wrong with a line is told when it is carried out.
            StringBuilder lines = new StringBuilder();
            for (int n = 1; n <= 1000; n++) {
                String price = n == 1000 ? "1.001" : "1.00";
                lines.append("new,%d,%s,buy,%s,0.01,bulk-%d\n".formatted(USER, MARKET, price, n));
            }
            String copy = "COPY exchange.order_commands (action, user_id, symbol, side, price, amount, client_order_id)"
                    + " FROM STDIN CSV";
            StringReader reader = new StringReader(lines.toString());
            acting(db, in -> in.unwrap(PGConnection.class).getCopyAPI().copyIn(copy, reader));
            // It commits what it does, so it stands in no transaction.
            run(db, "CALL exchange.match_orders('" + MARKET + "')");
            System.out.println("bulk: " + acting(db, in -> line(in, """
                    SELECT format('%s placed, %s refused: %s', (SELECT count(*) FROM exchange.orders
                                   WHERE user_id = ? AND client_order_id LIKE 'bulk-%'), count(*), min(sqlstate))
                    FROM exchange.command_rejections""")));

            int tries = placeSurely("99.00", new BigDecimal("0.5"), "alice-3");
            String count = "SELECT count(*) FROM exchange.orders WHERE user_id = ? AND price = 99";
            String orders = acting(db, in -> line(in, count));
            System.out.printf("retried: %d tries, %s order%n", tries, orders);
        }
    }

    static String line(Connection db, String sql) throws SQLException {
        try (PreparedStatement statement = db.prepareStatement(sql)) {
            statement.setLong(1, USER);
            ResultSet row = statement.executeQuery();
            row.next();
            return row.getString(1);
        }
    }
}
