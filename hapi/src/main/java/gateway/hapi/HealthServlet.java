package gateway.hapi;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;

/**
 * 200 when the database answers, 503 when it does not. Far cheaper to poll than {@code /fhir/metadata} (1.5 MB), and it
 * goes through the same connection pool as every request.
 */
class HealthServlet extends HttpServlet {

  private static final int PING_TIMEOUT_SECONDS = 2;

  private final transient DataSource dataSource;

  /** One thread: the pool lets a caller wait 30 s for a connection, and waiting checks must not pile up. */
  private final transient ExecutorService pings =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "health-ping");
            thread.setDaemon(true);
            return thread;
          });

  HealthServlet(DataSource dataSource) {
    this.dataSource = dataSource;
  }

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
    boolean up = databaseAnswers();
    response.setStatus(up ? HttpServletResponse.SC_OK : HttpServletResponse.SC_SERVICE_UNAVAILABLE);
    response.setContentType("application/json");
    response.setHeader("Cache-Control", "no-store");
    response.getWriter().write(up ? "{\"status\":\"up\"}" : "{\"status\":\"down\"}");
  }

  private boolean databaseAnswers() {
    Future<Boolean> ping = pings.submit(this::ping);
    try {
      return ping.get(PING_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      ping.cancel(true);
    }
  }

  private boolean ping() throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      return connection.isValid(PING_TIMEOUT_SECONDS);
    }
  }

  @Override
  public void destroy() {
    pings.shutdownNow();
  }
}
