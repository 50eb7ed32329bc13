import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** A HikariCP pool with its own defaults: `healthy` uses it lightly, `leak` takes all it has and gives nothing back. */
public class HikariClients {
  private static final List<Connection> KEPT = new ArrayList<>();

  public static void main(String[] args) throws Exception {
    String kind = args[0];
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(args[1]);
    config.setUsername(args[2]);
    config.setPassword(System.getenv("PACE_PASSWORD"));
    config.setMaximumPoolSize(Integer.parseInt(args[3]));
    config.addDataSourceProperty("ApplicationName", args[4]);
    config.setInitializationFailTimeout(-1);
    HikariDataSource pool = new HikariDataSource(config);
    int threads = kind.equals("leak") ? 1 : 2;
    for (int thread = 0; thread < threads; thread++) new Thread(() -> work(pool, kind)).start();
  }

  private static void work(HikariDataSource pool, String kind) {
    while (true) {
      try {
        Connection connection = pool.getConnection();
        try (Statement statement = connection.createStatement()) {
          statement.execute("SELECT COUNT(*) FROM orders");
          System.out.println("worked");
        }
        if (kind.equals("leak")) KEPT.add(connection);
        else connection.close();
        Thread.sleep(400);
      } catch (SQLException error) {
        System.out.println("refused");
      } catch (InterruptedException error) {
        return;
      }
    }
  }
}
