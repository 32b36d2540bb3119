import Glibc
package import LinuxSystem
package import Messages
package import Secrets
package import WorkerProtocol

/// What a command was asked to do: options, environment and file in one immutable value.
package struct LaunchPlan: Sendable, Equatable {
    package var identity = IdentityOptions()
    package var vault: VaultAddress?
    package var vaultSuffix = VaultSuffix.publicCloud
    /// Where the suffix was chosen; nil for the default.
    package var vaultSuffixLocation: SourceLocation?
    /// Every variable and file: variables of environment files and inherited ones (`run` and `check`) whose value is a
    /// reference, then the configured ones in the order they were given, the file's first. A configured variable replaces
    /// an inherited one.
    package var items: [DeliveryItem] = []
    /// Variables of environment files with a value of their own; no item has their names.
    package var literals: [LiteralVariable] = []
    /// What the environment files hold, for `check`.
    package var environmentFiles: [String] = []
    package var selections: [BulkSelection] = []
    /// The vaults that stand in for a vault, in order.
    package var fallbacks: [VaultAddress: [VaultAddress]] = [:]
    package var ifMissing = MissingPolicy.error
    package var refresh = RefreshPlan()
    package var child = ChildPlan()
    package var delivery = DeliveryPlan()
    package var startTimeout = Duration.seconds(90)
    package var authoritiesFile: String?
    /// `--instance`; nil for the default.
    package var instance: String?
    /// The instance's name without `--instance`: the command's base name, or the subcommand's.
    package var defaultInstance = "latchkey"
    package var notify = NotifyMode.launcher
    package var log = LogPlan()
    /// `sidecar --signal-pid`.
    package var signalTarget: SignalTarget?
    /// The configuration file that was read, absolute; nil without one.
    package var configurationPath: String?
    /// `[credentials."UNIT"]` of the configuration: unit, then credential name, then reference.
    package var credentials: [String: [String: VaultReference]] = [:]
    /// Warnings to log once.
    package var notices: [Message] = []
    /// The settings for the next parsing at a refresh, so that it changes only what a refresh may change.
    package var startup = StartupSettings()
    /// Keys that have changed since the start and need a restart to be applied.
    package var restartKeys: [String] = []

    package init() {}

    /// Reads references as the command line and the file have them.
    package var references: ReferenceParser { ReferenceParser(defaultVault: vault, suffix: vaultSuffix) }
}

/// The source of an entry: `-e DB_PASSWORD=…`, `latchkey.toml:12:1`, `the environment variable DB_PASSWORD`.
package struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

package enum BulkTarget: String, Sendable, CaseIterable {
    case environment = "env"
    case files
}

package struct BulkSelection: Sendable, Equatable {
    package var vault: VaultAddress
    package var prefix: String
    package var tags: [String: String]
    package var target: BulkTarget
    package var naming: NamingStyle
    package var location: SourceLocation

    package init(
        vault: VaultAddress, prefix: String, tags: [String: String] = [:], target: BulkTarget = .environment,
        naming: NamingStyle = .upperSnake, location: SourceLocation
    ) {
        self.vault = vault
        self.prefix = prefix
        self.tags = tags
        self.target = target
        self.naming = naming
        self.location = location
    }
}

/// What a start without identity or vault may use.
package enum CacheMode: String, Sendable, CaseIterable {
    /// The last delivered set, in memory; `sealed`: over a reboot, too.
    case memory, sealed, off
}

package enum GoneAction: String, Sendable, CaseIterable {
    case keep, stop
}

package struct RefreshPlan: Sendable, Equatable {
    /// nil: off, only on request.
    package var interval: Duration? = .seconds(300)
    /// Percent.
    package var jitter = 10
    package var onChange = ChangeAction.unset
    package var onGone = GoneAction.keep
    package var cache = CacheMode.off
    package var maxStale = Duration.seconds(86_400)

    package init() {}
}

/// `--user`, resolved by the name service.
package struct RunAs: Sendable, Equatable {
    package var identity: UserIdentity
    package var userName: String
    /// nil where the machine does not know the user.
    package var home: String?
    package var shell: String?

    package init(identity: UserIdentity, userName: String, home: String? = nil, shell: String? = nil) {
        self.identity = identity
        self.userName = userName
        self.home = home
        self.shell = shell
    }

    /// What the user's programs expect in their environment (systemd.exec(5), `User=`).
    package var variables: [(name: String, value: String)] {
        [("HOME", home), ("LOGNAME", userName), ("SHELL", shell), ("USER", userName)].compactMap { (name, value) in
            value.map { (name, $0) }
        }
    }
}

package struct ChildPlan: Sendable, Equatable {
    /// The index of COMMAND among all arguments (argv[0] is `latchkey`, argv[1] the subcommand); nil without a command.
    package var commandIndex: Int?
    package var once = false
    package var stopSignal: CInt = SIGTERM
    package var stopTimeout = Duration.seconds(25)
    /// When a second child takes the first one's place.
    package var ready = Readiness.after(milliseconds: 2000)
    package var readyTimeout = Duration.seconds(60)
    /// The sockets that every child gets.
    package var listen: [ListenAddress] = []
    package var groupSignal = false
    package var runAs: RunAs?
    package var pristine = false
    package var keepIdentity = false

    package init() {}
}

package struct DeliveryPlan: Sendable, Equatable {
    /// `--directory`: the secrets directory itself; nil for the default search.
    package var directory: String?
    package var allowDisk = false
    /// `--group`, resolved.
    package var group: UInt32?

    package init() {}
}

package enum NotifyMode: String, Sendable, CaseIterable {
    case launcher, child
}

package struct LogPlan: Sendable, Equatable {
    /// nil: auto.
    package var format: MessageFormat?
    package var level = Severity.info

    package init() {}
}
