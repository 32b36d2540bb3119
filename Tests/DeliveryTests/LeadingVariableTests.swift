import LinuxSystem
import Messages
import Secrets
import Testing

@testable import Delivery

/// What bulk selection may not set, since programs are led by it.
struct LeadingVariableTests {
    private static let leading = """
        LD_PRELOAD LD_LIBRARY_PATH GLIBC_TUNABLES MALLOC_ARENA_MAX TMPDIR PATH IFS ENV BASH_ENV BASH_FUNC_ls%%
        EDITOR PAGER LESSOPEN XDG_CONFIG_HOME GIT_SSH_COMMAND GIT_ASKPASS GIT_EDITOR GIT_PAGER GIT_PROXY_COMMAND
        GIT_SSL_NO_VERIFY GIT_CONFIG_COUNT SSH_ASKPASS SUDO_ASKPASS MAKEFLAGS RSYNC_RSH DOCKER_HOST KUBECONFIG
        NODE_OPTIONS NODE_TLS_REJECT_UNAUTHORIZED NODE_EXTRA_CA_CERTS NPM_CONFIG_REGISTRY npm_config_registry
        PYTHONPATH PYTHONSTARTUP PIP_INDEX_URL UV_INDEX_URL PERL5OPT RUBYOPT BUNDLE_GEMFILE LUA_INIT R_LIBS R_LIBS_USER
        R_PROFILE_USER JULIA_LOAD_PATH ERL_AFLAGS PHPRC JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS JAVA_OPTS_APPEND CLASSPATH
        LOADER_PATH SPRING_CONFIG_LOCATION DOTNET_STARTUP_HOOKS CORECLR_PROFILER_PATH MONO_PATH
        ASPNETCORE_HOSTINGSTARTUPASSEMBLIES AspNetCore_HostingStartupAssemblies GOFLAGS RUSTC_WRAPPER CARGO_HOME
        HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY https_proxy Https_Proxy SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE
        CURL_CA_BUNDLE CURL_HOME OPENSSL_CONF SSLKEYLOGFILE GNUTLS_SYSTEM_PRIORITY_FILE KRB5_CONFIG KRB5_KTNAME SASL_PATH
        LDAPTLS_CACERT PGSSLMODE PGSYSCONFDIR LIBMYSQL_PLUGINS LIBMYSQL_PLUGIN_DIR ODBCSYSINI TNS_ADMIN
        AZURE_CLIENT_ID AZURE_AUTHORITY_HOST AZURE_CONFIG_DIR IDENTITY_ENDPOINT IDENTITY_HEADER MSI_ENDPOINT
        IMDS_ENDPOINT AWS_CA_BUNDLE GCE_METADATA_HOST CREDENTIALS_DIRECTORY NOTIFY_SOCKET LISTEN_FDS
        LATCHKEY_SECRETS LATCHKEY_VAULT
        """.split(whereSeparator: \.isWhitespace).map(String.init)

    /// Values that people keep in vaults, of families in which others lead programs.
    private static let values = """
        DB_PASSWORD Logging__Level ConnectionStrings__Default NPM_TOKEN PGPASSWORD PGUSER MYSQL_PWD RSYNC_PASSWORD
        AWS_SECRET_ACCESS_KEY GIT_TOKEN GIT_PASSWORD SSH_PRIVATE_KEY SSL_KEY_PASSWORD ODBC_CONNECTION_STRING
        LDAP_PASSWORD NUGET_API_KEY CARGO_REGISTRY_TOKEN MAVEN_PASSWORD GEM_HOST_API_KEY DOCKER_PASSWORD
        OTEL_EXPORTER_OTLP_HEADERS APPLICATIONINSIGHTS_CONNECTION_STRING SPRING_DATASOURCE_PASSWORD VAULT_TOKEN
        NODE_ENV proxy path PROXY_PASSWORD ENVIRONMENT HOMEPAGE PATHS
        """.split(whereSeparator: \.isWhitespace).map(String.init)

    private static func deliver(_ names: [(String, EnvironmentAssignment.Origin)]) throws(DeliveryError) -> Int {
        var set = SecretSet()
        let slot = set.append([0x78].span)
        let all = names.map {
            EnvironmentAssignment(name: $0, value: .secret(slot), origin: $1, location: "here", secret: "s", vault: "v")
        }
        let nothing: [UInt8] = []
        return try EnvironmentBlock(
            inherited: nothing.span, delivering: all, from: set, options: EnvironmentOptions()
        ).count
    }

    @Test(arguments: leading)
    func `a name that leads programs is refused in bulk, and allowed where it is named`(name: String) throws {
        let failure = #expect(throws: DeliveryError.self) { try Self.deliver([(name, .bulk)]) }
        #expect(failure?.diagnosis.code == .nameRefused && failure?.diagnosis.exitCode == .data)
        #expect(try Self.deliver([(name, .configuration)]) == 1)
        // Also where a selection finds it too: the hint says to name it.
        #expect(try Self.deliver([(name, .configuration), (name, .bulk)]) == 1)
    }

    @Test(arguments: values)
    func `a value of that name can be selected in bulk`(name: String) throws {
        #expect(try Self.deliver([(name, .bulk)]) == 1)
    }
}
