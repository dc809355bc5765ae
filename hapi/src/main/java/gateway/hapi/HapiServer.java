package gateway.hapi;

import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.match.config.SubscriptionProcessorConfig;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.context.LifecycleAutoConfiguration;
import org.springframework.boot.autoconfigure.context.PropertyPlaceholderAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration;
import org.springframework.boot.autoconfigure.web.servlet.ServletWebServerFactoryAutoConfiguration;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.annotation.Import;
import org.springframework.context.event.EventListener;

/**
 * The real HAPI FHIR JPA server for R4 in one process: FHIR at {@code /fhir}, a cheap liveness check at {@code /health}.
 *
 * <p>The auto-configurations are named one by one instead of being searched for on the class path: HAPI brings libraries
 * along (Flyway, Thymeleaf, Quartz, Elasticsearch) that Spring Boot would otherwise set up as well. HAPI's batch and
 * subscription configurations are needed even where nothing uses them, because its core beans ask for theirs.
 */
@SpringBootConfiguration
@ImportAutoConfiguration({
    PropertyPlaceholderAutoConfiguration.class,
    LifecycleAutoConfiguration.class,
    DataSourceAutoConfiguration.class,
    ServletWebServerFactoryAutoConfiguration.class,
})
@Import({
    JpaR4Config.class,
    ThreadPoolFactoryConfig.class,
    JpaBatch2Config.class,
    Batch2JobsConfig.class,
    SubscriptionChannelConfig.class,
    SubscriptionProcessorConfig.class,
    SubscriptionSubmitterConfig.class,
    StorageConfig.class,
    WebConfig.class,
})
public class HapiServer {

  private static final Logger LOG = LoggerFactory.getLogger(HapiServer.class);

  @Value("${hapi.server-address}")
  private String serverAddress;

  public static void main(String[] args) {
    LOG.info("HAPI FHIR starting");
    SpringApplication.run(HapiServer.class, args);
  }

  @EventListener
  void announce(ApplicationReadyEvent event) {
    LOG.info("HAPI FHIR ready at {} after {} ms", serverAddress, event.getTimeTaken().toMillis());
  }
}
