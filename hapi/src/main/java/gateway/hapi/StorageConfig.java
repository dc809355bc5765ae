package gateway.hapi;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.jpa.api.IDaoRegistry;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.config.util.ResourceCountCacheUtil;
import ca.uhn.fhir.jpa.dao.search.HSearchSortHelperImpl;
import ca.uhn.fhir.jpa.dao.search.IHSearchSortHelper;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirPostgresDialect;
import ca.uhn.fhir.jpa.provider.DaoRegistryResourceSupportedSvc;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.search.IStaleSearchDeletingSvc;
import ca.uhn.fhir.jpa.search.StaleSearchDeletingSvcImpl;
import ca.uhn.fhir.jpa.subscription.match.deliver.email.IEmailSender;
import ca.uhn.fhir.jpa.util.ResourceCountCache;
import ca.uhn.fhir.rest.api.IResourceSupportedSvc;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import jakarta.persistence.EntityManagerFactory;
import java.util.Properties;
import javax.sql.DataSource;
import org.hl7.fhir.dstu2.model.Subscription.SubscriptionChannelType;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/** Database, storage and subscriptions: what HAPI's configuration classes expect the application to bring. */
@Configuration
class StorageConfig {

  /** Between two looks into the subscription queue. HAPI's default of 5 s would make every test of a delivery wait. */
  private static final long SUBSCRIPTION_POLL_MS = 200;

  /**
   * What the image {@code hapiproject/hapi} sets where it differs from the library's defaults, so that a gateway that
   * works here works there. Everything else is HAPI's default, as it is in the image: referential integrity enforced,
   * no conditional delete of many, no external references, search results reused for 60 s, at most 1,000 results with
   * {@code Cache-Control: no-store}.
   */
  @Bean
  JpaStorageSettings jpaStorageSettings() {
    JpaStorageSettings settings = new JpaStorageSettings();
    settings.setAllowContainsSearches(true);
    settings.setFilterParameterEnabled(true);
    settings.setDefaultSearchParamsCanBeOverridden(true);
    settings.setExpungeEnabled(true);
    // Unlike the image: background work that a scheduling server has no use for and that costs CPU after the start.
    settings.setEnableTaskBulkExportJobExecution(false);
    settings.setEnableTaskBulkImportJobExecution(false);
    settings.setPreExpandValueSets(false);
    settings.setEnableTaskPreExpandValueSets(false);
    return settings;
  }

  @Bean
  SubscriptionSettings subscriptionSettings() {
    SubscriptionSettings settings = new SubscriptionSettings();
    settings.addSupportedSubscriptionType(SubscriptionChannelType.RESTHOOK);
    settings.setSubscriptionIntervalInMs(SUBSCRIPTION_POLL_MS);
    return settings;
  }

  @Bean
  PartitionSettings partitionSettings() {
    return new PartitionSettings();
  }

  /** HAPI asks for a sender although the e-mail channel is not enabled. */
  @Bean
  IEmailSender emailSender() {
    return details -> {
      throw new UnsupportedOperationException("e-mail subscriptions are not enabled");
    };
  }

  @Bean
  LocalContainerEntityManagerFactoryBean entityManagerFactory(
      ConfigurableListableBeanFactory beanFactory,
      FhirContext fhirContext,
      JpaStorageSettings storageSettings,
      DataSource dataSource,
      @Value("${spring.datasource.url}") String url,
      @Value("${hapi.ddl}") String ddl) {
    LocalContainerEntityManagerFactoryBean factory =
        HapiEntityManagerFactoryUtil.newEntityManagerFactory(beanFactory, fhirContext, storageSettings);
    factory.setPersistenceUnitName("HAPI_PU");
    factory.setDataSource(dataSource);
    factory.setJpaProperties(hibernateProperties(url, ddl));
    return factory;
  }

  private static Properties hibernateProperties(String url, String ddl) {
    Properties properties = new Properties();
    properties.setProperty("hibernate.dialect", dialectFor(url).getName());
    properties.setProperty("hibernate.hbm2ddl.auto", ddl);
    // Off, or HAPI looks for a Lucene index directory.
    properties.setProperty("hibernate.search.enabled", "false");
    return properties;
  }

  private static Class<?> dialectFor(String url) {
    if (url.startsWith("jdbc:postgresql:")) {
      return HapiFhirPostgresDialect.class;
    }
    if (url.startsWith("jdbc:h2:")) {
      return HapiFhirH2Dialect.class;
    }
    // Without the URL itself: it may carry a password.
    throw new IllegalArgumentException("SPRING_DATASOURCE_URL must start with jdbc:h2: or jdbc:postgresql:");
  }

  @Bean
  JpaTransactionManager transactionManager(EntityManagerFactory entityManagerFactory) {
    return new JpaTransactionManager(entityManagerFactory);
  }

  /** Default page of 20 as in the image; a larger {@code _count} is cut to 500. */
  @Bean
  DatabaseBackedPagingProvider pagingProvider() {
    DatabaseBackedPagingProvider provider = new DatabaseBackedPagingProvider();
    provider.setDefaultPageSize(20);
    provider.setMaximumPageSize(500);
    return provider;
  }

  @Bean
  IStaleSearchDeletingSvc staleSearchDeletingSvc() {
    return new StaleSearchDeletingSvcImpl();
  }

  @Bean
  IHSearchSortHelper searchSortHelper(ISearchParamRegistry searchParamRegistry) {
    return new HSearchSortHelperImpl(searchParamRegistry);
  }

  @Bean
  IResourceSupportedSvc resourceSupportedSvc(IDaoRegistry daoRegistry) {
    return new DaoRegistryResourceSupportedSvc(daoRegistry);
  }

  /** The name matters: HAPI looks the bean up by it, and without it each {@code /metadata} counts every resource type. */
  @Bean("myResourceCountsCache")
  ResourceCountCache resourceCountsCache(IFhirSystemDao<?, ?> systemDao) {
    return ResourceCountCacheUtil.newResourceCountCache(systemDao);
  }
}
