/// The long options, by name.
package enum OptionID: String, CaseIterable, Sendable {
    case config, vault
    case vaultSuffix = "vault-suffix"
    case identity
    case clientID = "client-id"
    case objectID = "object-id"
    case resourceID = "resource-id"
    case env
    case envFile = "env-file"
    case file, all, tag, naming
    case ifMissing = "if-missing"
    case refresh, jitter
    case onChange = "on-change"
    case signal
    case execOnChange = "exec-on-change"
    case onGone = "on-gone"
    case stopSignal = "stop-signal"
    case stopTimeout = "stop-timeout"
    case once, pristine
    case ready
    case readyTimeout = "ready-timeout"
    case listen
    case keepIdentity = "keep-identity"
    case reloadUnit = "reload-unit"
    case directory
    case allowDisk = "allow-disk"
    case user, group
    case groupSignal = "group-signal"
    case startTimeout = "start-timeout"
    case fallback
    case cache
    case maxStale = "max-stale"
    case authoritiesFile = "ca-file"
    case instance, notify
    case logFormat = "log-format"
    case logLevel = "log-level"
    case signalPID = "signal-pid"
    case json, explain, prometheus, wait, format, reveal, from, output
}

/// The kind of an option's value, independent of its source.
package enum OptionKind: Sendable, Equatable {
    case `switch`
    case text
    case path
    /// Files; repeatable, an array of strings in the configuration file.
    case paths
    case choice([String])
    /// A duration, or `off` if that is allowed.
    case duration(orOff: Bool)
    case percent
    case signal
    case words
    case user
    case group
    case vault
    case instance
    case signalTarget
    /// `NAME=…`, repeatable.
    case pair
    /// A value that may be left out, repeatable: `--all[=PREFIX]`.
    case prefix
    /// Repeatable; an array of strings in the configuration file.
    case list
}

/// A key of the configuration file: its table, nil for the top level, and its name there.
package struct ConfigurationKey: Hashable, Sendable, CustomStringConvertible {
    package let table: String?
    package let name: String

    init(_ name: String) {
        table = nil
        self.name = name
    }

    init(_ table: String?, _ name: String) {
        self.table = table
        self.name = name
    }

    /// `refresh.every`.
    package var description: String { table.map { "\($0).\(name)" } ?? name }
}

/// The headings under which help and manual list the options.
package enum OptionSection: String, CaseIterable, Sendable {
    case source = "Vault and identity"
    case delivery = "What is delivered, and where"
    case refresh = "Refresh and changes"
    case child = "The command"
    case output = "Messages and output"
}

/// One option: the single source for parsing, help, environment, configuration keys, schema and manual.
package struct OptionDefinition: Sendable {
    package let id: OptionID
    package let kind: OptionKind
    /// The value's placeholder in help: `DURATION|off`; empty for switches.
    package let placeholder: String
    package let short: Character?
    package let section: OptionSection
    package let commands: [CommandName]
    /// Its key; nil if there is none.
    package let key: ConfigurationKey?
    /// The default, in words; nil without one.
    package let defaultText: String?
    /// What it does, in one line.
    package let summary: String
    /// Whether a variable can set it too.
    let isSetting: Bool

    init(
        _ id: OptionID, _ kind: OptionKind, _ placeholder: String, short: Character? = nil,
        _ section: OptionSection, _ commands: [CommandName], key: ConfigurationKey? = nil, default: String? = nil,
        isSetting: Bool = true, _ summary: String
    ) {
        self.id = id
        self.kind = kind
        self.placeholder = placeholder
        self.short = short
        self.section = section
        self.commands = commands
        self.key = key
        defaultText = `default`
        self.isSetting = isSetting
        self.summary = summary
    }

    /// The long option's name without dashes.
    package var name: String { id.rawValue }

    /// Whether it can be given several times.
    package var isRepeatable: Bool { kind == .pair || kind == .prefix || isList }

    /// Whether its values are joined by newlines to the text of one setting.
    var isList: Bool { kind == .list || kind == .paths }

    /// The variable that sets it: `LATCHKEY_ON_CHANGE`; nil for options that repeat and for those of output.
    package var environmentName: String? {
        guard isSetting, kind != .pair, !isList else { return nil }
        return "LATCHKEY_" + String(name.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    /// The values that it accepts, if they can be listed.
    package var values: [String] {
        if case .choice(let values) = kind { values } else { [] }
    }

    /// Whether a running instance applies a new value at its next refresh. Any other option needs a restart.
    package var isAppliedByRefresh: Bool { key?.table == "refresh" }
}
