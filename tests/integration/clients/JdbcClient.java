import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * Asks by JDBC: the questions are in variables of the environment, and so is the address, as libpq has it. Each answer
 * is a line: the name of the question, and the cells. The driver sets the session's time zone to that of the JVM.
 */
public class JdbcClient {
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    public static void main(String[] arguments) throws Exception {
        Map<String, String> environment = System.getenv();
        String place = environment.get("PGHOST") + ":" + environment.get("PGPORT") + "/" + environment.get("PGDATABASE");
        Properties login = new Properties();
        login.put("user", environment.get("PGUSER"));
        login.put("password", environment.get("PGPASSWORD"));
        try (Connection session = DriverManager.getConnection("jdbc:postgresql://" + place, login)) {
            long customer = Long.parseLong(environment.get("CUSTOMER"));
            LocalDate day = LocalDate.parse(environment.get("AS_OF_DATE"));
            print(session, "list", customer);
            print(session, "join", customer);
            print(session, "plan", day);
            print(session, "times", null);
        }
    }

    private static void print(Connection session, String name, Object parameter) throws Exception {
        try (PreparedStatement statement = session.prepareStatement(System.getenv("QUERY_" + name.toUpperCase()))) {
            if (parameter != null) {
                statement.setObject(1, parameter);
            }
            ResultSet rows = statement.executeQuery();
            int columns = rows.getMetaData().getColumnCount();
            while (rows.next()) {
                List<String> cells = new ArrayList<>(List.of(name));
                for (int number = 1; number <= columns; number++) {
                    boolean isTime = rows.getMetaData().getColumnTypeName(number).equals("timestamptz");
                    cells.add(isTime ? rows.getObject(number, OffsetDateTime.class).toString() : rows.getString(number));
                }
                OUT.println(String.join("\t", cells));
            }
        }
    }
}
