/// The names of environment variables: what is removed, what bulk selection may not set, what `--pristine` leaves.
package enum VariableName {
    /// Whether the variable tells who we are to Azure: removed for the child unless `--keep-identity`.
    package static func isIdentity(_ name: String) -> Bool {
        matches(name, identity)
    }

    /// Whether the variable changes how programs load or where they look for code: nothing for bulk selection to set.
    package static func isRefusedInBulk(_ name: String) -> Bool {
        matches(name, loading)
    }

    /// Whether `--pristine` leaves the variable.
    package static func isPristine(_ name: String) -> Bool {
        matches(name, pristine)
    }

    /// The variable that a secret becomes in bulk: `db-password` is `DB_PASSWORD`.
    package static func upperSnake(_ secret: String) -> String {
        secret.replacing("-", with: "_").uppercased()
    }

    /// The variable that a secret becomes in the naming of .NET: `Logging--Level` is `Logging__Level`.
    package static func dotnet(_ secret: String) -> String {
        secret.replacing("--", with: "__")
    }

    /// Whether a POSIX shell could set it: letters, digits and underscores, no digit first.
    package static func isPortable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= first) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    /// A name of the list, or one that begins with what stands before a star in it.
    private static func matches(_ name: String, _ list: List) -> Bool {
        list.names.contains(name) || list.prefixes.contains { name.utf8.starts(with: $0.utf8) }
    }

    private struct List: Sendable {
        let names: Set<String>
        let prefixes: [String]

        init(_ words: String) {
            let all = words.split(whereSeparator: \.isWhitespace)
            names = Set(all.filter { $0.last != "*" }.map(String.init))
            prefixes = all.filter { $0.last == "*" }.map { String($0.dropLast()) }
        }
    }

    private static let identity = List(
        """
        IDENTITY_ENDPOINT IDENTITY_HEADER IDENTITY_SERVER_THUMBPRINT IMDS_ENDPOINT MSI_* AZURE_CLIENT_SECRET
        AZURE_CLIENT_CERTIFICATE_* AZURE_FEDERATED_TOKEN_FILE
        """)

    // ld.so(8) with its list of what a set-user-ID program ignores; bash(1); and what each language's own manual
    // says it reads before the program.
    private static let loading = List(
        """
        LD_* GLIBC_TUNABLES GCONV_PATH GETCONF_DIR HOSTALIASES LOCALDOMAIN LOCPATH MALLOC_* NLSPATH RES_OPTIONS
        RESOLV_HOST_CONF TZDIR
        PATH HOME SHELL IFS ENV BASH_ENV BASH_FUNC_* BASHOPTS SHELLOPTS PS0 PS1 PS2 PS4 PROMPT_COMMAND CDPATH
        GLOBIGNORE ZDOTDIR FPATH EDITOR VISUAL PAGER BROWSER LESSOPEN LESSCLOSE
        PYTHONPATH PYTHONSTARTUP PYTHONHOME PYTHONUSERBASE PYTHONEXECUTABLE PYTHONPLATLIBDIR PYTHONPYCACHEPREFIX
        PYTHONINSPECT PYTHONWARNINGS PYTHONBREAKPOINT PYTHONCASEOK VIRTUAL_ENV
        PERL5OPT PERL5LIB PERL5DB PERLLIB PERLIO PERL_UNICODE
        RUBYOPT RUBYLIB RUBYSHELL GEM_HOME GEM_PATH BUNDLE_GEMFILE BUNDLE_PATH
        NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE NODE_EXTRA_CA_CERTS NODE_ENV_FILE BUN_OPTIONS DENO_*
        JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS JAVA_OPTS JAVA_HOME CLASSPATH JRE_HOME CATALINA_OPTS MAVEN_OPTS
        GRADLE_OPTS SCALA_OPTS
        DOTNET_STARTUP_HOOKS DOTNET_ADDITIONAL_DEPS DOTNET_SHARED_STORE DOTNET_ROOT DOTNET_ROOT_* DOTNET_ROOT(x86)
        DOTNET_EnableDiagnostics DOTNET_DiagnosticPorts CORECLR_* COR_* COMPlus_*
        ASPNETCORE_HOSTINGSTARTUPASSEMBLIES DOTNET_HOSTINGSTARTUPASSEMBLIES
        PHPRC PHP_INI_SCAN_DIR LUA_PATH LUA_PATH_* LUA_CPATH LUA_CPATH_* LUA_INIT LUA_INIT_* R_HOME R_LIBS R_PROFILE
        R_ENVIRON R_PROFILE_USER R_ENVIRON_USER JULIA_LOAD_PATH JULIA_DEPOT_PATH GODEBUG GOTRACEBACK
        ERL_FLAGS ERL_AFLAGS ERL_ZFLAGS ERL_LIBS ELIXIR_ERL_OPTIONS TCLLIBPATH GUILE_LOAD_PATH
        OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES SSLKEYLOGFILE GIO_EXTRA_MODULES GTK_MODULES QT_PLUGIN_PATH
        GIT_SSH GIT_SSH_COMMAND GIT_EXEC_PATH GIT_EXTERNAL_DIFF GIT_CONFIG* GIT_TEMPLATE_DIR
        SWIFT_BACKTRACE ASAN_OPTIONS LSAN_OPTIONS MSAN_OPTIONS TSAN_OPTIONS UBSAN_OPTIONS
        NOTIFY_SOCKET WATCHDOG_PID WATCHDOG_USEC LISTEN_PID LISTEN_FDS LISTEN_FDNAMES LATCHKEY_*
        """)

    // systemd.exec(5), "Environment Variables Set or Propagated by the Service Manager"; sd_notify(3); systemd.service(5).
    private static let pristine = List(
        """
        PATH HOME USER LANG LC_* TERM TZ SHELL
        LOGNAME INVOCATION_ID XDG_RUNTIME_DIR RUNTIME_DIRECTORY STATE_DIRECTORY CACHE_DIRECTORY LOGS_DIRECTORY
        CONFIGURATION_DIRECTORY CREDENTIALS_DIRECTORY MAINPID MANAGERPID MANAGERPIDFDID LISTEN_FDS LISTEN_PID
        LISTEN_PIDFDID LISTEN_FDNAMES NOTIFY_SOCKET WATCHDOG_PID WATCHDOG_USEC SYSTEMD_EXEC_PID LOG_NAMESPACE
        JOURNAL_STREAM SERVICE_RESULT EXIT_CODE EXIT_STATUS MONITOR_* PIDFILE REMOTE_ADDR REMOTE_PORT TRIGGER_*
        MEMORY_PRESSURE_WATCH MEMORY_PRESSURE_WRITE FDSTORE DEBUG_INVOCATION
        """)
}
