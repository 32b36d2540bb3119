/// Rules for the names of environment variables: which are removed, which bulk selection may not set, which
/// `--pristine` keeps.
package enum VariableName {
    /// Whether the variable belongs to our identity for Azure: the child does not get it without `--keep-identity`.
    package static func isIdentity(_ name: String) -> Bool {
        identity.matches(name)
    }

    /// Whether the variable controls programs: what they load and run, whom they trust, where they send data. Bulk
    /// selection must not set it (`LeadingVariables`).
    package static func isRefusedInBulk(_ name: String) -> Bool {
        LeadingVariables.exact.matches(name) || LeadingVariables.anyCase.matches(name.uppercased())
    }

    /// Whether `--pristine` keeps the variable.
    package static func isPristine(_ name: String) -> Bool {
        pristine.matches(name)
    }

    /// The variable's name for a secret in bulk selection: `db-password` becomes `DB_PASSWORD`.
    package static func upperSnake(_ secret: String) -> String {
        secret.replacing("-", with: "_").uppercased()
    }

    /// The variable's name for a secret in the naming of .NET: `Logging--Level` becomes `Logging__Level`.
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

    private static let identity = VariableNames(
        """
        IDENTITY_ENDPOINT IDENTITY_HEADER IDENTITY_SERVER_THUMBPRINT IMDS_ENDPOINT MSI_* AZURE_CLIENT_SECRET
        AZURE_CLIENT_CERTIFICATE_* AZURE_FEDERATED_TOKEN_FILE
        """)

    // systemd.exec(5), "Environment Variables Set or Propagated by the Service Manager"; sd_notify(3); systemd.service(5).
    private static let pristine = VariableNames(
        """
        PATH HOME USER LANG LC_* TERM TZ SHELL
        LOGNAME INVOCATION_ID XDG_RUNTIME_DIR RUNTIME_DIRECTORY STATE_DIRECTORY CACHE_DIRECTORY LOGS_DIRECTORY
        CONFIGURATION_DIRECTORY CREDENTIALS_DIRECTORY MAINPID MANAGERPID MANAGERPIDFDID LISTEN_FDS LISTEN_PID
        LISTEN_PIDFDID LISTEN_FDNAMES NOTIFY_SOCKET WATCHDOG_PID WATCHDOG_USEC SYSTEMD_EXEC_PID LOG_NAMESPACE
        JOURNAL_STREAM SERVICE_RESULT EXIT_CODE EXIT_STATUS MONITOR_* PIDFILE REMOTE_ADDR REMOTE_PORT TRIGGER_*
        MEMORY_PRESSURE_WATCH MEMORY_PRESSURE_WRITE FDSTORE DEBUG_INVOCATION
        """)
}
