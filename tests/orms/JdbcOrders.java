// JDBC: the ways in which a driver calls a function that answers with a row.
import java.math.BigDecimal;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;

public class JdbcOrders {
    /** The arguments that every call has, from this place on. */
    static void give(PreparedStatement call, int first) throws SQLException {
        call.setLong(first, Long.parseLong(System.getenv("ORM_USER_ID")));
        call.setString(first + 1, "ORM-USD");
        call.setString(first + 2, "buy");
        call.setBigDecimal(first + 3, BigDecimal.TEN);
        call.setBigDecimal(first + 4, BigDecimal.ONE);
    }

    static long orders(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM exchange.orders")) {
            row.next();
            return row.getLong(1);
        }
    }

    public static void main(String[] arguments) throws SQLException {
        String url = "jdbc:postgresql://" + System.getenv("ORM_ADDRESS") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE");
        try (Connection connection = DriverManager.getConnection(url, System.getenv("ORM_TRADER"), "")) {
            // A row is read as a row.
            try (PreparedStatement call = connection.prepareStatement("SELECT * FROM exchange.place_order(?, ?, ?, ?, ?)")) {
                give(call, 1);
                ResultSet row = call.executeQuery();
                row.next();
                System.out.println("order " + row.getString("status") + " " + row.getBigDecimal("filled_amount"));
            }
            try (CallableStatement call = connection.prepareCall("{call exchange.place_order(?, ?, ?, ?, ?)}")) {
                give(call, 1);
                call.execute();
                ResultSet row = call.getResultSet();
                row.next();
                System.out.println("order " + row.getString("status") + " " + row.getBigDecimal("filled_amount"));
            }
            // Or as one parameter for each of its columns: the first before the call, the others behind its arguments.
            String seven = "{? = call exchange.place_order(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)}";
            try (CallableStatement call = connection.prepareCall(seven)) {
                int[] types = {Types.BIGINT, Types.VARCHAR, Types.NUMERIC, Types.NUMERIC, Types.NUMERIC, Types.NUMERIC, Types.VARCHAR};
                for (int column = 0; column < types.length; column++) {
                    call.registerOutParameter(column == 0 ? 1 : 6 + column, types[column]);
                }
                give(call, 2);
                call.execute();
                System.out.println("order " + call.getString(7) + " " + call.getBigDecimal(8));
            }
            // One parameter for seven columns: the driver raises when the server has answered. What it has not committed
            // can be taken back.
            connection.setAutoCommit(false);
            long before = orders(connection);
            try (CallableStatement call = connection.prepareCall("{? = call exchange.place_order(?, ?, ?, ?, ?)}")) {
                call.registerOutParameter(1, Types.OTHER);
                give(call, 2);
                call.execute();
                throw new AssertionError("the driver has changed: a row fits one parameter");
            } catch (SQLException refused) {
                connection.rollback();
            }
            if (orders(connection) != before) {
                throw new AssertionError("the order stands");
            }
        }
    }
}
