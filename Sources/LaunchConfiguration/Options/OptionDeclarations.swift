import ArgumentParser

// The options as Argument Parser is told of them, for help, completions and `--experimental-dump-help`. Names and texts
// come from the table; a test holds the two together, option by option and command by command.

/// Vault and identity.
struct SourceOptions: ParsableArguments {
    @Option(name: .of(.config), help: .of(.config), completion: .of(.config)) var config: String?
    @Option(name: .of(.vault), help: .of(.vault), completion: .of(.vault)) var vault: String?
    @Option(name: .of(.identity), help: .of(.identity), completion: .of(.identity)) var identity: String?
    @Option(name: .of(.clientID), help: .of(.clientID), completion: .of(.clientID)) var clientID: String?
    @Option(name: .of(.objectID), help: .of(.objectID), completion: .of(.objectID)) var objectID: String?
    @Option(name: .of(.resourceID), help: .of(.resourceID), completion: .of(.resourceID)) var resourceID: String?
    @Option(name: .of(.authoritiesFile), help: .of(.authoritiesFile), completion: .of(.authoritiesFile))
    var authoritiesFile: String?
}

/// How a start waits for the vault, or goes without.
struct WaitingOptions: ParsableArguments {
    @Option(name: .of(.startTimeout), help: .of(.startTimeout), completion: .of(.startTimeout)) var startTimeout:
        String?
    @Option(name: .of(.cache), help: .of(.cache), completion: .of(.cache)) var cache: String?
    @Option(name: .of(.maxStale), help: .of(.maxStale), completion: .of(.maxStale)) var maxStale: String?
}

/// What is delivered, and where.
struct DeliveryOptions: ParsableArguments {
    @Option(name: .of(.env), help: .of(.env)) var env: [String] = []
    @Option(name: .of(.file), help: .of(.file)) var file: [String] = []
    @Option(name: .of(.all), help: .of(.all)) var all: [String] = []
    @Option(name: .of(.tag), help: .of(.tag)) var tag: [String] = []
    @Option(name: .of(.naming), help: .of(.naming), completion: .of(.naming)) var naming: String?
    @Option(name: .of(.ifMissing), help: .of(.ifMissing), completion: .of(.ifMissing)) var ifMissing: String?
    @Option(name: .of(.directory), help: .of(.directory), completion: .of(.directory)) var directory: String?
    @Flag(name: .of(.allowDisk), help: .of(.allowDisk)) var allowDisk = false
    @Option(name: .of(.group), help: .of(.group), completion: .of(.group)) var group: String?
    @Option(name: .of(.instance), help: .of(.instance), completion: .of(.instance)) var instance: String?
}

/// Refresh and changes.
struct RefreshOptions: ParsableArguments {
    @Option(name: .of(.refresh), help: .of(.refresh), completion: .of(.refresh)) var refresh: String?
    @Option(name: .of(.jitter), help: .of(.jitter), completion: .of(.jitter)) var jitter: String?
    @Option(name: .of(.onChange), help: .of(.onChange), completion: .of(.onChange)) var onChange: String?
    @Option(name: .of(.signal), help: .of(.signal), completion: .of(.signal)) var signal: String?
    @Option(name: .of(.execOnChange), help: .of(.execOnChange), completion: .of(.execOnChange)) var execOnChange:
        String?
    @Option(name: .of(.onGone), help: .of(.onGone), completion: .of(.onGone)) var onGone: String?
}

/// The command.
struct ChildOptions: ParsableArguments {
    @Flag(name: .of(.once), help: .of(.once)) var once = false
    @Option(name: .of(.user), help: .of(.user), completion: .of(.user)) var user: String?
    @Option(name: .of(.stopSignal), help: .of(.stopSignal), completion: .of(.stopSignal)) var stopSignal: String?
    @Option(name: .of(.stopTimeout), help: .of(.stopTimeout), completion: .of(.stopTimeout)) var stopTimeout: String?
    @Flag(name: .of(.groupSignal), help: .of(.groupSignal)) var groupSignal = false
    @Flag(name: .of(.pristine), help: .of(.pristine)) var pristine = false
    @Flag(name: .of(.keepIdentity), help: .of(.keepIdentity)) var keepIdentity = false
    @Option(name: .of(.notify), help: .of(.notify), completion: .of(.notify)) var notify: String?
}

/// Messages.
struct LogOptions: ParsableArguments {
    @Option(name: .of(.logFormat), help: .of(.logFormat), completion: .of(.logFormat)) var logFormat: String?
    @Option(name: .of(.logLevel), help: .of(.logLevel), completion: .of(.logLevel)) var logLevel: String?
}

/// What `run`, `sync`, `sidecar` and `check` have in common.
struct LaunchOptions: ParsableArguments {
    @OptionGroup(title: OptionSection.source.rawValue) var source: SourceOptions
    @OptionGroup(title: OptionSection.source.rawValue) var waiting: WaitingOptions
    @OptionGroup(title: OptionSection.delivery.rawValue) var delivery: DeliveryOptions
    @OptionGroup(title: OptionSection.refresh.rawValue) var refresh: RefreshOptions
    @OptionGroup(title: OptionSection.child.rawValue) var child: ChildOptions
    @OptionGroup(title: OptionSection.output.rawValue) var log: LogOptions
}
