import ArgumentParser
import Messages

// The subcommands as Argument Parser is told of them; see OptionDeclarations.swift.

/// `latchkey` itself.
struct LatchkeyDeclaration: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latchkey",
        abstract: "Secrets from Azure Key Vault for a command's environment and files.",
        usage: "latchkey COMMAND [options]",
        discussion: """
            For example:

              latchkey run --vault contoso-web -e DB_PASSWORD=db-password -- ./server
            """,
        version: "latchkey \(Release.version)",
        subcommands: CommandName.allCases.map(\.declaration))
}

extension CommandName {
    /// The command's declaration.
    var declaration: any ParsableCommand.Type {
        switch self {
        case .run: RunDeclaration.self
        case .sync: SyncDeclaration.self
        case .sidecar: SidecarDeclaration.self
        case .check: CheckDeclaration.self
        case .list: ListDeclaration.self
        case .get: GetDeclaration.self
        case .status: StatusDeclaration.self
        case .refresh: RefreshDeclaration.self
        case .credential: CredentialDeclaration.self
        case .initialize: InitDeclaration.self
        }
    }

    fileprivate var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: rawValue, abstract: abstract.prefix(1).uppercased() + abstract.dropFirst() + ".",
            usage: "latchkey \(usage)",
            discussion: "For example:\n\n  \(example)\n\n" + note)
    }

    /// Where options can stand besides the command line.
    private var note: String {
        "Every option can also be set by an environment variable (--log-level by LATCHKEY_LOG_LEVEL), and most by a key "
            + "of ./latchkey.toml; see latchkey(1) and latchkey.toml(5)."
    }
}

private struct RunDeclaration: ParsableCommand {
    static let configuration = CommandName.run.configuration

    @OptionGroup var options: LaunchOptions
}

private struct SyncDeclaration: ParsableCommand {
    static let configuration = CommandName.sync.configuration

    @OptionGroup var options: LaunchOptions
}

private struct SidecarDeclaration: ParsableCommand {
    static let configuration = CommandName.sidecar.configuration

    @OptionGroup var options: LaunchOptions
    @Option(name: .of(.signalPID), help: .of(.signalPID), completion: .of(.signalPID)) var signalPID: String?
}

private struct CheckDeclaration: ParsableCommand {
    static let configuration = CommandName.check.configuration

    @OptionGroup var options: LaunchOptions
    @Flag(name: .of(.json), help: .of(.json)) var json = false
    @Flag(name: .of(.explain), help: .of(.explain)) var explain = false
}

private struct ListDeclaration: ParsableCommand {
    static let configuration = CommandName.list.configuration

    @OptionGroup(title: OptionSection.source.rawValue) var source: SourceOptions
    @OptionGroup(title: OptionSection.output.rawValue) var log: LogOptions
    @Flag(name: .of(.json), help: .of(.json)) var json = false
}

private struct GetDeclaration: ParsableCommand {
    static let configuration = CommandName.get.configuration

    @OptionGroup(title: OptionSection.source.rawValue) var source: SourceOptions
    @OptionGroup(title: OptionSection.output.rawValue) var log: LogOptions
    @Argument(help: ArgumentHelp("the secret, such as db-password", valueName: "REFERENCE")) var reference: String?
}

private struct StatusDeclaration: ParsableCommand {
    static let configuration = CommandName.status.configuration

    @Option(name: .of(.config), help: .of(.config), completion: .of(.config)) var config: String?
    @Option(name: .of(.instance), help: .of(.instance), completion: .of(.instance)) var instance: String?
    @OptionGroup(title: OptionSection.output.rawValue) var log: LogOptions
    @Flag(name: .of(.json), help: .of(.json)) var json = false
    @Flag(name: .of(.prometheus), help: .of(.prometheus)) var prometheus = false
}

private struct RefreshDeclaration: ParsableCommand {
    static let configuration = CommandName.refresh.configuration

    @Option(name: .of(.config), help: .of(.config), completion: .of(.config)) var config: String?
    @Option(name: .of(.instance), help: .of(.instance), completion: .of(.instance)) var instance: String?
    @Flag(name: .of(.wait), help: .of(.wait)) var wait = false
    @OptionGroup(title: OptionSection.output.rawValue) var log: LogOptions
}

private struct CredentialDeclaration: ParsableCommand {
    static let configuration = CommandName.credential.configuration

    @OptionGroup(title: OptionSection.source.rawValue) var source: SourceOptions
    @OptionGroup(title: OptionSection.output.rawValue) var log: LogOptions
}

private struct InitDeclaration: ParsableCommand {
    static let configuration = CommandName.initialize.configuration

    @OptionGroup(title: OptionSection.source.rawValue) var source: SourceOptions
    @OptionGroup(title: OptionSection.output.rawValue) var log: LogOptions
    @Option(name: .of(.output), help: .of(.output), completion: .of(.output)) var output: String?
}
