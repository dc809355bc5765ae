package gateway.hapi;

import ca.uhn.fhir.batch2.jobs.bulkmodify.reindex.ReindexProvider;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.provider.IJpaSystemProvider;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.narrative2.NullNarrativeGenerator;
import ca.uhn.fhir.rest.server.HardcodedServerAddressStrategy;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.RequestValidatingInterceptor;
import ca.uhn.fhir.rest.server.interceptor.ResponseHighlighterInterceptor;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import ca.uhn.fhir.validation.IInstanceValidatorModule;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.beans.factory.config.AutowireCapableBeanFactory;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The two servlets: FHIR and the health check. */
@Configuration
class WebConfig {

  @Bean
  ServletRegistrationBean<RestfulServer> fhirServlet(
      AutowireCapableBeanFactory beanFactory,
      FhirContext fhirContext,
      ResourceProviderFactory resourceProviders,
      IJpaSystemProvider systemProvider,
      ReindexProvider reindexProvider,
      IFhirSystemDao<?, ?> systemDao,
      JpaStorageSettings storageSettings,
      ISearchParamRegistry searchParamRegistry,
      IValidationSupport validationSupport,
      DatabaseBackedPagingProvider pagingProvider,
      IInstanceValidatorModule validator,
      @Value("${hapi.server-address}") String serverAddress,
      @Value("${hapi.validate-requests}") boolean validateRequests) {
    // The image writes narratives into what it returns; here a resource comes back as it was stored.
    fhirContext.setNarrativeGenerator(new NullNarrativeGenerator());

    RestfulServer server = new RestfulServer(fhirContext);
    beanFactory.autowireBean(server);
    server.registerProviders(resourceProviders.createProviders());
    server.registerProvider(systemProvider);
    server.registerProvider(reindexProvider);
    server.setServerConformanceProvider(
        new JpaCapabilityStatementProvider(server, systemDao, storageSettings, searchParamRegistry, validationSupport));
    server.setPagingProvider(pagingProvider);
    server.setDefaultPrettyPrint(true);
    // Links must not follow the Host header that a caller chose.
    server.setServerAddressStrategy(new HardcodedServerAddressStrategy(serverAddress));
    server.registerInterceptor(new ResponseHighlighterInterceptor());
    if (validateRequests) {
      server.registerInterceptor(requestValidation(validator));
    }

    ServletRegistrationBean<RestfulServer> registration = new ServletRegistrationBean<>(server, "/fhir/*");
    // At the start and not at the first request, which would wait for it.
    registration.setLoadOnStartup(1);
    return registration;
  }

  /** Answers 422 to a body that is not valid R4. Extensions nobody has defined are allowed, as R4 says. */
  private static RequestValidatingInterceptor requestValidation(IInstanceValidatorModule validator) {
    RequestValidatingInterceptor interceptor = new RequestValidatingInterceptor();
    interceptor.setValidatorModules(List.of(validator));
    interceptor.setFailOnSeverity(ResultSeverityEnum.ERROR);
    // Findings quote values from the body: they belong into the answer's body, not into a header that proxies log.
    interceptor.setAddResponseHeaderOnSeverity(null);
    return interceptor;
  }

  @Bean
  ServletRegistrationBean<HealthServlet> healthServlet(DataSource dataSource) {
    return new ServletRegistrationBean<>(new HealthServlet(dataSource), "/health");
  }
}
